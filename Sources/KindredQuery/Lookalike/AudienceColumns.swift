import KindredDomain
import KindredModel
import KindredSystem

/// The scores of an audience and, where they are numbers, its ids: made of sorted keys, in units that any thread may
/// take. Most ids are in no cache, so that looking them up takes longer than anything else about a large audience.
final class AudienceColumns: AudienceWork, @unchecked Sendable {
    let scores: MemoryRegion
    /// UInt64 each; nil where ids are texts.
    let numbers: MemoryRegion?
    private let keys: AudienceSort
    private let count: Int
    private let table: IDTable
    private let units: UnitCursor

    /// Keys of one unit: some tens of microseconds. At most as many as `ScanScratch.survivorsMax`.
    private static let keysPerUnit = 1_024

    /// The first `count` of the sorted keys. Numbers take the place of the memory that the keys left free.
    init(_ keys: AudienceSort, count: Int, ids table: IDTable) throws(MemoryFailure) {
        self.keys = keys
        self.count = count
        self.table = table
        scores = try MemoryRegion(byteCount: count * MemoryLayout<Float>.stride)
        numbers = table.kind == .number ? keys.spare : nil
        units = UnitCursor(count: (count + Self.keysPerUnit - 1) / Self.keysPerUnit)
    }

    func work(scratch: ScanScratch) -> Bool {
        guard let unit = units.take() else { return false }
        let range = unit * Self.keysPerUnit..<min((unit + 1) * Self.keysPerUnit, count)
        let keys = keys.keys
        let scores = scores.mutableBytes.bindMemory(to: Float.self)
        let rows = scratch.survivors
        for index in range {
            let key = RankingKey(rawValue: keys[index])
            scores[index] = key.score
            rows[index - range.lowerBound] = key.row
        }
        if let numbers = numbers?.mutableBytes.bindMemory(to: UInt64.self).baseAddress {
            table.copyNumbers(
                ofRows: UnsafeBufferPointer(start: rows, count: range.count), into: numbers + range.lowerBound
            )
        }
        units.finish()
        return true
    }

    var isComplete: Bool { units.isComplete }
}
