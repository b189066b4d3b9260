import KindredTerminal

/// Counts how punctually an open loop sent its requests.
struct OpenLoopTally: Sendable {
    /// Requests whose send time has come.
    var due = 0
    /// Requests delayed by the limit in flight and sent later.
    var late = 0
    /// Requests never sent before the end because of the limit in flight.
    var unsent = 0
    /// Most requests in flight. For several threads the sum of their maxima.
    var inFlightMax = 0
    /// From a request's planned time to handing its bytes to the connection.
    var sendDelay = Histogram()

    /// Adds another thread's counts.
    mutating func merge(_ other: OpenLoopTally) {
        due += other.due
        late += other.late
        unsent += other.unsent
        inFlightMax += other.inFlightMax
        sendDelay.merge(other.sendDelay)
    }
}

/// Reported figures of an open loop's punctuality.
struct OpenLoopFigures: Encodable, Sendable {
    /// Requested rate per second.
    let offeredRate: Double
    /// Rate of requests that came due; differs from the requested rate by chance alone.
    let dueRate: Double
    /// Requests that the limit in flight delayed, and those it delayed until the end.
    let late: Int
    let unsent: Int
    /// Most requests in flight; for several threads the sum of their maxima.
    let inFlightMax: Int
    /// Milliseconds from the planned time to sending.
    let sendDelay: LatencyFigures

    init(_ tally: OpenLoopTally, offeredRate: Double, seconds: Double) {
        self.offeredRate = offeredRate
        dueRate = Double(tally.due) / seconds
        late = tally.late
        unsent = tally.unsent
        inFlightMax = tally.inFlightMax
        sendDelay = LatencyFigures(tally.sendDelay)
    }

    var line: String {
        let held =
            late + unsent == 0
            ? "none was held back"
            : "the limit in flight held \(late.groupedDigits) back and \(unsent.groupedDigits) more until "
                + "the end, which are in no percentile"
        return "\(inFlightMax.groupedDigits) in flight at most; \(held); sent after their time: p50 "
            + "\(sendDelay.p50.fixed(3)) ms, p99 \(sendDelay.p99.fixed(3)) ms"
    }
}
