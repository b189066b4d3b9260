import Dispatch
import KindredDomain
import KindredQuery
import TestSupport

/// The result of a look-alike expansion, and the stages it took.
struct DrivenExpansion {
    var audience: Audience
    var seeds: SeedSet
    var rowsScanned: UInt64
    var rowsEligible: UInt64
    var stages: Set<LookalikeExpansion.Stage>

    /// Whether all rows were scored.
    var scoredAll: Bool { stages.contains(.scoring) }
    /// Whether the codes were scanned.
    var scannedCodes: Bool { stages.contains(.sieving) }
}

/// Runs an expansion to its end. The units of its phases go to several workers at random, or to as many threads at
/// once.
func expand(
    _ request: LookalikeRequest, seeds: IDList, _ generation: Generation, rule: SelectionRule,
    using generator: inout SeededGenerator
) throws -> DrivenExpansion {
    var expansion = try LookalikeExpansion(
        request: request, generation: generation, limits: .standard, rule: rule)
    try expansion.insert(seeds, 0..<seeds.count)
    let workerCount = Int.random(in: 1...3, using: &generator)
    let isParallel = Int.random(in: 0..<4, using: &generator) == 0
    let scratches = (0..<workerCount).map { _ in ScanScratch() }
    var stages: Set<LookalikeExpansion.Stage> = []
    while true {
        let progress = try expansion.step()
        if let stage = expansion.stage { stages.insert(stage) }
        switch progress {
        case .working: break
        case .waiting(on: let work):
            if isParallel {
                DispatchQueue.concurrentPerform(iterations: workerCount) { _ in
                    let scratch = ScanScratch()
                    while work.work(scratch: scratch) {}
                }
            } else {
                // The next step may come before all units are done, as on an event loop.
                for _ in 0..<Int.random(in: 1...50, using: &generator) {
                    _ = work.work(scratch: scratches.randomElement(using: &generator)!)
                }
            }
        case .done(let audience):
            return DrivenExpansion(
                audience: audience, seeds: expansion.seeds, rowsScanned: expansion.rowsScanned,
                rowsEligible: expansion.rowsEligible, stages: stages)
        }
    }
}
