/// A table of values of one side: the table `items_NAME(id, value)` or `users_NAME(id, value)` of a catalog.
package struct CatalogSet: Sendable {
    /// Without `items_` or `users_`.
    package let name: String
    /// The declared affinity of `value`.
    package let affinity: ColumnDeclaration.Affinity
    /// `rows + 1` places in `codes`: row r has the codes of `offsets[r] ..< offsets[r + 1]`.
    package let offsets: [UInt32]
    /// Codes of `values`. Those of a row ascend, and each stands once.
    package let codes: [UInt32]
    package let values: SetValues
    /// The rows that have the value NULL too; nil where none has.
    package let nullRows: Bitmap?
    /// The codes of each row, of which those of equal values are one; nil where no two values are equal. An integer
    /// equals a real of the same value, and -0 equals 0.
    package let groups: Groups?
    /// Entries of the table whose id has no vector, or no entry in the side's own table.
    package let entriesWithoutRow: Int

    package init(
        name: String, affinity: ColumnDeclaration.Affinity, offsets: [UInt32], codes: [UInt32],
        values: SetValues,
        nullRows: Bitmap?, groups: Groups? = nil, entriesWithoutRow: Int
    ) {
        self.name = name
        self.affinity = affinity
        self.offsets = offsets
        self.codes = codes
        self.values = values
        self.nullRows = nullRows
        self.groups = groups
        self.entriesWithoutRow = entriesWithoutRow
    }

    /// As `offsets` and `codes` of the set.
    package struct Groups: Sendable {
        package let offsets: [UInt32]
        package let codes: [UInt32]

        package init(offsets: [UInt32], codes: [UInt32]) {
            self.offsets = offsets
            self.codes = codes
        }
    }

    /// The codes of a row.
    package func codes(ofRow row: Int) -> ArraySlice<UInt32> {
        codes[Int(offsets[row])..<Int(offsets[row + 1])]
    }
}

/// The distinct values of a table of values: the integers, then the reals, then the texts.
package struct SetValues: Sendable, Equatable {
    package let integers: [Int64]
    package let reals: [Double]
    package let texts: TextList

    package init(integers: [Int64] = [], reals: [Double] = [], texts: TextList = TextList()) {
        self.integers = integers
        self.reals = reals
        self.texts = texts
    }

    package var count: Int { integers.count + reals.count + texts.count }

    /// The value of a code of `0 ..< count`.
    package subscript(code: Int) -> AttributeValue {
        if code < integers.count { return .integer(integers[code]) }
        let place = code - integers.count
        if place < reals.count { return .real(reals[place]) }
        return .text(Array(texts[place - reals.count]))
    }
}
