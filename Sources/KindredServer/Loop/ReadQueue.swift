import DequeModule

/// Connections with frames that wait for a later tick. Those that ask for little go first.
///
/// Two queues, each in the order of arrival. A connection is light where little input waits and it has not waited just
/// before: one that sends a small request now and then. All others are heavy. A peer that sends without pause, or sends
/// large frames, therefore delays others of its kind, and not those that ask for little.
package struct ReadQueue<Element> {
    /// Bytes of waiting input up to which a connection is light.
    package static var lightByteCountMax: Int { 4 << 10 }
    /// A connection that has left the queue less than this many nanoseconds ago is heavy.
    package static var lightPauseNanoseconds: UInt64 { 10_000_000 }

    private var light: Deque<Element> = []
    private var heavy: Deque<Element> = []

    package init() {}

    package var isEmpty: Bool { light.isEmpty && heavy.isEmpty }

    /// Adds a connection with so many bytes of waiting input, that last left the queue at `leftAt` (0: never).
    package mutating func append(_ element: Element, byteCount: Int, leftAt: UInt64, now: UInt64) {
        let isLight =
            byteCount <= Self.lightByteCountMax && now >= leftAt && now - leftAt >= Self.lightPauseNanoseconds
        if isLight { light.append(element) } else { heavy.append(element) }
    }

    /// The light one that has waited for longest.
    package mutating func popLight() -> Element? { light.popFirst() }

    /// The heavy one that has waited for longest.
    package mutating func popHeavy() -> Element? { heavy.popFirst() }
}
