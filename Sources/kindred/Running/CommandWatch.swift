/// The time that a command may wait for its server.
actor CommandWatch {
    /// Seconds without an answer, where no time is given for the command as a whole.
    static let secondsDefault = 30.0

    private let limit: Duration
    /// Whether the limit is of the command as a whole; else of the time in which nothing comes.
    private let isTotal: Bool
    private let clock = ContinuousClock()
    /// When the time began to run; nil while it is not the server that is waited for.
    private var since: ContinuousClock.Instant?
    /// Whether the time was over before the watch was given up.
    private(set) var isOver = false

    init(seconds: Double, isTotal: Bool) {
        limit = .seconds(seconds)
        self.isTotal = isTotal
        since = clock.now
    }

    /// Something came: the time of what comes next runs anew.
    func progress() { if !isTotal { since = clock.now } }

    /// What is waited for is not the server, until there is progress again.
    func pause() { if !isTotal { since = nil } }

    /// Returns true when the time is over, false when its task is cancelled first.
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
