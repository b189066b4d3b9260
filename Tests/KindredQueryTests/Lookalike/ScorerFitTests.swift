import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// The weight vectors of scorers: against their formulas in plain dense code, and the same bits on any way.
@Suite struct ScorerFitTests {
    private typealias Seeds = [(row: Int, weight: Double)]

    /// The kernels that this CPU can run.
    static let kernels = ["portable", "avx2"].compactMap { TriangleKernels.named($0) }

    private static let alpha = 3.0
    private static let lambda = 0.5

    private func seeds(
        count: Int, of rowCount: Int, weighted: Bool, using generator: inout SeededGenerator
    ) -> Seeds {
        let rows = Array(0..<rowCount).shuffled(using: &generator).prefix(count).sorted()
        return rows.enumerated().map { index, row in
            guard weighted else { return (row, 1) }
            let weight = [1, 0.25, 2.5, -1, -0.5].randomElement(using: &generator)!
            return (row, index == 0 ? 1 : weight)
        }
    }

    /// In any order, some of them again with a weight nearer to 0.
    private func weightedSeeds(
        _ seeds: Seeds, rowCount: Int, using generator: inout SeededGenerator
    ) throws -> WeightedSeeds {
        var all = seeds.map { (row: UInt32($0.row), weight: Float($0.weight)) }
        for seed in all where Int.random(in: 0..<3, using: &generator) == 0 {
            all.append((seed.row, seed.weight / 2))
            all.append((seed.row, -seed.weight.magnitude))
            if seed.weight < 0 { all.removeLast() }
        }
        return try WeightedSeeds(all.shuffled(using: &generator), rowCount: rowCount)
    }

    private func input(
        _ generation: Generation, _ seeds: WeightedSeeds, foldIn: FoldInParameters?,
        kernels: TriangleKernels = .chosen
    ) -> FitInput {
        FitInput(
            seeds: seeds, users: generation.users!.table, statistics: generation.userStatistics!,
            foldIn: foldIn,
            kernels: kernels)
    }

    /// The float64 weight vector, made in steps of any size.
    private func weights(
        _ scorer: Scorer, _ input: FitInput, using generator: inout SeededGenerator
    ) throws(ScorerFailure) -> [Double] {
        let fit = try ScorerFit.fit(scorer, input)
        let budgetMax = [1, 100, 5_000, 65_536, 10_000_000].randomElement(using: &generator)!
        while true {
            let step = try fit.step(budget: Int.random(in: 1...budgetMax, using: &generator))
            if case .done(let weights) = step { return weights }
        }
    }

    /// The distance of two vectors in lengths of the second. Elements are about 1, so that a vector far below is one
    /// of seeds that cancel, and stands for 0.
    private func difference(_ a: [Double], _ b: [Double]) -> Double {
        func length(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        guard length(b) > 1e-9 else { return length(a) > 1e-9 ? .infinity : 0 }
        return length(zip(a, b).map { $0 - $1 }) / length(b)
    }

    private func ids(_ count: Int) -> [PopulationOracle.ID] { (0..<count).map { .number(UInt64($0) * 3) } }

    @Test func everyScorerIsItsFormula() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<(isOptimised ? 150 : 25) {
            let shape = [VectorShape.flat, .oneSided, .integers, .duplicated].randomElement(
                using: &generator)!
            let dimension = Int.random(in: 1...(Bool.random(using: &generator) ? 9 : 40), using: &generator)
            let rowCount = Int.random(in: 60...600, using: &generator)
            let rows = shape.rows(count: rowCount, dimension: dimension, using: &generator)
            let generation = try Generation.sample(users: rows, metric: .dot)
            let oracle = ScorerOracle(rows: rows, ids: ids(rowCount))
            let isWeighted = Bool.random(using: &generator)
            let seeds = seeds(
                count: Int.random(in: 1...50, using: &generator), of: rowCount, weighted: isWeighted,
                using: &generator)
            let given =
                isWeighted
                ? try weightedSeeds(seeds, rowCount: rowCount, using: &generator)
                : unweighted(seeds, rowCount: rowCount)
            let settings = try FoldInParameters(alpha: Self.alpha, lambda: Self.lambda)
            let foldIn = Bool.random(using: &generator) ? settings : nil
            for scorer in Scorer.allCases where scorer != .centroid {
                guard scorer != .foldin || foldIn != nil else { continue }
                let wanted =
                    switch scorer {
                    case .centroid, .contrast: oracle.contrast(seeds)
                    case .foldin: oracle.foldin(seeds, alpha: Self.alpha, lambda: Self.lambda)
                    case .logistic: oracle.logistic(seeds)
                    case .blend: oracle.blend(seeds, alpha: foldIn?.alpha, lambda: Self.lambda)
                    }
                var all: Set<[UInt64]> = []
                for kernels in Self.kernels {
                    let input = input(generation, given, foldIn: foldIn, kernels: kernels)
                    for _ in 0..<2 {
                        let found = try weights(scorer, input, using: &generator)
                        all.insert(found.map(\.bitPattern))
                        #expect(
                            difference(found, wanted) <= (scorer == .logistic ? 1e-6 : 1e-9),
                            "\(scorer), \(shape), \(rowCount) x \(dimension), \(seeds.count) seeds")
                    }
                }
                #expect(all.count == 1, "\(scorer) has the same bits on any way")
            }
        }
    }

    private func unweighted(_ seeds: Seeds, rowCount: Int) -> WeightedSeeds {
        var rows = Bitmap(count: rowCount)
        for seed in seeds { rows[seed.row] = true }
        return WeightedSeeds(rows: rows, count: seeds.count)
    }

    /// More seeds than a logistic regression takes, more users than the sample has.
    @Test func manySeeds() throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 20_000, dimension: 3, using: &generator)
        let generation = try Generation.sample(users: rows, metric: .dot)
        let oracle = ScorerOracle(rows: rows, ids: ids(rows.count))
        for weighted in [false, true] {
            let seeds = seeds(count: 5_000, of: rows.count, weighted: weighted, using: &generator)
            let given = try weightedSeeds(seeds, rowCount: rows.count, using: &generator)
            let found = try weights(.logistic, input(generation, given, foldIn: nil), using: &generator)
            #expect(difference(found, oracle.logistic(seeds)) <= 1e-6)
        }
    }

    /// A seed of weight 1 in a list without weights and one in a list of weights.
    @Test func weightsOfOneChangeNothing() throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 300, dimension: 10, using: &generator)
        let generation = try Generation.sample(users: rows, metric: .dot)
        let seeds = seeds(count: 40, of: 300, weighted: false, using: &generator)
        let settings = try FoldInParameters(alpha: Self.alpha, lambda: Self.lambda)
        for scorer in Scorer.allCases {
            var vectors: Set<[UInt32]> = []
            for given in [
                unweighted(seeds, rowCount: 300),
                try weightedSeeds(seeds, rowCount: 300, using: &generator),
            ] {
                var fit = try ScorerFit(scorer, input(generation, given, foldIn: settings))
                var vector: QueryVector?
                while vector == nil {
                    let step = try fit.step(budget: Int.random(in: 1...500, using: &generator))
                    if case .done(let found) = step { vector = found }
                }
                vectors.insert(vector!.bits(dimension: 10))
                if scorer == .centroid {
                    let mean = Oracle(rows: rows).mean(seeds.map(\.row))
                    #expect(vector!.bits(dimension: 10) == mean.map(\.bitPattern))
                } else {
                    let weights = try weights(
                        scorer, input(generation, given, foldIn: settings), using: &generator)
                    #expect(vector!.bits(dimension: 10) == weights.map { Float($0).bitPattern })
                }
            }
            #expect(vectors.count == 1, "\(scorer)")
        }
    }

    @Test func seedsThatRepeat() throws {
        let seeds = try WeightedSeeds(
            [(5, 1), (2, -3), (5, -2), (2, 3), (9, 0.5), (5, 2), (9, 0.5)], rowCount: 10)
        #expect(seeds.count == 3 && seeds.weights == [3, 2, 0.5])
        #expect((0..<10).filter { seeds.rows[$0] } == [2, 5, 9])
    }
}
