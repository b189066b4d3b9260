import KindredDomain
import KindredModel
import KindredQuery
import TestSupport

extension Generation {
    /// A generation of given rows, whose ids are 0, 3, 6, ...
    static func sample(
        items: [[Float]]? = nil, users: [[Float]]? = nil, metric: Similarity,
        itemCatalog: CatalogColumns? = nil, seen: [[UInt32]]? = nil, number: UInt64 = 1,
        release: @escaping @Sendable (GenerationSide?, GenerationSide?) -> Void = { _, _ in }
    ) throws -> Generation {
        func table(_ side: Side, _ rows: [[Float]]) throws -> VectorTable {
            try VectorTable(
                side: side, ids: IDTable(ids: .numbers(rows.indices.map { UInt64($0) * 3 })),
                dimension: rows[0].count, elements: rows.flatMap { $0 }, metric: metric)
        }
        let manifest = Manifest(
            model: ModelName("sample")!, version: number, created: "2000-01-01T00:00:00Z", metric: metric,
            dimension: (items ?? users)![0].count, fingerprint: Array(repeating: 1, count: 16),
            trainingID: nil,
            items: items.map { Manifest.Rows(count: UInt64($0.count), idKind: .number) },
            users: users.map { Manifest.Rows(count: UInt64($0.count), idKind: .number) }, files: [])
        let version = try LoadedVersion(
            name: ModelName("sample")!, version: number, directory: "", manifest: manifest,
            items: try items.map { try table(.items, $0) }, users: try users.map { try table(.users, $0) },
            seen: try seen.map { try SeenPairs(lists: $0, itemCount: items!.count) }, catalogPath: nil)
        return try Generation(
            version: version, itemCatalog: itemCatalog, userCatalog: nil, release: release)
    }
}

/// Plans and answers a request. The units of its scan go to several workers at random.
func answer(
    _ request: RecommendRequest, _ generation: Generation, scan: ScanMode = .auto, workerCount: Int = 1,
    using generator: inout SeededGenerator
) throws -> RecommendResponse {
    let planner = try RecommendPlanner(request: request, generation: generation, scan: scan)
    var planned: RecommendPlan?
    while planned == nil {
        if case .done(let plan) = try planner.step(idCount: Int.random(in: 1...100, using: &generator)) {
            planned = plan
        }
    }
    let plan = planned!
    let batch = ScanBatch(
        generation: generation, target: generation.side(plan.target)!, queries: plan.queries,
        rowsBeforeWaiting: [0, 2_000, ScanBatch.rowsBeforeWaiting].randomElement(using: &generator)!)
    let found = runScan(batch, workerCount: workerCount, using: &generator)
    var answer = RecommendAnswer(plan: plan, found: found[...])
    while true {
        let step = answer.step(resultCount: Int.random(in: 1...500, using: &generator))
        if case .done(let response) = step { return response }
    }
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
