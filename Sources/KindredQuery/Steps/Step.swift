/// The state of longer work after one step of it.
package enum Step<Output> {
    /// There is more to do: call again.
    case working
    /// The current phase is cut into units: take some of them, or let other threads do so, then call again. Each phase
    /// has an object of its own.
    case waiting(on: any SharedWork)
    /// The work is over.
    case done(Output)

    /// This step as a step of the work that it is a part of: when the part is done, calls `next` with its output and
    /// goes on working.
    @inline(__always)
    func then<Whole, Failure: Error>(
        _ next: (Output) throws(Failure) -> Void
    ) throws(Failure) -> Step<Whole> {
        switch self {
        case .working: return .working
        case .waiting(on: let work): return .waiting(on: work)
        case .done(let output):
            try next(output)
            return .working
        }
    }
}

extension Step: Sendable where Output: Sendable {}
