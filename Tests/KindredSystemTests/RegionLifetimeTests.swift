import KindredSystem
import Testing

/// The memory of a region lives as long as anything that can read it.
///
/// Pages of a region that has ended go to a `SpareMemory`, so its byte count tells whether the region still lives.
@Suite struct RegionLifetimeTests {
    private static let count = 1 << 18
    private static let byteCount = count * MemoryLayout<UInt32>.stride

    /// A region with the numbers `0 ..< count`.
    private func numbers(from spare: SpareMemory) throws -> MemoryRegion {
        let region = try MemoryRegion(uninitialised: Self.byteCount, from: spare)
        region.withMutableElements(of: UInt32.self) { numbers in
            for index in numbers.indices { numbers[index] = UInt32(index) }
        }
        return region
    }

    @Test func columnKeepsItsRegion() throws {
        let spare = SpareMemory()
        var region: MemoryRegion? = try numbers(from: spare)
        var column: RegionColumn<UInt32>? = RegionColumn(region!, bytes: 400..<Self.byteCount)
        region = nil
        var copy = column
        column = nil
        #expect(spare.byteCount == 0)
        #expect(copy?.count == Self.count - 100 && copy?[0] == 100)
        copy = nil
        #expect(spare.byteCount == Self.byteCount)
    }

    @Test func columnLivesUntilItsScopedCallReturns() throws {
        let spare = SpareMemory()
        var column: RegionColumn<UInt32>? = RegionColumn(try numbers(from: spare))
        let isUnchanged = column!.withElements { numbers in
            column = nil
            #expect(spare.byteCount == 0)
            return numbers.enumerated().allSatisfy { $0 == $1 }
        }
        #expect(isUnchanged && spare.byteCount == Self.byteCount)
    }

    @Test func regionLivesUntilItsScopedCallReturns() throws {
        let spare = SpareMemory()
        for isForWriting in [false, true] {
            spare.giveBack()
            var region: MemoryRegion? = try numbers(from: spare)
            func use(_ bytes: UnsafeRawBufferPointer) -> Bool {
                region = nil
                #expect(spare.byteCount == 0)
                return bytes.bindMemory(to: UInt32.self).enumerated().allSatisfy { $0 == $1 }
            }
            let isUnchanged =
                isForWriting
                ? region!.withMutableBytes { use(UnsafeRawBufferPointer($0)) } : region!.withBytes(use)
            #expect(isUnchanged && spare.byteCount == Self.byteCount)
        }
    }

    @Test func columnWithoutElements() throws {
        let spare = SpareMemory()
        for column in [RegionColumn<Double>(), RegionColumn(try MemoryRegion(uninitialised: 0, from: spare))]
        {
            #expect(column.count == 0)
            #expect(column.withElements { $0.isEmpty } && column.withBytes { $0.isEmpty })
        }
    }

    @Test func copyOfARange() throws {
        let region = try numbers(from: SpareMemory())
        let copy = RegionColumn<UInt32>(try MemoryRegion.copy(of: region, bytes: 40..<80, for: "numbers"))
        #expect(copy.withElements { Array($0) } == Array(10..<20))
    }
}
