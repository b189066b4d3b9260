/// Why a filter is refused.
///
/// `position` is the offset in bytes of the filter's text at which the refused part begins; the end of the text is a
/// position too, and 0 stands for the filter as a whole. The message is `description(in:)`.
package struct FilterFailure: Error, Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// The text is no expression. `found`: the token in quotes, or `end of text`; `wanted`: what may stand there.
        case syntax(found: String, wanted: String)
        /// A text of nothing, or of white space and comments alone.
        case empty
        /// SQLite has it and this language does not, or it is beyond what SQLite takes. `wanted`: what to write
        /// instead, or empty.
        case unsupported(String, wanted: String)
        /// `known` are the catalog's columns, the nearest name first: see `NearNames`.
        case unknownColumn(String, known: [String])
        /// A `seed.` column where the query has no item or user of its own.
        case seedWithoutRow
        /// No table of values of that name. `known` are the existing ones, the nearest name first.
        case unknownSet(String, known: [String])
        /// A table of values where a column stands. `ofSeed`: it stands behind `seed.`.
        case setAsColumn(String, ofSeed: Bool)
        /// A column where a table of values stands.
        case columnAsSet(String)
        /// A column whose values cannot be compared as SQLite compares them, with the reason.
        case incomparableColumn(String, because: String)
        /// The same of a column that a cap names: no filter has it.
        case incomparableCap(String, because: String)
        /// A parameter of the text without a value. `bound` are the names that have one, as `name (an integer)`.
        case missingValue(String, bound: [String])
        /// A value whose name is not in the text. `named` are the parameters of the text; `type` is the value's.
        case unusedValue(String, named: [String], type: String = "a value")
        /// A value of a request without any filter; `type` is the value's.
        case valueWithoutFilter(String, type: String)
        /// Two values of one name.
        case repeatedValue(String)
        case tooLong(bytes: Int, limit: Int)
        case tooManyNodes(limit: Int)
        case tooDeep(limit: Int)
        case tooManyValues(Int, limit: Int)
        /// The catalog has no table for the rows, so they have no attributes.
        case noCatalog
    }

    package let reason: Reason
    package let position: Int

    package init(_ reason: Reason, at position: Int) {
        self.reason = reason
        self.position = position
    }
}
