import KindredDomain
import KindredSystem

/// Bytes of memory that a version takes when it is loaded, as its manifest tells before anything is read.
package struct MemoryDemand: Sendable, Equatable {
    /// Bytes that it holds, and those that loading holds beside them for a while.
    package var byteCount: UInt64
    /// Bytes of addresses, of which some never become memory: room in pieces, mapped files.
    package var addressByteCount: UInt64

    /// Of each row, beside its vector, its codes and its id: the norm as loaded and as scanned, the place in the codes.
    private static let bytesPerRow: UInt64 = 8 + 4 + 4
    /// Of each row while codes are made: keys and rows, twice.
    private static let bytesPerSortedRow: UInt64 = 24
    /// Of a catalog's bytes: distinct texts while the array that they are in grows.
    private static let catalogShare: UInt64 = 3

    package init(byteCount: UInt64, addressByteCount: UInt64) {
        self.byteCount = byteCount
        self.addressByteCount = addressByteCount
    }

    /// What a version of that manifest takes. Numbers of a manifest that lies saturate: no memory is that large.
    package init(of manifest: Manifest, loading: VectorLoading) {
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
            // A value of 8 bytes in each column, and the bit that it is there.
            held.add(Sum.product(Sum.product(rows.count, 8) + rows.count / 8 + 1, UInt64(rows.columns.count)))
        }
        if let catalog = manifest.file(named: ModelFiles.catalog) {
            held.add(Sum.product(catalog.byteCount, Self.catalogShare))
        }
        byteCount = held.value
        // Pieces have room for an eighth more, in whole huge pages.
        var addresses = held
        addresses.add(held.value / 8 + UInt64(16 * SpareMemory.unit))
        addresses.add(mapped.value)
        addressByteCount = addresses.value
    }

    /// A sum that stays at the greatest number.
    private struct Sum {
        private(set) var value: UInt64 = 0

        mutating func add(_ count: UInt64) {
            let (sum, overflow) = value.addingReportingOverflow(count)
            value = overflow ? .max : sum
        }

        static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
            let (product, overflow) = a.multipliedReportingOverflow(by: b)
            // Half of the greatest number, so that some of them may be added.
            return overflow ? .max / 4 : min(product, .max / 4)
        }
    }
}
