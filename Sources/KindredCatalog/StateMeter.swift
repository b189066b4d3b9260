import GRDB
import KindredDomain

/// Bounds the steps and the time of the connection to a state file, each piece of work anew.
///
/// Sendable, since it is used by whoever has the connection, one at a time.
final class StateMeter: @unchecked Sendable {
    private let meter = ReadMeter()

    init() { grant() }

    /// Watches a connection, which must end before the meter does.
    func watch(_ database: Database) {
        ReadRules.bound(database.sqliteConnection)
        meter.watch(database.sqliteConnection)
    }

    /// Grants a piece of work what a state file of any size may take.
    func grant() {
        meter.grant(
            steps: ReadBudget.stepsMax(byteCount: Limits.stateFileBytesMax),
            milliseconds: ReadBudget.millisecondsMax(byteCount: Limits.stateFileBytesMax), from: .now,
            cancellation: Cancellation())
    }
}
