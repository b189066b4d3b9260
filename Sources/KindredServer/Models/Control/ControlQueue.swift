import DequeModule

/// The work of the control thread, in the order in which it is done: a stop, loads that have ended, switches, looks
/// at the repository that requests ask for, the periodic look. A value.
///
/// Requests count as waiting until they are answered. Each kind has its own bound, so that a flood of looks takes no
/// room from switches.
package struct ControlQueue<Request: Sendable, Report: Sendable>: Sendable {
    package enum Turn: Sendable {
        /// End, and refuse these requests.
        case stop([Request])
        case report(Report)
        case change(Request)
        /// One look answers all of them.
        case looks([Request])
        /// The periodic look is due.
        case periodicLook
    }

    package enum Kind: Sendable {
        case change
        case look
    }

    /// What became of a request that was added.
    package enum Addition: Sendable, Equatable {
        case taken
        case full
        case stopping
    }

    private let changesMax: Int
    private let looksMax: Int
    private var reports: Deque<Report> = []
    private var changes: Deque<Request> = []
    private var looks: [Request] = []
    private var unansweredChanges = 0
    private var unansweredLooks = 0
    private var isStopping = false
    private let lookIntervalNanoseconds: UInt64
    /// When the next periodic look is due, in nanoseconds.
    package private(set) var lookDueAt: UInt64

    /// A queue in which the first look is due at `now`.
    package init(changesMax: UInt32, looksMax: UInt32, lookIntervalNanoseconds: UInt64, now: UInt64) {
        self.changesMax = Int(changesMax)
        self.looksMax = Int(looksMax)
        self.lookIntervalNanoseconds = lookIntervalNanoseconds
        lookDueAt = now
    }

    /// Queues a request, where there is room.
    package mutating func add(_ request: Request, _ kind: Kind) -> Addition {
        if isStopping { return .stopping }
        switch kind {
        case .change:
            guard unansweredChanges < changesMax else { return .full }
            unansweredChanges += 1
            changes.append(request)
        case .look:
            guard unansweredLooks < looksMax else { return .full }
            unansweredLooks += 1
            looks.append(request)
        }
        return .taken
    }

    package mutating func add(_ report: Report) { reports.append(report) }

    package mutating func stop() { isStopping = true }

    /// A request was answered and makes room.
    package mutating func answered(_ kind: Kind) {
        switch kind {
        case .change: unansweredChanges -= 1
        case .look: unansweredLooks -= 1
        }
    }

    /// The next turn; nil where there is none before `lookDueAt`.
    package mutating func next(now: UInt64) -> Turn? {
        if isStopping {
            defer {
                changes = []
                looks = []
            }
            return .stop(changes + looks)
        }
        if let report = reports.popFirst() { return .report(report) }
        if let change = changes.popFirst() { return .change(change) }
        if !looks.isEmpty {
            defer { looks = [] }
            return .looks(looks)
        }
        return now >= lookDueAt ? .periodicLook : nil
    }

    /// The repository was looked at; the next look is due one interval later.
    package mutating func looked(now: UInt64) {
        lookDueAt = now.addingReportingOverflow(lookIntervalNanoseconds).partialValue
    }
}
