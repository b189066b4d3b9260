/// Checks the closed loops that follow a refusal, and their distribution over threads.
enum ClosedLoopsCheck {
    private static let connections = 50

    static func run() -> [Check] { [steps(), shares()] }

    private static func steps() -> Check {
        let wanted: [(inFlight: Int, refused: Int, threads: Int, next: Int?)] = [
            (800, 0, 1, nil), (800, 1, 1, 400), (25, 7, 1, 12), (3, 7, 1, 1), (2, 7, 1, 1), (1, 7, 1, nil),
            (16, 7, 8, 8), (15, 7, 8, nil), (8, 7, 8, nil),
        ]
        let differences = wanted.compactMap { step in
            let found = ClosedLoops.next(after: step.inFlight, refused: step.refused, threads: step.threads)
            return found == step.next
                ? nil
                : "after \(step.inFlight) with \(step.refused) refused and \(step.threads) threads "
                    + "\(found.map(String.init) ?? "none"), wanted \(step.next.map(String.init) ?? "none")"
        }
        return Check(
            none: "closed loops with a wrong number of requests in flight after a refusal",
            found: differences.count,
            example: differences.first)
    }

    private static func shares() -> Check {
        var differences: [String] = []
        for threads in [1, 2, 3, 8, connections] {
            for inFlight in [threads, 25, 51, 150, 799] where inFlight >= threads {
                let shares = (0..<threads).map { Self.share(of: inFlight, LoadShare($0, of: threads)) }
                if shares.reduce(0, +) != inFlight || shares.contains(0) {
                    differences.append("\(threads) threads: \(shares) in flight, wanted \(inFlight)")
                }
            }
        }
        return Check(
            none: "closed loops whose shares of several threads are not the whole",
            found: differences.count, example: differences.first)
    }

    private static func share(of inFlight: Int, _ share: LoadShare) -> Int {
        let loop = LoadLoop.closed(inFlight: inFlight)
        switch loop.pacing(seconds: 1, connections: connections, share: share) {
        case .closed(let inFlight), .open(_, let inFlight): return inFlight
        }
    }
}
