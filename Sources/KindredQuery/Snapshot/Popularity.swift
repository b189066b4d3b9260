import KindredDomain
import KindredModel
import KindredSystem
import Synchronization

/// The items of a version in the order of popularity, each with its score.
///
/// A score is the popularity, rounded once to float32 (to nearest, ties to even) and kept within `valueMin` to
/// `valueMax`; -0 is 0. Items without a popularity have the score `unknownScore`, which is less than any other. The
/// order is the order of results: score descending, then row ascending. So popularities that differ only beyond
/// float32 are in the order of ids.
///
/// Immutable; any thread may read. Code that reads through pointers holds the object.
package final class Popularity: @unchecked Sendable {
    /// The score of an item without a popularity.
    package static let unknownScore = -Float.greatestFiniteMagnitude
    /// The least score of an item with a popularity.
    package static let valueMin = unknownScore.nextUp
    /// The greatest score.
    package static let valueMax = Float.greatestFiniteMagnitude

    package let source: PopularitySource
    /// Items.
    package let count: Int
    /// The row of the item at each position of the order: a permutation of `0 ..< count`.
    package let rowColumn: RegionColumn<UInt32>
    /// The score of the item at each position of the order.
    package let scoreColumn: RegionColumn<Float>
    /// The position of each row in the order.
    private let positionColumn: RegionColumn<UInt32>
    /// The first element of `rowColumn`. Valid while the object is held.
    package let rows: UnsafePointer<UInt32>
    /// The position of each row in the order. Valid while the object is held.
    package let positions: UnsafePointer<UInt32>
    /// The first element of `scoreColumn`. Valid while the object is held.
    package let scores: UnsafePointer<Float>

    /// Items, or pairs, of one part of the work, which one thread does at a time.
    private static let itemsPerPart = 1 << 18
    private static let pairsPerPartMin = 1 << 22
    /// The pairs of a part are so many times the items, so that adding up the counts costs little.
    private static let pairsPerItemOfPart = 32

    /// The popularity of the items of a loaded version; nil if it has none. `catalog`: the attributes of its items.
    ///
    /// Throws if the column that the manifest names is none of numbers, without memory, and if the load was cancelled.
    package static func of(
        _ version: LoadedVersion, catalog: CatalogColumns?, with resources: LoadResources = .plain
    ) throws(FileFailure) -> Popularity? {
        guard let source = version.manifest.popularitySource, let items = version.items else { return nil }
        switch source {
        case .column(let name):
            let column = try numbers(of: catalog, named: name)
            return try Popularity(source, count: items.count, with: resources) { column.score(ofRow: $0) }
        case .seenPairs:
            guard let seen = version.seen else { return nil }
            let counts = try counts(of: seen, with: resources)
            return try Popularity(source, count: items.count, with: resources) { score(Double(counts[$0])) }
        }
    }

    /// The catalog's column of a name. Throws, with all columns and their types, if it is absent or none of numbers.
    /// `file` names the catalog in the failure.
    package static func numbers(
        of catalog: CatalogColumns?, named name: String, file: String = ModelFiles.catalog
    ) throws(FileFailure) -> CatalogColumn {
        let column = catalog?.column(named: name)
        if let column, column.type != .text { return column }
        let columns = (catalog?.columns ?? []).map { "\($0.name) (\($0.type))" }
        throw FileFailure(
            file: file, field: "the column for popularity",
            found: FileFailure.quoted(name)
                + (column.map { ", of \($0.type)" } ?? ", which the items do not have"),
            wanted: "one of integers or reals among those of items: "
                + (columns.isEmpty ? "none" : columns.joined(separator: ", ")))
    }

    /// Orders the rows by their scores. `score` gives the one of a row; nil for an item without a popularity.
    private init(
        _ source: PopularitySource, count: Int, with resources: LoadResources,
        score: @escaping @Sendable (Int) -> Float?
    ) throws(FileFailure) {
        let file = "popularity"
        // The integers that order floats are exact in float64.
        let ordered = try MemoryRegion.zeroed(byteCount: count * MemoryLayout<Double>.stride, for: file)
        try resources.threads.run(count, inPartsOf: Self.itemsPerPart) { part in
            ordered.withMutableElements(of: Double.self) { numbers in
                for row in part {
                    numbers[row] = Double(RankingKey.ordered(score(row) ?? Self.unknownScore))
                }
            }
        }
        let numbers = RegionColumn<Double>(ordered)
        let rows = try DescendingOrder.rows(numbers: numbers, file: file)
        try resources.threads.checkCancellation()
        let region = try MemoryRegion.zeroed(byteCount: count * MemoryLayout<Float>.stride, for: file)
        region.withMutableElements(of: Float.self) { scores in
            for position in 0..<count {
                let number = numbers.pointer[Int(rows.pointer[position])]
                scores[position] = RankingKey.score(ordered: UInt32(number))
            }
        }
        let places = try MemoryRegion.zeroed(byteCount: count * MemoryLayout<UInt32>.stride, for: file)
        places.withMutableElements(of: UInt32.self) { places in
            for position in 0..<count { places[Int(rows.pointer[position])] = UInt32(position) }
        }
        self.source = source
        self.count = count
        rowColumn = rows
        positionColumn = RegionColumn(places)
        positions = positionColumn.pointer
        scoreColumn = RegionColumn(region)
        self.rows = rowColumn.pointer
        scores = scoreColumn.pointer
    }

    /// A second object over the same memory, so that threads do not share one reference count.
    package init(replicaOf other: Popularity) {
        source = other.source
        count = other.count
        rowColumn = other.rowColumn
        positionColumn = other.positionColumn
        positions = other.positions
        scoreColumn = other.scoreColumn
        rows = other.rows
        scores = other.scores
    }

    /// The score of a popularity; nil for a number that is none.
    fileprivate static func score(_ value: Double) -> Float? {
        guard !value.isNaN else { return nil }
        return min(max(Float(value), valueMin), valueMax) + 0
    }

    /// The score of a popularity.
    fileprivate static func score(_ value: Int64) -> Float { Float(value) }

    /// The number of users who have seen each item.
    private static func counts(
        of seen: SeenPairs, with resources: LoadResources
    ) throws(FileFailure) -> RegionColumn<UInt32> {
        let itemCount = seen.itemCount
        let region = try MemoryRegion.zeroed(
            byteCount: itemCount * MemoryLayout<UInt32>.stride, for: "popularity")
        let sum = Mutex(())
        let pairsPerPart = max(pairsPerPartMin, pairsPerItemOfPart * itemCount)
        try resources.threads.run(seen.pairCount, inPartsOf: pairsPerPart) { (part) throws(FileFailure) in
            let own = try MemoryRegion.zeroed(byteCount: region.byteCount, for: "popularity")
            own.withMutableElements(of: UInt32.self) { own in
                seen.rowColumn.withElements { rows in
                    // A mapped file may have changed since it was checked.
                    for position in part { own[min(Int(rows[position]), itemCount - 1)] &+= 1 }
                }
                sum.withLock { _ in
                    region.withMutableElements(of: UInt32.self) { counts in
                        for item in 0..<itemCount { counts[item] &+= own[item] }
                    }
                }
            }
        }
        return RegionColumn(region)
    }
}

extension CatalogColumn {
    /// The score of a row's value; nil if it has none.
    fileprivate func score(ofRow row: Int) -> Float? {
        guard present[row] else { return nil }
        switch values {
        case .integers(let all): return Popularity.score(all[row])
        case .reals(let all): return Popularity.score(all[row])
        case .text: return nil
        }
    }
}
