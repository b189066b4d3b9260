/// What this machine can do at most, measured: the limits that the engine's figures are shares of.
struct MachineLimits: Encodable, Sendable {
    struct Read: Encodable, Sendable {
        let level: MemoryLevel
        let threads: ThreadChoice
        let bytesPerSecond: Figure
    }

    struct Product: Encodable, Sendable {
        let dimension: Int
        let threads: ThreadChoice
        let operationsPerSecond: Figure
    }

    struct Scan: Encodable, Sendable {
        let kernel: String
        let dimension: Int
        let place: ScanProbe.Place
        let queries: Int
        let threads: ThreadChoice
        let multiplyAddsPerSecond: Figure
        let bytesPerSecond: Figure
    }

    /// Of threads that never wait, each on a core of its own where there are as many.
    struct Pauses: Encodable, Sendable {
        let threads: ThreadChoice
        let longestSeconds: Double
        /// Of at least a millisecond, of one thread.
        let longPausesPerSecond: Double
        /// In pauses of any length.
        let shareOfTime: Double
    }

    let machine: Machine
    /// The scan kernel that this process chose.
    let scanKernel: String
    var reads: [Read] = []
    var products: [Product] = []
    var scans: [Scan] = []
    var pauses: [Pauses] = []
    /// Of everything that was read and computed.
    var checksum: UInt64 = 0

    /// Bytes a second from a level, or nil where it was not measured.
    func bandwidth(_ level: MemoryLevel, _ threads: ThreadChoice) -> Double? {
        reads.first { $0.level == level && $0.threads == threads }?.bytesPerSecond.best
    }

    /// Multiply-adds of float32 a second through BLAS.
    func productPeak(dimension: Int, _ threads: ThreadChoice) -> Double? {
        products.first { $0.dimension == dimension && $0.threads == threads }
            .map { $0.operationsPerSecond.best / 2 }
    }

    /// Multiply-adds of codes a second by a kernel, at the number of queries that suits it best.
    func scanPeak(kernel: String, dimension: Int, _ threads: ThreadChoice) -> Double? {
        scans.filter { $0.kernel == kernel && $0.dimension == dimension && $0.threads == threads }
            .map(\.multiplyAddsPerSecond.best).max()
    }
}
