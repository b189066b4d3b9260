import KindredTerminal

/// Pieces of work measured in turn, A B C A B C, so that whatever disturbs the machine disturbs all of them.
struct Interleaved: Sendable {
    /// Something that is measured: `sample` repeats its work for about so many seconds and returns what once took.
    struct Contender {
        let sample: (_ seconds: Double) throws -> Double

        /// Work of this process. The first sample warms it and finds out how often it fits.
        static func work(_ work: @escaping () throws -> Void) -> Contender {
            var once: Double?
            return Contender { seconds in
                if once == nil {
                    try work()
                    once = try Interleaved.seconds { try work() }
                }
                let count = Int(min(max(1, seconds / max(once ?? seconds, 1e-9)), 1e9))
                let all = try Interleaved.seconds { for _ in 0..<count { try work() } }
                return all / Double(count)
            }
        }
    }

    /// Times that each piece is measured.
    let rounds: Int
    /// A measurement repeats its work until about this many seconds have passed.
    let secondsPerSample: Double

    /// Measures each contender in every round. The results are in the order of `contenders`.
    func run(_ contenders: [Contender], progress: (_ done: Double) -> Void = { _ in }) throws -> [Samples] {
        var samples = Array(repeating: Samples(), count: contenders.count)
        for round in 0..<rounds {
            for (index, contender) in contenders.enumerated() {
                progress(Double(round * contenders.count + index) / Double(rounds * contenders.count))
                samples[index].append(try contender.sample(secondsPerSample))
            }
        }
        return samples
    }

    /// The same for work of this process.
    func run(_ works: [() throws -> Void], progress: (_ done: Double) -> Void = { _ in }) throws -> [Samples]
    {
        try run(works.map { Contender.work($0) }, progress: progress)
    }

    /// How long a piece of work takes.
    static func seconds(_ work: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try work()
        return (ContinuousClock.now - start).inSeconds
    }
}
