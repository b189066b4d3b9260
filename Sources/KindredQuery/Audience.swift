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
        case text(offsets: MemoryRegion, bytes: [UInt8])
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
    private let kind: IDKind
    private let scores: MemoryRegion
    /// Numbers, or the offsets of texts.
    private let column: MemoryRegion
    private var bytes: [UInt8] = []
    private var position = 0

    /// `spare` is memory of at least 8 bytes per row that may be reused.
    init(count: Int, kind: IDKind, spare: MemoryRegion) throws(MemoryFailure) {
        self.count = count
        self.kind = kind
        scores = try MemoryRegion(byteCount: count * MemoryLayout<Float>.stride)
        switch kind {
        case .number: column = spare
        case .text: column = try MemoryRegion(byteCount: (count + 1) * MemoryLayout<UInt64>.stride)
        }
    }

    /// Turns `keyCount` keys. True once all are.
    mutating func step(keyCount: Int, keys: UnsafeBufferPointer<UInt64>, table: VectorTable) -> Bool {
        let range = position..<min(position + keyCount, count)
        let scores = scores.mutableBytes.bindMemory(to: Float.self)
        let column = column.mutableBytes.bindMemory(to: UInt64.self)
        for index in range { scores[index] = RankingKey(rawValue: keys[index]).score }
        switch table.ids.ids(ofRows: keys[range].map { RankingKey(rawValue: $0).row }) {
        case .numbers(let numbers):
            for (index, number) in zip(range, numbers) { column[index] = number }
        case .text(let list):
            let start = UInt64(bytes.count)
            for (index, offset) in zip(range, list.offsets.dropFirst()) {
                column[index + 1] = start + UInt64(offset)
            }
            bytes.append(contentsOf: list.bytes)
        }
        position = range.upperBound
        return position == count
    }

    func finish() -> Audience {
        let ids: Audience.IDs =
            switch kind {
            case .number: .numbers(column)
            case .text: .text(offsets: column, bytes: bytes)
            }
        return Audience(count: count, ids: ids, scores: scores)
    }
}
