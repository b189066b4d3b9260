import KindredKernels

/// Measures a machine's limits, all probes in turn.
struct LimitProbes {
    /// Dimensions of the matrix products.
    var productDimensions: [Int]
    /// Dimensions of the scans.
    var scanDimensions: [Int]
    /// The scan kernels to measure.
    var kernels: [ScanKernel]
    var places: [ScanProbe.Place] = ScanProbe.Place.allCases
    var levels: [MemoryLevel] = MemoryLevel.allCases
    /// Multiply-adds in one call of a scan kernel.
    var productsPerCall = 50_000_000
    /// Duration of each pause measurement; zero for none.
    var pauseDuration = Duration.zero
    var interleaved: Interleaved

    func run(on machine: Machine, teams: ThreadTeams, progress: (String) -> Void = { _ in }) throws
        -> MachineLimits
    {
        var limits = MachineLimits(machine: machine, scanKernel: ScanKernel.chosen.name)
        measurePauses(&limits, teams, progress)
        try measureReads(&limits, teams, progress)
        try measureProducts(&limits, teams, progress)
        for dimension in scanDimensions { try measureScans(dimension, &limits, teams, progress) }
        return limits
    }

    private func measurePauses(
        _ limits: inout MachineLimits, _ teams: ThreadTeams, _ progress: (String) -> Void
    ) {
        guard pauseDuration > .zero else { return }
        progress("pauses")
        limits.pauses = ThreadChoice.distinct(on: limits.machine).map {
            PauseProbe(team: teams[$0], duration: pauseDuration).run()
        }
    }

    private func measureReads(
        _ limits: inout MachineLimits, _ teams: ThreadTeams, _ progress: (String) -> Void
    ) throws {
        var probes: [(level: MemoryLevel, threads: ThreadChoice, probe: ReadProbe)] = []
        for level in levels {
            for threads in ThreadChoice.distinct(on: limits.machine) {
                let team = teams[threads]
                guard let bytes = level.probeByteCount(threads: team.count, of: limits.machine) else {
                    continue
                }
                probes.append((level, threads, try ReadProbe(byteCount: bytes, team: team)))
            }
        }
        let samples = try interleaved.run(probes.flatMap(\.probe.works)) { progress(text("memory", $0)) }
        var next = samples[...]
        for (level, threads, probe) in probes {
            let count = probe.works.count
            limits.reads.append(
                .init(level: level, threads: threads, bytesPerSecond: probe.figure(Array(next.prefix(count))))
            )
            next = next.dropFirst(count)
            limits.checksum &+= probe.checksum
        }
    }

    private func measureProducts(
        _ limits: inout MachineLimits, _ teams: ThreadTeams, _ progress: (String) -> Void
    ) throws {
        var probes: [(threads: ThreadChoice, probe: ProductProbe)] = []
        for dimension in productDimensions {
            for threads in ThreadChoice.distinct(on: limits.machine) {
                probes.append((threads, try ProductProbe(dimension: dimension, team: teams[threads])))
            }
        }
        let samples = try interleaved.run(probes.flatMap(\.probe.works)) { progress(text("sgemm", $0)) }
        var next = samples[...]
        for (threads, probe) in probes {
            let count = probe.works.count
            limits.products.append(
                .init(
                    dimension: probe.dimension, threads: threads,
                    operationsPerSecond: probe.figure(Array(next.prefix(count)))))
            next = next.dropFirst(count)
            limits.checksum &+= probe.checksum
        }
    }

    private func measureScans(
        _ dimension: Int, _ limits: inout MachineLimits, _ teams: ThreadTeams, _ progress: (String) -> Void
    ) throws {
        struct Run {
            let kernel: ScanKernel
            let queries: Int
            let threads: ThreadChoice
            let probe: ScanProbe
        }
        var runs: [Run] = []
        var probes: [ScanProbe] = []
        for place in places {
            for threads in ThreadChoice.distinct(on: limits.machine) {
                let probe = try ScanProbe(
                    dimension: dimension, place: place, productsPerCall: productsPerCall,
                    team: teams[threads], machine: limits.machine)
                probes.append(probe)
                for kernel in kernels {
                    for queries in ScanProbe.queryCounts {
                        runs.append(Run(kernel: kernel, queries: queries, threads: threads, probe: probe))
                    }
                }
            }
        }
        let samples = try interleaved.run(
            runs.map { run in { run.probe.run(run.kernel, queryCount: run.queries) } }
        ) { progress(text("scan kernels", $0)) }
        for (run, samples) in zip(runs, samples) {
            limits.scans.append(
                .init(
                    kernel: run.kernel.name, dimension: dimension, place: run.probe.place,
                    queries: run.queries,
                    threads: run.threads,
                    multiplyAddsPerSecond: run.probe.products(samples, queryCount: run.queries),
                    bytesPerSecond: run.probe.bytes(samples, queryCount: run.queries)))
        }
        for probe in probes { limits.checksum &+= probe.checksum }
    }

    private func text(_ what: String, _ done: Double) -> String { "\(what): \(Int(done * 100)) %" }
}
