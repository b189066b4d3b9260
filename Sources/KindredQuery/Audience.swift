import KindredDomain
import KindredKernels
import KindredModel

/// A selected audience, best first: external ids and scores, nothing of the generation they came from.
package final class Audience: Sendable {
    /// Ids as columns over memory that the audience owns.
    package enum IDs: Sendable {
        /// UInt64 each.
        case numbers(MemoryRegion)
        /// `offsets` UInt64 [count + 1] into `bytes`.
        case text(offsets: MemoryRegion, bytes: MemoryRegion)
    }

    package let count: Int
    package let ids: IDs
    private let scoreStorage: MemoryRegion

    init(count: Int, ids: IDs, scores: MemoryRegion) {
        self.count = count
        self.ids = ids
        scoreStorage = scores
    }

    /// One score per row.
    package var scores: UnsafeBufferPointer<Float> { scoreStorage.bytes.bindMemory(to: Float.self) }
}

/// Turns sorted keys into ids and scores, in steps.
struct AudienceBuilder {
    private let count: Int
    private let scores: MemoryRegion
    private let ids: Audience.IDs
    private var textByteCount = 0
    private var position = 0

    /// `spare` is memory of at least 8 bytes per row that may be reused.
    init(count: Int, ids table: IDTable, spare: MemoryRegion) throws(MemoryFailure) {
        self.count = count
        scores = try MemoryRegion(byteCount: count * MemoryLayout<Float>.stride)
        switch table.kind {
        case .number: ids = .numbers(spare)
        case .text:
            // Room for the texts of all users: pages that are never written take no memory.
            ids = .text(
                offsets: try MemoryRegion(byteCount: (count + 1) * MemoryLayout<UInt64>.stride),
                bytes: try MemoryRegion(byteCount: table.textByteCount))
        }
    }

    /// Turns `keyCount` keys. True once all are.
    mutating func step(keyCount: Int, keys: UnsafeBufferPointer<UInt64>, table: VectorTable) -> Bool {
        let range = position..<min(position + keyCount, count)
        let scores = scores.mutableBytes.bindMemory(to: Float.self)
        for index in range { scores[index] = RankingKey(rawValue: keys[index]).score }
        let rows = keys[range].map { RankingKey(rawValue: $0).row }
        switch (ids, table.ids.ids(ofRows: rows)) {
        case (.numbers(let column), .numbers(let numbers)):
            let column = column.mutableBytes.bindMemory(to: UInt64.self)
            for (index, number) in zip(range, numbers) { column[index] = number }
        case (.text(let offsets, let bytes), .text(let list)):
            let offsets = offsets.mutableBytes.bindMemory(to: UInt64.self)
            for (index, offset) in zip(range, list.offsets.dropFirst()) {
                offsets[index + 1] = UInt64(textByteCount) + UInt64(offset)
            }
            let room = UnsafeMutableRawBufferPointer(rebasing: bytes.mutableBytes[textByteCount...])
            room.copyBytes(from: list.bytes)
            textByteCount += list.bytes.count
        default: preconditionFailure("a table's ids are of its kind")
        }
        position = range.upperBound
        return position == count
    }

    /// Bytes that were set aside for the result, but for the memory that was lent.
    var byteCount: Int {
        switch ids {
        case .numbers: scores.byteCount
        case .text(let offsets, let bytes): scores.byteCount + offsets.byteCount + bytes.byteCount
        }
    }

    func finish() -> Audience { Audience(count: count, ids: ids, scores: scores) }
}
