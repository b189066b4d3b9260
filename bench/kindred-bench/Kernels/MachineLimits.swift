/// The measured limits of this machine. The engine's figures are given as shares of them.
struct MachineLimits: Encodable, Sendable {
    struct Read: Encodable, Sendable {
        let level: MemoryLevel
        let threads: ThreadChoice
        let bytesPerSecond: Rate
    }

    struct Product: Encodable, Sendable {
        let dimension: Int
        let threads: ThreadChoice
        let operationsPerSecond: Rate
    }

    struct Scan: Encodable, Sendable {
        let kernel: String
        let dimension: Int
        let place: ScanProbe.Place
        let queries: Int
        let threads: ThreadChoice
        let multiplyAddsPerSecond: Rate
        let bytesPerSecond: Rate
    }

    /// Pauses of threads that never wait, each on a core of its own where there are enough.
    struct Pauses: Encodable, Sendable {
        let threads: ThreadChoice
        let longestSeconds: Double
        /// Pauses of at least a millisecond, per second of one thread.
        let longPausesPerSecond: Double
        /// Share of the time spent in pauses.
        let shareOfTime: Double
    }

    let machine: Machine
    /// The scan kernel chosen in this process.
    let scanKernel: String
    var reads: [Read] = []
    var products: [Product] = []
    var scans: [Scan] = []
    var pauses: [Pauses] = []
    /// Checksum of all data read and computed.
    var checksum: UInt64 = 0

    /// Bytes per second from a level; nil where it was not measured.
    func bandwidth(_ level: MemoryLevel, _ threads: ThreadChoice) -> Double? {
        reads.first { $0.level == level && $0.threads == threads }?.bytesPerSecond.best
    }

    /// Float32 multiply-adds per second through BLAS; nil where not measured.
    func productPeak(dimension: Int, _ threads: ThreadChoice) -> Double? {
        products.first { $0.dimension == dimension && $0.threads == threads }
            .map { $0.operationsPerSecond.best / 2 }
    }

    /// Int8 multiply-adds per second of a kernel at its best number of queries; nil where not measured.
    func scanPeak(kernel: String, dimension: Int, _ threads: ThreadChoice) -> Double? {
        scans.filter { $0.kernel == kernel && $0.dimension == dimension && $0.threads == threads }
            .map(\.multiplyAddsPerSecond.best).max()
    }
}

/// A rate per second.
struct Rate: Encodable, Sendable {
    /// Of the fastest round: the machine's limit.
    let best: Double
    let median: Double
    /// The interquartile range of the rounds as a share of the median.
    let spread: Double

    /// The rate of work with `perCall` units per call.
    init(perCall: Double, samples: Samples) {
        best = perCall / samples.best
        median = perCall / samples.median
        spread = samples.spread
    }
}
