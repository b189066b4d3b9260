/// The time limit of a command that waits for its server.
actor CommandTimeout {
    /// Seconds to wait for each answer where the user gives no time limit.
    static let secondsDefault = 30.0

    private let limit: Duration
    /// True: the limit is for the whole command. False: it starts again with each answer.
    private let isTotal: Bool
    private let clock = ContinuousClock()
    /// Start of the running time; nil while the command does not wait for the server.
    private var since: ContinuousClock.Instant?
    /// Whether the limit was reached.
    private(set) var isOver = false

    init(seconds: Double, isTotal: Bool) {
        limit = .seconds(seconds)
        self.isTotal = isTotal
        since = clock.now
    }

    /// An answer arrived. Restarts the time, unless the limit is for the whole command.
    func progress() { if !isTotal { since = clock.now } }

    /// Stops the time until the next `progress`, while the command waits for something other than the server.
    func pause() { if !isTotal { since = nil } }

    /// Waits for the limit. Returns true when it is reached, false when the task is cancelled first.
    func wait() async -> Bool {
        while true {
            let left = since.map { limit - (clock.now - $0) } ?? limit
            if left <= .zero { break }
            do { try await Task.sleep(for: left) } catch { return false }
        }
        isOver = true
        return true
    }
}
