import KindredKernels
import Testing

/// Pages of regions that are gone, in the regions that follow.
@Suite struct SpareMemoryTests {
    private static let byteCount = 3 << 20

    /// A region that is gone, its bytes all the same.
    private func use(_ spare: SpareMemory, byteCount: Int, filledWith byte: UInt8) throws {
        let region = try MemoryRegion(uninitialised: byteCount, from: spare)
        region.mutableBytes.initializeMemory(as: UInt8.self, repeating: byte)
        withExtendedLifetime(region) {}
    }

    @Test(arguments: [byteCount, byteCount - 1, byteCount * 3 / 4, byteCount / 2 + 1, byteCount * 3 / 2])
    func pagesAreUsedAgain(wanted: Int) throws {
        let spare = SpareMemory()
        try use(spare, byteCount: Self.byteCount, filledWith: 7)
        #expect(spare.byteCount == Self.byteCount)
        let region = try MemoryRegion(uninitialised: wanted, from: spare)
        #expect(spare.byteCount == 0)
        #expect(!region.isNew)
        #expect(region.byteCount == wanted)
        // What was there is there, and the rest can be written.
        #expect(region.bytes.prefix(Self.byteCount).allSatisfy { $0 == 7 })
        region.mutableBytes.initializeMemory(as: UInt8.self, repeating: 8)
        #expect(region.bytes.allSatisfy { $0 == 8 })
    }

    @Test(arguments: [byteCount / 2 - 2, 2 * byteCount + 2])
    func pagesOfAnotherSizeAreLeft(wanted: Int) throws {
        let spare = SpareMemory()
        try use(spare, byteCount: Self.byteCount, filledWith: 7)
        let region = try MemoryRegion(uninitialised: wanted, from: spare)
        #expect(region.isNew)
        #expect(region.bytes.allSatisfy { $0 == 0 })
        #expect(spare.byteCount == Self.byteCount)
    }

    @Test func theNearestInSizeIsTaken() throws {
        let spare = SpareMemory()
        do {
            let regions = try [8, 3, 5, 4].map {
                let region = try MemoryRegion(uninitialised: $0 << 20, from: spare)
                region.mutableBytes.initializeMemory(as: UInt8.self, repeating: UInt8($0))
                return region
            }
            withExtendedLifetime(regions) {}
        }
        #expect(spare.byteCount == 20 << 20)
        let regions = try [4, 4, 6, 6].map { try MemoryRegion(uninitialised: $0 << 20, from: spare) }
        #expect(regions.prefix(3).map { $0.bytes[0] } == [4, 3, 5])
        #expect(regions.map(\.isNew) == [false, false, false, false])
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
        #expect(try MemoryRegion(uninitialised: Self.byteCount, from: spare).isNew)
    }
}
