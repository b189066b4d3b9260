import GRDBSQLite
import KindredDomain

/// Restricts what a connection to a file from outside may compile and hold.
package enum ReadRules {
    /// Sets the bounds of a connection.
    package static func bound(_ handle: OpaquePointer?) {
        let bounds: [(Int32, Int)] = [
            (SQLITE_LIMIT_LENGTH, Limits.catalogEntryBytesMax),
            (SQLITE_LIMIT_SQL_LENGTH, Limits.catalogStatementBytesMax),
            (SQLITE_LIMIT_VDBE_OP, 100_000), (SQLITE_LIMIT_COMPOUND_SELECT, 2),
            (SQLITE_LIMIT_VARIABLE_NUMBER, 16), (SQLITE_LIMIT_TRIGGER_DEPTH, 1),
            (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64), (SQLITE_LIMIT_ATTACHED, 0),
            (SQLITE_LIMIT_WORKER_THREADS, 0),
        ]
        for (bound, value) in bounds { sqlite3_limit(handle, bound, Int32(value)) }
    }

    /// Lets a connection read tables and nothing else: a statement that uses a view or a trigger, recurs, writes or
    /// attaches does not compile. The schema has been checked too; this is a second barrier.
    static func readTablesAlone(_ handle: OpaquePointer?) {
        sqlite3_set_authorizer(
            handle,
            { _, action, _, _, _, source in
                // The innermost view or trigger that needs it; nil for a statement of this program.
                guard source == nil else { return SQLITE_DENY }
                switch action {
                case SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION, SQLITE_PRAGMA: return SQLITE_OK
                default: return SQLITE_DENY
                }
            }, nil)
    }

    /// Lets a connection copy its file, which attaches the copy.
    static func allowCopying(_ handle: OpaquePointer?) {
        sqlite3_set_authorizer(handle, nil, nil)
        sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 1)
    }
}
