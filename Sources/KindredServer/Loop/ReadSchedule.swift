import DequeModule

/// Bounds how much a tick reads. The rest waits for later ticks, so that reading leaves time for requests that were
/// read before.
package struct TickBudget: Sendable {
    /// Frames of one tick. Reading few frames at a time makes clients and server wait less for each other.
    package static let framesMax = 32
    /// Bytes of frames of one tick.
    package static let byteCountMax = 64 << 10

    private var framesLeft = framesMax
    private var bytesLeft = byteCountMax

    package init() {}

    package var hasRoom: Bool { framesLeft > 0 && bytesLeft > 0 }

    /// Takes a frame where there is room. The last frame may be longer than the bytes that are left.
    package mutating func take(byteCount: Int) -> Bool {
        guard hasRoom else { return false }
        framesLeft -= 1
        bytesLeft -= byteCount
        return true
    }

    /// Takes bytes of an incomplete frame where there is room.
    package mutating func takePart(byteCount: Int) -> Bool {
        guard hasRoom else { return false }
        bytesLeft -= byteCount
        return true
    }

    /// Begins a new tick.
    package mutating func renew() { self = TickBudget() }
}

/// Connections with frames that wait for a later tick. Those that ask for little go first.
///
/// Two queues, each in the order of arrival. A connection is light if it waits with at most `lightByteCountMax` bytes
/// and last left the queue `lightPauseNanoseconds` ago or more. All others are heavy. A peer that sends without pause,
/// or sends large frames, is heavy, so it delays heavy connections only. RFC 8290 does the same with sparse flows.
package struct ReadQueue<Element> {
    /// Bytes of waiting input up to which a connection is light.
    package static var lightByteCountMax: Int { 4 << 10 }
    /// A connection that has left the queue less than this many nanoseconds ago is heavy.
    package static var lightPauseNanoseconds: UInt64 { 10_000_000 }

    private var light: Deque<Element> = []
    private var heavy: Deque<Element> = []

    package init() {}

    package var isEmpty: Bool { light.isEmpty && heavy.isEmpty }

    /// Adds a connection with `byteCount` bytes of waiting input that left the queue last at `leftAt`; 0: never.
    package mutating func append(_ element: Element, byteCount: Int, leftAt: UInt64, now: UInt64) {
        let isLight =
            byteCount <= Self.lightByteCountMax && now >= leftAt && now - leftAt >= Self.lightPauseNanoseconds
        if isLight { light.append(element) } else { heavy.append(element) }
    }

    /// The light connection that has waited longest.
    package mutating func popLight() -> Element? { light.popFirst() }

    /// The heavy connection that has waited longest.
    package mutating func popHeavy() -> Element? { heavy.popFirst() }
}

/// Decides which connections a tick reads, and how much of them. A value.
package struct ReadSchedule<Element> {
    private enum Turn {
        case light
        case firstHeavy
        case heavy
    }

    private var budget = TickBudget()
    private var waiting = ReadQueue<Element>()
    private var turn = Turn.light

    package init() {}

    /// Whether connections wait to be read.
    package var hasWaiting: Bool { !waiting.isEmpty }

    /// Begins a tick, which has room for new frames.
    package mutating func beginTick() { budget.renew() }

    /// Takes a frame where the tick has room for it.
    package mutating func take(byteCount: Int) -> Bool { budget.take(byteCount: byteCount) }

    /// Takes bytes of an incomplete frame where the tick has room for them.
    package mutating func takePart(byteCount: Int) -> Bool { budget.takePart(byteCount: byteCount) }

    /// Adds a connection for which this tick has no room.
    package mutating func wait(_ element: Element, byteCount: Int, leftAt: UInt64, now: UInt64) {
        waiting.append(element, byteCount: byteCount, leftAt: leftAt, now: now)
    }

    /// Begins a tick that reads the connections that wait.
    package mutating func beginTurns() {
        budget.renew()
        turn = .light
    }

    /// The next connection to read in this tick: light ones while there is room, then heavy ones. However many light
    /// ones there are, one heavy connection has its turn in every tick, with a new budget, so that it does not starve.
    package mutating func next() -> Element? {
        switch turn {
        case .light:
            if budget.hasRoom, let next = waiting.popLight() { return next }
            if !budget.hasRoom { budget.renew() }
            turn = .firstHeavy
            return next()
        case .firstHeavy:
            turn = .heavy
            return waiting.popHeavy()
        case .heavy:
            return budget.hasRoom ? waiting.popHeavy() : nil
        }
    }
}
