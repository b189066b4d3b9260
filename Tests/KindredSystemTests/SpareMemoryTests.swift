import Glibc
import KindredSystem
import Testing

/// The pages of ended regions are reused by later regions.
@Suite struct SpareMemoryTests {
    private static let byteCount = 3 << 20

    /// Whether all bytes have one value. Compares memory with itself, one byte shifted: a loop over megabytes takes too
    /// long in debug.
    private static func isFilled(_ bytes: Slice<UnsafeRawBufferPointer>, with byte: UInt8) -> Bool {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return true }
        return bytes[0] == byte && memcmp(start, start + 1, bytes.count - 1) == 0
    }

    private static func isFilled(_ bytes: Slice<UnsafeMutableRawBufferPointer>, with byte: UInt8) -> Bool {
        isFilled(UnsafeRawBufferPointer(UnsafeMutableRawBufferPointer(rebasing: bytes))[...], with: byte)
    }

    /// Makes a region, fills it with one byte, and ends it.
    private func use(_ spare: SpareMemory, byteCount: Int, filledWith byte: UInt8) throws {
        let region = try MemoryRegion(uninitialised: byteCount, from: spare)
        region.withMutableBytes { _ = $0.initializeMemory(as: UInt8.self, repeating: byte) }
    }

    /// The same size, less, down to half, and more, up to the piece's capacity.
    @Test(arguments: [byteCount, byteCount - 1, byteCount * 3 / 4, byteCount / 2, byteCount * 9 / 8, 4 << 20])
    func pagesAreReused(wanted: Int) throws {
        let spare = SpareMemory()
        try use(spare, byteCount: Self.byteCount, filledWith: 7)
        #expect(spare.byteCount == Self.byteCount)
        let region = try MemoryRegion(uninitialised: wanted, from: spare)
        #expect(spare.byteCount == 0)
        #expect(region.newBytes == min(Self.byteCount, wanted)..<wanted)
        #expect(region.byteCount == wanted)
        // The content of the reused pages stays; new pages are zero.
        region.withMutableBytes { bytes in
            #expect(Self.isFilled(bytes.prefix(Self.byteCount), with: 7))
            #expect(Self.isFilled(bytes[region.newBytes], with: 0))
            bytes.initializeMemory(as: UInt8.self, repeating: 8)
            #expect(Self.isFilled(bytes[...], with: 8))
        }
    }

    /// A piece that shrinks and grows again has new pages where pages went back to the system.
    @Test func pagesThatWereCutOffAreNew() throws {
        let spare = SpareMemory()
        let large = 16 << 20
        try use(spare, byteCount: large, filledWith: 7)
        try use(spare, byteCount: large / 2, filledWith: 8)
        #expect(spare.byteCount == large / 2)
        let region = try MemoryRegion(uninitialised: large, from: spare)
        #expect(region.newBytes == large / 2..<large)
        region.withBytes { bytes in
            #expect(Self.isFilled(bytes[..<(large / 2)], with: 8))
            #expect(Self.isFilled(bytes[region.newBytes], with: 0))
        }
    }

    /// Less than half, and more than the capacity.
    @Test(arguments: [byteCount / 2 - 1, 4 << 20 + 1])
    func piecesOfAnotherSizeAreNotTaken(wanted: Int) throws {
        let spare = SpareMemory()
        try use(spare, byteCount: Self.byteCount, filledWith: 7)
        let region = try MemoryRegion(uninitialised: wanted, from: spare)
        #expect(region.newBytes == 0..<wanted)
        #expect(region.withBytes { Self.isFilled($0[...], with: 0) })
        #expect(spare.byteCount == Self.byteCount)
    }

    @Test func theNearestInSizeIsTaken() throws {
        let spare = SpareMemory()
        do {
            // All regions exist at the same time, so none reuses the pages of another.
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

    @Test func givingBackEmptiesTheCache() throws {
        let spare = SpareMemory()
        try use(spare, byteCount: Self.byteCount, filledWith: 7)
        spare.giveBack()
        #expect(spare.byteCount == 0)
        let region = try MemoryRegion(uninitialised: Self.byteCount, from: spare)
        #expect(region.newBytes == 0..<Self.byteCount)
    }
}
