import Glibc
import KindredTerminal

/// Measures pieces of work in turn, A B C A B C, so that a disturbance of the machine affects all of them.
struct Interleaved: Sendable {
    /// A piece of work to measure. `sample` repeats it for about `seconds` and returns the time of one repetition.
    struct Contender {
        let sample: (_ seconds: Double) throws -> Double

        /// Work of this process. The first sample warms up and estimates the time of one repetition.
        static func work(_ work: @escaping () throws -> Void) -> Contender {
            timed(by: { try Interleaved.seconds($0) }, work)
        }

        /// Work of the calling thread alone, by the processor time that it takes: time of other threads and processes
        /// does not count.
        static func threadWork(_ work: @escaping () throws -> Void) -> Contender {
            timed(by: { try Interleaved.processorSeconds($0) }, work)
        }

        private static func timed(
            by clock: @escaping (() throws -> Void) throws -> Double, _ work: @escaping () throws -> Void
        ) -> Contender {
            var once: Double?
            return Contender { seconds in
                if once == nil {
                    try work()
                    once = try clock(work)
                }
                let count = Int(min(max(1, seconds / max(once ?? seconds, 1e-9)), 1e9))
                let all = try clock { for _ in 0..<count { try work() } }
                return all / Double(count)
            }
        }
    }

    /// Number of rounds.
    let rounds: Int
    /// Approximate seconds of one sample.
    let secondsPerSample: Double

    /// Measures each contender in every round. Results are in the order of `contenders`.
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

    /// Measures work of this process.
    func run(_ works: [() throws -> Void], progress: (_ done: Double) -> Void = { _ in }) throws -> [Samples]
    {
        try run(works.map { Contender.work($0) }, progress: progress)
    }

    /// Processor seconds that a piece of work of the calling thread takes.
    static func processorSeconds(_ work: () throws -> Void) rethrows -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
        }
        let start = now()
        try work()
        return now() - start
    }

    /// Seconds that a piece of work takes.
    static func seconds(_ work: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try work()
        return (ContinuousClock.now - start).inSeconds
    }
}
