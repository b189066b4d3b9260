/// A word of a filter's text.
struct FilterToken {
    enum Kind: Equatable {
        case end
        case number(NumberLiteral)
        /// The characters between single quotes.
        case text([UInt8])
        case name(String, isQuoted: Bool)
        case keyword(FilterKeyword)
        /// Without the colon.
        case parameter(String)
        case comparison(FilterExpression.Comparison)
        case open, close, comma, dot, plus, minus, star
        /// SQLite has it and filters have not. `wanted`: what to write instead, or empty.
        case unsupported(String, wanted: String)
        /// SQLite cannot read it. `wanted`: what would be right, or empty where that depends on the place.
        case unreadable(wanted: String)
    }

    let kind: Kind
    /// Offsets in bytes of the filter's text.
    let range: Range<Int>
}
