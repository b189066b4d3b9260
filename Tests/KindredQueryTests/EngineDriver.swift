import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import TestSupport

extension Generation {
    /// A generation over rows at hand, whose ids are 0, 3, 6, ...
    static func sample(
        items: [[Float]]? = nil, users: [[Float]]? = nil, metric: Similarity,
        itemCatalog: CatalogColumns? = nil
    ) throws -> Generation {
        func table(_ side: Side, _ rows: [[Float]]) throws -> VectorTable {
            try VectorTable(
                side: side, ids: IDTable(ids: .numbers(rows.indices.map { UInt64($0) * 3 })),
                dimension: rows[0].count, elements: rows.flatMap { $0 }, metric: metric)
        }
        let manifest = Manifest(
            model: ModelName("sample")!, version: 1, created: "2000-01-01T00:00:00Z", metric: metric,
            dimension: (items ?? users)![0].count, fingerprint: Array(repeating: 1, count: 16),
            trainingID: nil,
            items: items.map { Manifest.Rows(count: UInt64($0.count), idKind: .number) },
            users: users.map { Manifest.Rows(count: UInt64($0.count), idKind: .number) }, files: [])
        let version = LoadedVersion(
            name: ModelName("sample")!, version: 1, directory: "", manifest: manifest,
            items: try items.map { try table(.items, $0) }, users: try users.map { try table(.users, $0) },
            catalogPath: nil)
        return try Generation(version: version, itemCatalog: itemCatalog, userCatalog: nil) { _, _ in }
    }
}

/// Plans and answers a request, the units of its scan dealt to several workers at random.
func answer(
    _ request: RecommendRequest, _ generation: Generation, workerCount: Int = 1,
    using generator: inout SeededGenerator
) throws -> RecommendResponse {
    var planner = try RecommendPlanner(request: request, generation: generation)
    while try !planner.step(idCount: Int.random(in: 1...100, using: &generator)) {}
    let plan = planner.finish()
    let batch = ScanBatch(
        generation: generation, target: generation.side(plan.target)!, queries: plan.queries)
    let scratch = ScanScratch()
    var workers = (0..<workerCount).map { _ in batch.makeWorker() }
    while batch.work(&workers[Int.random(in: 0..<workerCount, using: &generator)], scratch: scratch) {}
    let completing = workers.map { batch.deposit($0) }
    precondition(completing.count { $0 } == 1, "exactly one deposit completes a batch")
    var answer = RecommendAnswer(
        plan: plan, best: batch.takeSelections(),
        rowsScanned: plan.queries.indices.map(batch.rowsScanned(query:)))
    while !answer.step(resultCount: Int.random(in: 1...500, using: &generator)) {}
    return answer.finish()
}

/// Runs a look-alike expansion to its end on this thread.
func expand(
    _ request: LookalikeRequest, seeds: IDList, _ generation: Generation
) throws -> (audience: Audience, seeds: SeedSet) {
    var expansion = try LookalikeExpansion(request: request, generation: generation, limits: .standard)
    try expansion.insert(seeds, 0..<seeds.count)
    let scratch = ScanScratch()
    while true {
        switch try expansion.step() {
        case .working: break
        case .scanning(let scan): while scan.work(scratch: scratch) {}
        case .finished(let audience): return (audience, expansion.seeds)
        }
    }
}

extension Audience {
    /// Numeric ids; empty for texts.
    var numbers: [UInt64] {
        guard case .numbers(let memory) = ids else { return [] }
        return Array(memory.bytes.bindMemory(to: UInt64.self).prefix(count))
    }
}
