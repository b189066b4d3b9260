import KindredSystem
import Testing

/// Pages of regions that are gone, in the regions that follow.
@Suite struct SpareMemoryTests {
    private static let byteCount = 3 << 20

    /// A region that is gone, its bytes all the same.
    private func use(_ spare: SpareMemory, byteCount: Int, filledWith byte: UInt8) throws {
        let region = try MemoryRegion(uninitialised: byteCount, from: spare)
        region.withMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: byte) }
    }

    /// The same size, less, down to half, and as much more as there is room for.
    @Test(arguments: [byteCount, byteCount - 1, byteCount * 3 / 4, byteCount / 2, byteCount * 9 / 8, 4 << 20])
    func pagesAreUsedAgain(wanted: Int) throws {
        let spare = SpareMemory()
        try use(spare, byteCount: Self.byteCount, filledWith: 7)
        #expect(spare.byteCount == Self.byteCount)
        let region = try MemoryRegion(uninitialised: wanted, from: spare)
        #expect(spare.byteCount == 0)
        #expect(region.newBytes == min(Self.byteCount, wanted)..<wanted)
        #expect(region.byteCount == wanted)
        // What was there is there, and the rest can be written.
        region.withMutableBytes { bytes in
            #expect(bytes.prefix(Self.byteCount).allSatisfy { $0 == 7 })
            #expect(bytes[region.newBytes].allSatisfy { $0 == 0 })
            bytes.initializeMemory(as: UInt8.self, repeating: 8)
            #expect(bytes.allSatisfy { $0 == 8 })
        }
    }

    /// A piece that shrinks and grows again has the content of neither where it was given back.
    @Test func whatIsCutOffIsNew() throws {
        let spare = SpareMemory()
        let large = 16 << 20
        try use(spare, byteCount: large, filledWith: 7)
        try use(spare, byteCount: large / 2, filledWith: 8)
        #expect(spare.byteCount == large / 2)
        let region = try MemoryRegion(uninitialised: large, from: spare)
        #expect(region.newBytes == large / 2..<large)
        region.withBytes { bytes in
            #expect(bytes[..<(large / 2)].allSatisfy { $0 == 8 })
            #expect(bytes[region.newBytes].allSatisfy { $0 == 0 })
        }
    }

    /// Less than half, and more than there is room for.
    @Test(arguments: [byteCount / 2 - 1, 4 << 20 + 1])
    func pagesOfAnotherSizeAreLeft(wanted: Int) throws {
        let spare = SpareMemory()
        try use(spare, byteCount: Self.byteCount, filledWith: 7)
        let region = try MemoryRegion(uninitialised: wanted, from: spare)
        #expect(region.newBytes == 0..<wanted)
        #expect(region.withBytes { $0.allSatisfy { $0 == 0 } })
        #expect(spare.byteCount == Self.byteCount)
    }

    @Test func theNearestInSizeIsTaken() throws {
        let spare = SpareMemory()
        do {
            // All are held until the last one is made, so none is made of another's pages.
            let regions = try [8, 3, 5, 4].map { size in
                let region = try MemoryRegion(uninitialised: size << 20, from: spare)
                region.withMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: UInt8(size)) }
                return region
            }
            #expect(regions.count == 4)
        }
        #expect(spare.byteCount == 20 << 20)
        let regions = try [4, 5, 7, 3].map { try MemoryRegion(uninitialised: $0 << 20, from: spare) }
        #expect(spare.byteCount == 0)
        #expect(regions.map { $0.withBytes { $0[0] } } == [4, 5, 8, 3])
    }

    @Test func smallRegionsAreNotKept() throws {
        let spare = SpareMemory()
        try use(spare, byteCount: 0, filledWith: 7)
        try use(spare, byteCount: 4_096, filledWith: 7)
        #expect(spare.byteCount == 0)
    }

    @Test func whatIsGivenBackIsGone() throws {
        let spare = SpareMemory()
        try use(spare, byteCount: Self.byteCount, filledWith: 7)
        spare.giveBack()
        #expect(spare.byteCount == 0)
        let region = try MemoryRegion(uninitialised: Self.byteCount, from: spare)
        #expect(region.newBytes == 0..<Self.byteCount)
    }
}
