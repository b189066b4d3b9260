import KindredDomain
import KindredModel
import KindredSystem

/// Turns sorted keys into ids and scores, in steps.
final class AudienceBuilder {
    enum Progress {
        case working
        /// The units of this phase are for whoever has time.
        case scanning(any AudienceWork)
        case finished(Audience)
    }

    private let count: Int
    private let table: IDTable
    private let keys: AudienceSort
    private let columns: AudienceColumns
    /// Where the texts go; nil where ids are numbers.
    private let text: (offsets: MemoryRegion, bytes: MemoryRegion)?
    private let rows: UnsafeMutablePointer<UInt32>
    /// Bytes of the texts so far.
    private var textByteCount = 0
    private var position = 0

    /// Texts of one step: they lie one after the other, so each one's place is known when the one before it is.
    private static let textsPerStep = 1_024

    /// The first `count` of the sorted keys.
    init(_ keys: AudienceSort, count: Int, ids table: IDTable) throws(MemoryFailure) {
        self.count = count
        self.table = table
        self.keys = keys
        columns = try AudienceColumns(keys, count: count, ids: table)
        switch table.kind {
        case .number: text = nil
        case .text:
            // Room for the texts of all users: pages that are never written take no memory.
            text = (
                try MemoryRegion(byteCount: (count + 1) * MemoryLayout<UInt64>.stride),
                try MemoryRegion(byteCount: table.textByteCount)
            )
        }
        rows = .allocate(capacity: Self.textsPerStep)
    }

    deinit { rows.deallocate() }

    func step() -> Progress {
        guard columns.isComplete else { return .scanning(columns) }
        if let numbers = columns.numbers {
            return .finished(Audience(count: count, ids: .numbers(numbers), scores: columns.scores))
        }
        guard let text else { preconditionFailure("ids are numbers or texts") }
        let range = position..<min(position + Self.textsPerStep, count)
        for (index, key) in keys.keys[range].enumerated() { rows[index] = RankingKey(rawValue: key).row }
        if !range.isEmpty {
            let offsets = text.offsets.mutableBytes.bindMemory(to: UInt64.self).baseAddress!
            // The first offset stays 0: each row's text ends where the next one's begins.
            textByteCount = table.copyTexts(
                ofRows: UnsafeBufferPointer(start: rows, count: range.count),
                into: text.bytes.mutableBytes.baseAddress!, from: textByteCount,
                ends: offsets + range.lowerBound + 1)
        }
        position = range.upperBound
        guard position == count else { return .working }
        return .finished(
            Audience(
                count: count, ids: .text(offsets: text.offsets, bytes: text.bytes), scores: columns.scores))
    }

    /// Bytes that were set aside for the result, but for the memory of the keys.
    var byteCount: Int {
        columns.scores.byteCount + (text.map { $0.offsets.byteCount + $0.bytes.byteCount } ?? 0)
    }
}
