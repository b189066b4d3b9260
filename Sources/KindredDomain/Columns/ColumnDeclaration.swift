/// What SQLite makes of a column's declaration when it compares the column's values.
package struct ColumnDeclaration: Sendable, Equatable {
    /// The type to which SQLite converts values where it stores and compares them.
    package enum Affinity: Sendable, Equatable {
        /// No conversion: a column without a type, or a BLOB.
        case blob
        case text
        case numeric
        case integer
        case real

        /// Whether a comparison converts texts that spell numbers to numbers.
        package var isNumeric: Bool {
            switch self {
            case .blob, .text: false
            case .numeric, .integer, .real: true
            }
        }
    }

    package let affinity: Affinity
    /// The order of texts, as SQLite names it. Only BINARY compares them as bytes.
    package let collation: String

    package init(_ affinity: Affinity, collation: String = "BINARY") {
        self.affinity = affinity
        self.collation = collation
    }

    /// The affinity of a declared type.
    ///
    /// Source: section 3.1 of "Datatypes In SQLite", https://www.sqlite.org/datatype3.html. The type ANY means BLOB in
    /// a STRICT table.
    package init(type: String, isStrict: Bool, collation: String) {
        let name = type.utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }
        func names(_ part: String) -> Bool {
            let part = Array(part.utf8)
            guard name.count >= part.count else { return false }
            return (0...name.count - part.count).contains { name[$0...].starts(with: part) }
        }
        let affinity: Affinity =
            if names("INT") {
                .integer
            } else if names("CHAR") || names("CLOB") || names("TEXT") {
                .text
            } else if name.isEmpty || names("BLOB") || isStrict && name == Array("ANY".utf8) {
                .blob
            } else if names("REAL") || names("FLOA") || names("DOUB") {
                .real
            } else {
                .numeric
            }
        self.init(affinity, collation: collation)
    }

    /// Whether texts compare as bytes. SQLite compares collations without regard to ASCII case.
    package var isBinary: Bool { SQLName.areEqual(collation, "BINARY") }
}

/// Names of columns, tables and collations.
package enum SQLName {
    /// Whether SQLite takes two names for the same: without regard to ASCII case.
    package static func areEqual(_ left: String, _ right: String) -> Bool {
        left.utf8.lazy.map(lowered).elementsEqual(right.utf8.lazy.map(lowered))
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
}
