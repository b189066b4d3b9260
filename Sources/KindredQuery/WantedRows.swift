/// Rows that a scan of codes has kept and whose vectors were asked for, in the order in which they are scored.
///
/// A bounded list in memory lent by the owner.
struct WantedRows {
    /// A row, and the slot of the query that it is scored for.
    struct Element {
        let slot: Int32
        let row: UInt32
    }

    /// Enough to hide that vectors lie anywhere in memory, and few enough that none leaves the first cache again.
    static let countMax = 16

    private(set) var count = 0
    private let memory: UnsafeMutablePointer<Element>

    /// None yet. `memory` has room for `countMax`.
    init(memory: UnsafeMutablePointer<Element>) { self.memory = memory }

    var isFull: Bool { count == Self.countMax }

    subscript(index: Int) -> Element { memory[index] }

    /// Appends a row, where the list is not full.
    mutating func append(_ row: UInt32, slot: Int) {
        (memory + count).initialize(to: Element(slot: Int32(truncatingIfNeeded: slot), row: row))
        count += 1
    }

    mutating func removeAll() { count = 0 }
}
