/// What decides when a request of a load is sent.
enum Pacing {
    /// So many requests in flight, evenly over the connections; each answered one is followed by the next.
    case closed(inFlight: Int)
    /// Each at its time, unless `inFlightMax` requests are in flight.
    case open(Arrivals, inFlightMax: Int)
}
