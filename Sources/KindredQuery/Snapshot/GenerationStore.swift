import KindredDomain
import Synchronization

/// The one place where the serving table changes. Readers copy the table; a request never takes the lock.
package final class GenerationStore: Sendable {
    private let table: Mutex<GenerationTable>

    package init(_ table: GenerationTable = GenerationTable()) { self.table = Mutex(table) }

    /// The table at this moment.
    package var current: GenerationTable { table.withLock { $0 } }

    /// Replaces the table and returns the new one. The old table's generations live on with their readers.
    package func update(_ change: @Sendable (inout GenerationTable) -> Void) -> GenerationTable {
        table.withLock { table in
            change(&table)
            return table
        }
    }
}
