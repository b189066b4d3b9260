import KindredDomain

/// Which values an attribute may have.
enum AttributeRules {
    /// Throws for a value that no attribute may have, of the entry `id`.
    static func check(
        _ value: ImmutableDatabase.Value, of column: String, id: ImmutableDatabase.Value, table: String,
        file: String
    ) throws(CatalogFailure) {
        func failure(_ found: String, _ wanted: String) -> CatalogFailure {
            .value(file: file, table: table, column: column, id: id.shown, found: found, wanted: wanted)
        }
        switch value {
        case .null, .integer:
            return
        case .real(let real):
            // JSON has no such numbers, and readers of a column expect none.
            guard real.isFinite else { throw failure("\(real)", "a finite number") }
        case .text(let bytes):
            guard bytes.count <= Limits.catalogTextBytesMax else {
                throw failure("\(bytes.count) bytes long", "at most \(Limits.catalogTextBytesMax) bytes")
            }
            guard bytes.allSatisfy({ $0 < 0x80 }) || String(validating: bytes, as: UTF8.self) != nil else {
                throw failure(value.shown, "valid UTF-8")
            }
        case .blob:
            throw failure(value.shown, "null, an integer, a real or a text")
        }
    }
}
