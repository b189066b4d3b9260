import Dispatch
import KindredDomain
import KindredQuery
import TestSupport

/// A look-alike expansion that was run to its end, and how.
struct DrivenExpansion {
    var audience: Audience
    var seeds: SeedSet
    var rowsScanned: UInt64
    var rowsEligible: UInt64
    /// What it came through.
    var stages: Set<LookalikeExpansion.Stage>

    /// Whether everybody was scored.
    var scoredEverybody: Bool { stages.contains(.scoring) }
    /// Whether the codes were scanned.
    var scannedCodes: Bool { stages.contains(.sieving) }
}

/// Runs an expansion to its end. The units of its phases are dealt to several workers at random, or taken by as many
/// threads at once.
func expand(
    _ request: LookalikeRequest, seeds: IDList, _ generation: Generation, rule: AudienceRule,
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
        case .scanning(let work):
            if isParallel {
                DispatchQueue.concurrentPerform(iterations: workerCount) { _ in
                    let scratch = ScanScratch()
                    while work.work(scratch: scratch) {}
                }
            } else {
                // The expansion is asked again before its units are done, as a loop does.
                for _ in 0..<Int.random(in: 1...50, using: &generator) {
                    _ = work.work(scratch: scratches.randomElement(using: &generator)!)
                }
            }
        case .finished(let audience):
            return DrivenExpansion(
                audience: audience, seeds: expansion.seeds, rowsScanned: expansion.rowsScanned,
                rowsEligible: expansion.rowsEligible, stages: stages)
        }
    }
}
