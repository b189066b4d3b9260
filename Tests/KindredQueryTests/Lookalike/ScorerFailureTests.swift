import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Seeds and populations that leave no weight vector, or a strange one: never a trap, never a number that is none.
@Suite struct ScorerFailureTests {
    private let settings: FoldInParameters

    init() throws { settings = try FoldInParameters(alpha: 2, lambda: 1) }

    private func input(
        _ rows: [[Float]], _ seeds: [(row: UInt32, weight: Float)], foldIn: FoldInParameters?,
        kernels: TriangleKernels = .chosen
    ) throws -> FitInput {
        let generation = try Generation.sample(users: rows, metric: .dot)
        return FitInput(
            seeds: try WeightedSeeds(seeds, rowCount: rows.count), users: generation.users!.table,
            statistics: generation.userStatistics!, foldIn: foldIn, kernels: kernels)
    }

    private func vector(_ scorer: Scorer, _ input: FitInput) throws(RequestFailure) -> [Float] {
        var fit = try ScorerFit(scorer, input)
        while true {
            if case .done(let vector) = try fit.step(budget: 10_000) {
                return vector.withElements { elements in
                    (0..<input.users.dimension).map { elements[$0] }
                }
            }
        }
    }

    private func isFinite(_ vector: [Float]) -> Bool { vector.allSatisfy { $0.isFinite } }

    private func failure(
        _ scorer: Scorer, _ rows: [[Float]], _ seeds: [(row: UInt32, weight: Float)],
        foldIn: FoldInParameters?
    ) throws -> ScorerFailure? {
        do {
            _ = try vector(scorer, try input(rows, seeds, foldIn: foldIn))
            return nil
        } catch let failure as RequestFailure {
            guard case .invalidArgument(.scorer(let found)) = failure else { throw failure }
            return found
        }
    }

    private static let square: [[Float]] = [[0, 0], [1, 0], [0, 1], [1, 1]]

    @Test func weightsThatAreNone() throws {
        for (index, value) in [(0, Float.nan), (1, .infinity), (1, -.infinity), (0, 0), (1, -0.0)] {
            var seeds: [(row: UInt32, weight: Float)] = [(0, 1), (1, 1)]
            seeds[index].weight = value
            let failure = #expect(throws: RequestFailure.self) { try WeightedSeeds(seeds, rowCount: 4) }
            guard case .invalidArgument(.scorer(.seedWeight(let seed, let found)))? = failure else {
                Issue.record("\(String(describing: failure))")
                continue
            }
            #expect(seed == index && found.bitPattern == value.bitPattern)
        }
    }

    @Test func whatAVersionDoesNotOffer() throws {
        #expect(try failure(.foldin, Self.square, [(1, 1)], foldIn: nil) == .foldInNotOffered)
        #expect(try failure(.blend, Self.square, [(1, 1)], foldIn: nil) == nil)
        #expect(ScorerFailure.foldInNotOffered.description.contains("alpha and lambda"))
    }

    @Test func seedsOfOneKind() throws {
        let negative: [(row: UInt32, weight: Float)] = [(1, -1), (3, -2)]
        #expect(try failure(.foldin, Self.square, negative, foldIn: settings) == .noPositiveSeed(.foldin))
        #expect(try failure(.logistic, Self.square, negative, foldIn: settings) == .noPositiveSeed(.logistic))
        // Away from the seeds: the blend is the contrast alone.
        let away = try vector(.contrast, input(Self.square, negative, foldIn: settings))
        #expect(away[0] < 0)
        let blend = try vector(.blend, input(Self.square, negative, foldIn: settings))
        #expect(blend[0] < 0 && blend[0] / blend[1] == away[0] / away[1])
        // All users are seeds.
        let all = (UInt32(0)..<4).map { (row: $0, weight: Float(1)) }
        #expect(try failure(.logistic, Self.square, all, foldIn: nil) == .noOtherUsers(.logistic))
        #expect(try failure(.contrast, Self.square, all, foldIn: nil) == .noDirection(.contrast))
        #expect(try failure(.blend, Self.square, all, foldIn: nil) == .noOtherUsers(.logistic))
        #expect(try failure(.blend, Self.square, all, foldIn: settings) == nil)
        // Both kinds, and nobody else.
        let both = (UInt32(0)..<4).map { (row: $0, weight: Float($0 == 3 ? 1 : -1)) }
        let found = try vector(.logistic, input(Self.square, both, foldIn: nil))
        #expect(found[0] > 0 && found[0] == found[1])
    }

    @Test func seedsThatCancel() throws {
        let opposite: [[Float]] = [[1, 2], [-1, -2], [1, -2], [-1, 2]]
        #expect(try failure(.contrast, opposite, [(0, 1), (1, 1)], foldIn: nil) == .noDirection(.contrast))
        #expect(try failure(.foldin, opposite, [(0, 1), (1, 1)], foldIn: settings) == .noDirection(.foldin))
        #expect(try failure(.logistic, opposite, [(0, 1), (1, 1)], foldIn: nil) == .noDirection(.logistic))
        #expect(try failure(.blend, opposite, [(0, 1), (1, 1)], foldIn: settings) == .noDirection(.blend))
        let centroid = try vector(.centroid, input(opposite, [(0, 1), (1, 1)], foldIn: nil))
        #expect(centroid == [0, 0])
    }

    /// More dimensions than users, columns that are equal or constant, and no ridge.
    @Test func singularProducts() throws {
        let bare = try FoldInParameters(alpha: 2, lambda: 0)
        let few: [[Float]] = [[1, 2, 3], [0, 1, 1]]
        #expect(try failure(.foldin, few, [(0, 1)], foldIn: bare) == .unsolvable(.foldin, equation: 2))
        let twins: [[Float]] = [[1, 1], [2, 2], [3, 3]]
        #expect(try failure(.foldin, twins, [(0, 1)], foldIn: bare) == .unsolvable(.foldin, equation: 1))
        #expect(
            try failure(.foldin, [[0, 0], [0, 0]], [(0, 1)], foldIn: bare)
                == .unsolvable(.foldin, equation: 0))
        // The ridge of the others is never 0 where users differ.
        for rows in [few, twins, [[1, 5], [2, 5], [3, 5]]] as [[[Float]]] {
            for scorer in [Scorer.contrast, .logistic, .blend] {
                let found = try vector(scorer, input(rows, [(0, 1)], foldIn: bare))
                #expect(isFinite(found), "\(scorer) \(rows)")
            }
        }
        // The blend does without the part that has no solution.
        let blend = try vector(.blend, input(twins, [(0, 1)], foldIn: bare))
        let others = try vector(.blend, input(twins, [(0, 1)], foldIn: nil))
        #expect(blend == others)
    }

    @Test func usersWhoAreAlike() throws {
        for rows in [[[3, 4]], [[0, 0], [0, 0]], [[0.5, 2], [0.5, 2]]] as [[[Float]]] {
            for scorer in [Scorer.contrast, .logistic, .blend] {
                let found = try failure(scorer, rows, [(0, 1)], foldIn: nil)
                let inner = scorer == .blend ? Scorer.contrast : scorer
                #expect(found == .noVariation(inner, variance: 0), "\(scorer) \(rows)")
            }
        }
        // Sums of what is no sum of powers of 2 leave rounding.
        let alike: [[Float]] = Array(repeating: [0.1, 0.7, 1e-3], count: 9_999)
        for scorer in [Scorer.contrast, .logistic, .blend] {
            guard case .noVariation(_, let variance)? = try failure(scorer, alike, [(5, 1)], foldIn: settings)
            else {
                Issue.record("\(scorer)")
                continue
            }
            #expect(variance.magnitude < 1e-12)
        }
        #expect(try vector(.foldin, input([[3, 4]], [(0, 1)], foldIn: settings))[0] > 0)
        #expect(try failure(.foldin, [[0, 0]], [(0, 1)], foldIn: settings) == .noDirection(.foldin))
    }

    @Test func hugeAndTinyNorms() throws {
        let huge = Float(0x1p59)
        let rows: [[Float]] = [[huge, 0], [0, huge], [-huge, 0], [0, -huge], [huge / 2, huge / 2]]
        for scorer in [Scorer.contrast, .logistic, .foldin, .blend] {
            let found = try vector(scorer, input(rows, [(0, 1), (1, 0.5)], foldIn: settings))
            #expect(isFinite(found) && found[0] > 0, "\(scorer)")
        }
        let tiny = rows.map { $0.map { $0 * 0x1p-130 } }
        for scorer in [Scorer.contrast, .logistic] {
            guard
                case .normTooLarge(scorer, let norm)? = try failure(scorer, tiny, [(0, 1)], foldIn: settings)
            else {
                Issue.record("\(scorer)")
                continue
            }
            #expect(norm > Limits.normMax)
        }
        #expect(try failure(.foldin, tiny, [(0, 1)], foldIn: settings) == nil)
    }

    /// Any shape, with extreme weights and settings: the same result on every kernel, a vector of numbers or a failure.
    @Test func anythingElseIsAVectorOrAFailure() throws {
        var generator = SeededGenerator.announced()
        var (vectors, failures) = (0, 0)
        for _ in 0..<(isOptimised ? 400 : 60) {
            let shape = VectorShape.allCases.randomElement(using: &generator)!
            let dimension = Int.random(in: 1...20, using: &generator)
            let count = Int.random(in: 1...60, using: &generator)
            let rows = shape.rows(count: count, dimension: dimension, using: &generator)
            let seeds = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                (
                    row: UInt32.random(in: 0..<UInt32(count), using: &generator),
                    weight: [1, -1, Float.greatestFiniteMagnitude, .leastNonzeroMagnitude, 1e-20, -1e20]
                        .randomElement(using: &generator)!
                )
            }
            let foldIn = try FoldInParameters(
                alpha: [1, 0x1p60, 1e-300].randomElement(using: &generator)!,
                lambda: [0, 1, 0x1p60].randomElement(using: &generator)!)
            for scorer in Scorer.allCases {
                var results: Set<String> = []
                for kernels in ScorerFitTests.kernels {
                    let fitInput = try input(rows, seeds, foldIn: foldIn, kernels: kernels)
                    do throws(RequestFailure) {
                        let found = try vector(scorer, fitInput)
                        #expect(isFinite(found), "\(scorer) \(shape)")
                        results.insert("\(found.map(\.bitPattern))")
                        vectors += 1
                    } catch {
                        #expect(!error.description.isEmpty)
                        results.insert("\(error)")
                        failures += 1
                    }
                }
                #expect(results.count == 1, "\(scorer) \(shape): \(results)")
            }
        }
        #expect(vectors > 0 && failures > 0)
    }
}
