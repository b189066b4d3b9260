import KindredModel

/// Everything that a scan reads of codes, for comparing two code tables.
package enum CodesBytes {
    /// Rows, positions, bounds and codes, one after the other.
    package static func of(_ codes: Int8Codes) -> [UInt8] {
        codes.rowColumn.withBytes { Array($0) } + codes.positionColumn.withBytes { Array($0) }
            + codes.blockColumn.withBytes { Array($0) } + codes.codeColumn.withBytes { Array($0) }
    }

    /// The bytes of both sides, items first.
    package static func of(_ version: LoadedVersion) -> [[UInt8]] {
        [version.itemCodes, version.userCodes].compactMap { $0 }.map { of($0) }
    }
}
