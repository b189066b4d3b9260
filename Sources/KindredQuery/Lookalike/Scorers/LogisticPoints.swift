import KindredDomain
import KindredModel

/// The points of a logistic regression, which are chosen in steps: seeds in ascending order of rows, then the
/// background.
///
/// Of many seeds, those count whose ids have the least hashes, so that time and memory have a bound.
final class LogisticPoints {
    /// Seeds, at most.
    static let seedsMax = 4_096
    /// Users of the background, at most.
    static let backgroundMax = 2_048

    private enum Stage {
        case hashing
        case weighing
    }

    private(set) var rows: [UInt32] = []
    /// The weight of each seed; -1 for the background.
    private(set) var weights: [Double] = []
    /// The sums of the weights above 0, and of the absolute values of those below.
    private(set) var positiveWeight = 0.0
    private(set) var negativeWeight = 0.0
    private let input: FitInput
    private var walk: SeedWalk
    private var least = LeastHashes(countMax: seedsMax)
    /// The rows of the seeds that count, ascending; nil where all do.
    private var chosen: [UInt32]?
    private var stage: Stage

    init(_ input: FitInput) {
        self.input = input
        walk = SeedWalk(input.seeds)
        stage = input.seeds.count > Self.seedsMax ? .hashing : .weighing
    }

    /// Seeds and background.
    var count: Int { rows.count }

    var byteCount: Int {
        (rows.count + (chosen?.count ?? 0)) * MemoryLayout<UInt32>.stride
            + weights.count * MemoryLayout<Double>.stride
            + (input.seeds.count > Self.seedsMax
                ? 2 * Self.seedsMax * MemoryLayout<HashedRow>.stride : 0)
    }

    /// Goes on for as long as about `budget` multiply-adds take, which it counts down. True when all points are there.
    /// Throws where there are none of either kind.
    func choose(_ budget: inout Int) throws(ScorerFailure) -> Bool {
        while budget > 0 {
            let seedCount = max(1, budget / SeedWalk.fetchCost)
            budget -= SeedWalk.fetchCost * seedCount
            switch stage {
            case .hashing:
                let ids = input.users.ids
                guard walk.next(seedCount, { row, _ in least.insert(ids.hashed(row)) }) else { continue }
                chosen = least.finish().map(\.row).sorted()
                walk = SeedWalk(input.seeds)
                stage = .weighing
            case .weighing:
                guard walk.next(seedCount, { row, weight in take(row, Double(weight)) }) else { continue }
                try addBackground()
                return true
            }
        }
        return false
    }

    /// Takes a seed if it is one of those that count. Seeds come in ascending order.
    private func take(_ row: UInt32, _ weight: Double) {
        if let chosen, rows.count == chosen.count || chosen[rows.count] != row { return }
        add(row, weight)
    }

    private func add(_ row: UInt32, _ weight: Double) {
        rows.append(row)
        weights.append(weight)
        if weight > 0 { positiveWeight += weight } else { negativeWeight -= weight }
    }

    private func addBackground() throws(ScorerFailure) {
        guard positiveWeight > 0 else { throw .noPositiveSeed(.logistic) }
        let seedCount = rows.count
        for row in input.statistics.sample.withElements({ Array($0) })
        where !input.seeds.rows[Int(row)] && rows.count < seedCount + Self.backgroundMax {
            add(row, -1)
        }
        guard negativeWeight > 0 else { throw .noOtherUsers(.logistic) }
    }
}
