import KindredTerminal

/// What is reported of how well an open loop kept its times.
struct OpenLoopFigures: Encodable, Sendable {
    /// Requests per second that were asked for.
    let offeredRate: Double
    /// Requests per second whose time came: the same but for chance.
    let dueRate: Double
    /// Requests that the limit in flight held back, and further ones that it held back until the end.
    let late: Int
    let unsent: Int
    /// The most that were in flight; of several threads the sum of each one's most.
    let inFlightMax: Int
    /// Milliseconds from a request's time until it was sent.
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
