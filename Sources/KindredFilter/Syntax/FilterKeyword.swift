/// A keyword of SQLite that is not simply a name where a name may stand.
///
/// SQLite has more keywords. A filter reads the others as names, as SQLite does.
enum FilterKeyword: String {
    case and, or, not, between, `in`, `is`, isnull, notnull, null, like, glob, escape
    // Operators, operands and statements that the language of filters has not.
    case match, regexp, collate, distinct, `case`, cast, exists, raise, select, values, with
    case currentDate = "current_date"
    case currentTime = "current_time"
    case currentTimestamp = "current_timestamp"
    // Words that never stand in an expression and must be quoted as names.
    case add, all, alter, `as`, autoincrement, check, commit, constraint, create, `default`, deferrable,
        delete
    case drop, `else`, except, foreign, from, group, having, index, insert, intersect, into, join, limit,
        nothing
    case on, order, primary, references, returning, set, table, then, to, transaction, union, unique, update
    case using, when, `where`

    /// Whether SQLite reads the keyword as a name where only a name makes sense.
    var canBeName: Bool {
        switch self {
        case .like, .glob, .match, .regexp, .cast, .raise, .with, .currentDate, .currentTime,
            .currentTimestamp:
            true
        default: false
        }
    }
}
