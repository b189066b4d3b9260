/// How well an open loop kept its times.
struct OpenLoopTally: Sendable {
    /// Requests whose time came.
    var due = 0
    /// Requests that were due while as many as allowed were in flight, and sent once there was room.
    var late = 0
    /// Requests that were due before the end and not sent until then, for the same reason.
    var unsent = 0
    /// Of several threads the sum, each at the time of its own most.
    var inFlightMax = 0
    /// From a request's time until its bytes were given to the connection: how late the generator was.
    var sendDelay = Histogram()

    /// Counts what another thread has counted.
    mutating func merge(_ other: OpenLoopTally) {
        due += other.due
        late += other.late
        unsent += other.unsent
        inFlightMax += other.inFlightMax
        sendDelay.merge(other.sendDelay)
    }
}
