import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import TestSupport

extension Generation {
    /// A generation of given rows, whose ids are 0, 3, 6, ...
    static func sample(
        items: [[Float]]? = nil, users: [[Float]]? = nil, metric: Similarity,
        itemCatalog: CatalogColumns? = nil, userCatalog: CatalogColumns? = nil, seen: [[UInt32]]? = nil,
        popularityColumn: String? = nil, foldIn: FoldInParameters? = nil, filterCacheByteCount: Int = 0,
        filterMasks: FilterMaskStore? = nil, number: UInt64 = 1,
        release: @escaping @Sendable (GenerationSide?, GenerationSide?) -> Void = { _, _ in }
    ) throws -> Generation {
        func table(_ side: Side, _ rows: [[Float]]) throws -> VectorTable {
            try VectorTable(
                side: side, ids: IDTable(ids: .numbers(rows.indices.map { UInt64($0) * 3 })),
                dimension: rows[0].count, elements: rows.flatMap { $0 }, metric: metric)
        }
        var manifest = Manifest(
            model: ModelName("sample")!, version: number, created: "2000-01-01T00:00:00Z", metric: metric,
            dimension: (items ?? users)![0].count, fingerprint: Array(repeating: 1, count: 16),
            trainingID: nil,
            items: items.map { Manifest.Rows(count: UInt64($0.count), idKind: .number) },
            users: users.map { Manifest.Rows(count: UInt64($0.count), idKind: .number) }, files: [])
        manifest.popularityColumn = popularityColumn
        let version = try LoadedVersion(
            name: ModelName("sample")!, version: number, directory: "", manifest: manifest,
            items: try items.map { try table(.items, $0) }, users: try users.map { try table(.users, $0) },
            seen: try seen.map { try SeenPairs(lists: $0, itemCount: items!.count) }, catalogPath: nil)
        let factors = try foldIn.map {
            try FoldInFactors(
                items: version.items!, parameters: $0, file: "manifest.json",
                with: LoadResources(threads: .eager, memory: nil))
        }
        return try Generation(
            version: version, itemCatalog: itemCatalog, userCatalog: userCatalog,
            popularity: try Popularity.of(version, catalog: itemCatalog), foldInFactors: factors,
            filterMasks: filterMasks ?? FilterMaskStore(byteCountMax: filterCacheByteCount), release: release)
    }
}

/// Plans and answers a request. The units of its scan go to several workers at random.
func answer(
    _ request: RecommendRequest, _ generation: Generation, scan: ScanMode = .auto,
    kernel: ScanKernel = .chosen, workerCount: Int = 1, using generator: inout SeededGenerator
) throws -> RecommendResponse {
    let planner = try RecommendPlanner(request: request, generation: generation, scan: scan)
    var planned: RecommendPlan?
    while planned == nil {
        if case .done(let plan) = try planner.step(idCount: Int.random(in: 1...100, using: &generator)) {
            planned = plan
        }
    }
    let plan = planned!
    let found = runScan(plan, kernel, workerCount: workerCount, using: &generator)
    let ranked =
        plan.needsRanking ? rank(plan, found, scan, kernel, workerCount: workerCount, using: &generator) : nil
    var answer = RecommendAnswer(plan: plan, found: found[...], ranked: ranked)
    while true {
        let step = answer.step(resultCount: Int.random(in: 1...500, using: &generator))
        if case .done(let response) = step { return response }
    }
}

/// Ranks what the scans of a plan have found, with further scans as long as the rank stage asks for them.
private func rank(
    _ plan: RecommendPlan, _ found: [ScanResult], _ scan: ScanMode, _ kernel: ScanKernel, workerCount: Int,
    using generator: inout SeededGenerator
) -> [RequestRanking.Ranked?] {
    var ranking = RequestRanking(plan, found: found, mode: scan)
    while true {
        switch ranking.step(budget: Int.random(in: 1...1_000, using: &generator)) {
        case .working: break
        case .needsRows(let fetch):
            ranking.take(runScan(plan.further(fetch), kernel, workerCount: workerCount, using: &generator))
        case .done(let ranked): return ranked
        }
    }
}

/// Scans the queries of a plan.
private func runScan(
    _ plan: RecommendPlan, _ kernel: ScanKernel, workerCount: Int, using generator: inout SeededGenerator
) -> [ScanResult] {
    let batch = ScanBatch(
        generation: plan.generation, target: plan.side, queries: plan.queries, kernel: kernel,
        rowsBeforeWaiting: [0, 2_000, ScanBatch.rowsBeforeWaiting].randomElement(using: &generator)!)
    return runScan(batch, workerCount: workerCount, using: &generator)
}

/// Scans a batch and its remainder on the BLAS path. The units go to several workers at random.
func runScan(
    _ batch: ScanBatch, workerCount: Int, using generator: inout SeededGenerator
) -> [ScanResult] {
    let scratch = ScanScratch()
    var workers = (0..<workerCount).map { _ in batch.makeWorker() }
    var busy = Array(0..<workerCount)
    while let position = busy.indices.randomElement(using: &generator) {
        if !batch.work(&workers[busy[position]], scratch: scratch) { busy.remove(at: position) }
    }
    let completing = workers.map { batch.deposit($0) }
    precondition(completing.count { $0 } == 1, "exactly one deposit completes a batch")
    var found = batch.takeResults()
    if let (rest, indices) = batch.makeRemainder() {
        let results = runScan(rest, workerCount: workerCount, using: &generator)
        for (index, result) in zip(indices, results) {
            found[index].replace(by: result)
        }
    }
    return found
}

extension Audience {
    /// Numeric ids; empty for texts.
    var numbers: [UInt64] {
        guard case .numbers(let memory) = ids else { return [] }
        return Array(memory.bytes.bindMemory(to: UInt64.self).prefix(count))
    }
}
