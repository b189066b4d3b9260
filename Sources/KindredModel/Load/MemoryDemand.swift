import KindredDomain
import KindredSystem

/// Bytes of memory that loading a version takes, estimated from its manifest before its files are loaded.
package struct MemoryDemand: Sendable, Equatable {
    /// Bytes that the version holds, plus temporary bytes of loading.
    package var byteCount: UInt64
    /// Bytes of address space. It includes address space without memory: spare capacity of pieces, mapped files.
    package var addressByteCount: UInt64

    /// Bytes of a row besides vector, codes and id: the float64 norm, the float32 norm for scans, the position in the
    /// codes.
    private static let bytesPerRow: UInt64 = 8 + 4 + 4
    /// Temporary bytes of a row while codes are made: sort keys and rows, twice.
    private static let bytesPerSortedRow: UInt64 = 24
    /// Bytes of an item for popularity: row, score and position; and temporary ones to sort them.
    private static let bytesPerPopularItem: UInt64 = 4 + 4 + 4
    /// Temporary bytes of an item while seen pairs are counted: the sum, and the count of each thread.
    private static let bytesPerCountedItem: UInt64 = 5 * 4
    /// Bytes of a row for the groups of one column that requests cap: its group, its place in the group, and the
    /// offsets of both lists, where each row is a group of its own.
    private static let bytesPerGroupedRow: UInt64 = 4 * 4
    /// Temporary bytes of a row while groups are built: the numbers of distinct values, in a table, and the places
    /// where rows go.
    private static let bytesPerRowWhileGrouping: UInt64 = 32 + 4
    /// Bytes per byte of a catalog: its distinct texts, while their array grows.
    private static let catalogShare: UInt64 = 3

    package init(byteCount: UInt64, addressByteCount: UInt64) {
        self.byteCount = byteCount
        self.addressByteCount = addressByteCount
    }

    /// The demand of a version with this manifest, with the groups of columns that requests will cap. Sums of false
    /// numbers saturate at more than any memory. Masks of filters have a bound of their own, for all versions together.
    ///
    /// Mapped vectors at an odd offset are copied into memory. To count them, the headers in `directory`, the version's
    /// folder, are read; without a folder, vectors are taken to be aligned.
    package init(of manifest: Manifest, in directory: String? = nil, loading: VectorLoading) {
        var held = Sum()
        var mapped = Sum()
        for side in [Side.items, .users] {
            guard let rows = manifest.rows(side) else { continue }
            let file = manifest.file(named: ModelFiles.vectors(of: side))?.byteCount ?? 0
            let vectors = Sum.product(rows.count, UInt64(manifest.dimension) * 4)
            switch loading {
            case .memory: held.add(file)
            case .map:
                mapped.add(file)
                if let directory, Self.isUnaligned(side, in: directory) { held.add(vectors) }
                // Ids are copied.
                held.add(file - min(file, vectors))
            }
            held.add(Sum.product(rows.count, Self.bytesPerRow))
            if let codes = manifest.file(named: ModelFiles.codes(of: side)) {
                held.add(codes.byteCount)
            } else {
                let header = CodesHeader(
                    rowCount: Int(clamping: rows.count), dimension: manifest.dimension,
                    fingerprint: manifest.fingerprint)
                held.add(UInt64(header.fileByteCount))
                held.add(Sum.product(rows.count, Self.bytesPerSortedRow))
            }
            // Each column takes 8 bytes and one presence bit a row.
            held.add(Sum.product(Sum.product(rows.count, 8) + rows.count / 8 + 1, UInt64(rows.columns.count)))
            if !rows.columns.isEmpty {
                let grouped = min(rows.columns.count, Limits.groupColumnsKeptMax)
                held.add(Sum.product(rows.count, Self.bytesPerGroupedRow * UInt64(grouped)))
                held.add(Sum.product(rows.count, Self.bytesPerRowWhileGrouping))
            }
        }
        if let catalog = manifest.file(named: ModelFiles.catalog) {
            held.add(Sum.product(catalog.byteCount, Self.catalogShare))
        }
        if let users = manifest.users {
            let statistics = PopulationStatistics.byteCounts(
                rowCount: Int(clamping: users.count), dimension: manifest.dimension)
            if let file = manifest.file(named: ModelFiles.statistics) {
                // The file is read whole, then what it has is copied.
                held.add(UInt64(statistics.held))
                held.add(file.byteCount)
            } else {
                held.add(UInt64(statistics.making))
            }
        }
        if let seen = manifest.file(named: ModelFiles.seen) {
            switch loading {
            case .memory: held.add(seen.byteCount)
            case .map:
                mapped.add(seen.byteCount)
                // Offsets are copied.
                held.add(Sum.product(manifest.users?.count ?? 0, 8))
            }
        }
        if let source = manifest.popularitySource {
            let items = manifest.items?.count ?? 0
            held.add(Sum.product(items, Self.bytesPerPopularItem + Self.bytesPerSortedRow + 8))
            if source == .seenPairs { held.add(Sum.product(items, Self.bytesPerCountedItem)) }
        }
        if manifest.foldIn != nil, let items = manifest.items {
            let factors = FoldInFactors.byteCounts(
                rowCount: Int(clamping: items.count), dimension: manifest.dimension)
            held.add(UInt64(max(factors.held, factors.making)))
        }
        byteCount = held.value
        // Spare pieces have an eighth more capacity, in whole huge pages.
        var addresses = held
        addresses.add(held.value / 8 + UInt64(16 * SpareMemory.unit))
        addresses.add(mapped.value)
        addressByteCount = addresses.value
    }

    /// Whether the vectors of a side begin at an offset that is not aligned for float32. False for a file without a
    /// valid header, which the load refuses.
    private static func isUnaligned(_ side: Side, in directory: String) -> Bool {
        let name = ModelFiles.vectors(of: side)
        guard let file = try? ReadableFile(path: directory + "/" + name, name: name) else { return false }
        return VersionLoader.bytesToAlignment(ofVectorsIn: file) != 0
    }

    /// A sum that saturates at the greatest number.
    private struct Sum {
        private(set) var value: UInt64 = 0

        mutating func add(_ count: UInt64) {
            let (sum, overflow) = value.addingReportingOverflow(count)
            value = overflow ? .max : sum
        }

        static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
            let (product, overflow) = a.multipliedReportingOverflow(by: b)
            // A quarter of the greatest number, so that the sum of two products does not overflow.
            return overflow ? .max / 4 : min(product, .max / 4)
        }
    }
}
