import KindredDomain
import KindredModel
import KindredSystem

/// Turns sorted keys into ids and scores, in steps.
final class AudienceBuilder {
    private let keys: SortedKeys
    private let count: Int
    private let table: IDTable
    private let columns: AudienceColumns
    /// Memory of the text ids; nil where ids are numbers.
    private let text: (offsets: MemoryRegion, bytes: MemoryRegion)?
    private let rows: UnsafeMutablePointer<UInt32>
    /// Bytes of the texts so far.
    private var textByteCount = 0
    private var position = 0

    /// Texts of one step. Each text begins where the one before it ends, so they are written in order by one thread.
    private static let textsPerStep = 1_024

    /// An audience of the first `count` keys.
    init(_ keys: SortedKeys, count: Int, ids table: IDTable) throws(MemoryFailure) {
        self.keys = keys
        self.count = count
        self.table = table
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

    func step() -> Step<Audience> {
        guard columns.isComplete else { return .waiting(on: columns) }
        if let numbers = columns.numbers {
            return .done(Audience(count: count, ids: .numbers(numbers), scores: columns.scores))
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
        return .done(
            Audience(
                count: count, ids: .text(offsets: text.offsets, bytes: text.bytes), scores: columns.scores))
    }

    /// Bytes held now.
    var byteCount: Int {
        keys.byteCount + columns.scores.byteCount
            + (text.map { $0.offsets.byteCount + $0.bytes.byteCount } ?? 0)
    }
}

/// The scores of an audience and its numeric ids, made of sorted keys in units that any thread may take.
///
/// Most ids are in no cache, so looking them up takes most of the time of a large audience.
package final class AudienceColumns: SharedWork, @unchecked Sendable {
    let scores: MemoryRegion
    /// UInt64 each; nil where ids are texts.
    let numbers: MemoryRegion?
    private let keys: SortedKeys
    private let count: Int
    private let table: IDTable
    private let units: UnitCursor

    /// Keys of one unit: some tens of microseconds.
    private static let keysPerUnit = 1_024

    /// The first `count` of the sorted keys. Numbers take the memory that the sort left free.
    package init(_ keys: SortedKeys, count: Int, ids table: IDTable) throws(MemoryFailure) {
        precondition(
            count <= keys.count && keys.spare.byteCount >= count * MemoryLayout<UInt64>.stride,
            "an audience has as many rows as keys, at most")
        self.keys = keys
        self.count = count
        self.table = table
        scores = try MemoryRegion(byteCount: count * MemoryLayout<Float>.stride)
        numbers = table.kind == .number ? keys.spare : nil
        units = UnitCursor(count: (count + Self.keysPerUnit - 1) / Self.keysPerUnit)
    }

    package func work(scratch: ScanScratch) -> Bool {
        guard let unit = units.take() else { return false }
        let range = unit * Self.keysPerUnit..<min((unit + 1) * Self.keysPerUnit, count)
        let keys = keys.keys
        let scores = scores.mutableBytes.bindMemory(to: Float.self)
        let rows = scratch.survivors.room(for: range.count)
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

    package var isComplete: Bool { units.isComplete }
}
