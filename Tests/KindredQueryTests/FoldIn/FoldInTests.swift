import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import KindredSystem
import TestSupport
import Testing

/// Folded-in vectors against the documented operations in plain code, bit for bit, and against a dense solution.
@Suite struct FoldInTests {
    private typealias Clicks = [(row: Int, weight: Float)]

    /// The kernels that this CPU can run.
    private static let kernels = ["portable", "avx2"].compactMap { TriangleKernels.named($0) }

    private func prepared(
        _ generation: Generation, alpha: Double, lambda: Double, threads: LoadingThreads = .eager,
        kernels: TriangleKernels = .chosen, hasProducts: Bool = true
    ) throws -> FoldInFactors {
        try FoldInFactors(
            items: generation.items!.table, parameters: FoldInParameters(alpha: alpha, lambda: lambda),
            file: "manifest.json", with: LoadResources(threads: threads, memory: nil), kernels: kernels,
            productByteCountMax: hasProducts ? FoldInFactors.productByteCountMax : 0)
    }

    private func clicks(rowCount: Int, itemCount: Int, using generator: inout SeededGenerator) -> Clicks {
        let items = Array(0..<rowCount).shuffled(using: &generator).prefix(itemCount)
        var clicks: Clicks = []
        for row in items {
            let repeats = Int.random(in: 0..<4, using: &generator) == 0 ? 3 : 1
            for _ in 0..<repeats {
                let weight: Float = [1, 0.1, 1, 2.5, 1e-3, 1e4].randomElement(using: &generator)!
                clicks.append((row, weight * Float(generator.uniform())))
            }
        }
        return clicks.shuffled(using: &generator)
    }

    private func fold(
        _ clicks: [Clicks], _ generation: Generation, _ factors: FoldInFactors,
        using generator: inout SeededGenerator
    ) throws -> [[UInt32]] {
        var planner = try FoldInPlanner(
            clicks: .rows(clicks.map { $0.map { ($0.row, $0.weight) } }), generation: generation,
            factors: factors)
        return try clicks.indices.map { visitor in
            if Bool.random(using: &generator) {
                return try planner.resolve(visitor).value!.vector.bits(dimension: generation.dimension)
            }
            #expect(try planner.begin(visitor) == nil)
            while true {
                let products = Int.random(in: 1...5_000, using: &generator)
                if case .done(let found) = try planner.step(productCount: products) {
                    #expect(found.value!.items.map { Int($0) } == Set(clicks[visitor].map(\.row)).sorted())
                    return found.value!.vector.bits(dimension: generation.dimension)
                }
            }
        }
    }

    /// Whether a triangle has the bits of a matrix at and below the diagonal, and 0 elsewhere.
    private func isEqual(_ triangle: RegionColumn<Double>, _ matrix: FoldInOracle.Matrix) -> Bool {
        let layout = TriangleLayout(dimension: matrix.count)
        var elements = Array(repeating: 0.0, count: layout.elementCount)
        for row in matrix.indices {
            for column in 0...row { elements[layout.index(row: row, column: column)] = matrix[row][column] }
        }
        return triangle.withElements { $0.map(\.bitPattern) } == elements.map(\.bitPattern)
    }

    @Test func factorsAndVectorsHaveTheDocumentedBits() throws {
        var generator = SeededGenerator.announced()
        var singularCount = 0
        for _ in 0..<(isOptimised ? 400 : 60) {
            let shape = VectorShape.allCases.randomElement(using: &generator)!
            let dimension = Int.random(in: 1...(Bool.random(using: &generator) ? 20 : 70), using: &generator)
            let rowCount = Int.random(in: 1...200, using: &generator)
            let rows = shape.rows(count: rowCount, dimension: dimension, using: &generator)
            let alpha = [1.0, 3, 40, 0.25].randomElement(using: &generator)!
            let lambda = [0.01, 1, 15, 0].randomElement(using: &generator)!
            let oracle = FoldInOracle(rows: rows, alpha: alpha, lambda: lambda)
            let generation = try Generation.sample(items: rows, metric: .dot)
            let kernels = Self.kernels.randomElement(using: &generator)!
            guard let inverse = oracle.inverse else {
                singularCount += 1
                #expect(throws: FileFailure.self) {
                    try prepared(generation, alpha: alpha, lambda: lambda, kernels: kernels)
                }
                continue
            }
            let factors = try prepared(
                generation, alpha: alpha, lambda: lambda, kernels: kernels,
                hasProducts: Bool.random(using: &generator))
            #expect(isEqual(factors.matrix, oracle.matrix) && isEqual(factors.inverse, inverse))
            for _ in 0..<4 {
                let itemCount = Int.random(in: 1...min(rowCount, dimension + 3), using: &generator)
                let clicks = clicks(rowCount: rowCount, itemCount: itemCount, using: &generator)
                let expected = oracle.folded(clicks)?.map { Float($0) } ?? []
                let norm = Oracle.sum(expected, expected).squareRoot()
                let found = try? fold([clicks], generation, factors, using: &generator)[0]
                #expect(
                    found == (norm > 0 && norm <= Limits.normMax ? expected.map(\.bitPattern) : nil),
                    "\(shape), d \(dimension), \(rowCount) rows, \(itemCount) items, alpha \(alpha), lambda \(lambda)"
                )
            }
        }
        #expect(singularCount > 0, "some cases have no solution")
    }

    /// Several blocks of rows, and panels that several threads share.
    @Test func manyRowsAreSummedInBlocksOnAnyNumberOfThreads() throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 9_001, dimension: 19, using: &generator)
        let oracle = FoldInOracle(rows: rows, alpha: 3, lambda: 15)
        let generation = try Generation.sample(items: rows, metric: .dot)
        let clicks = clicks(rowCount: rows.count, itemCount: 5, using: &generator)
        for threads in [LoadingThreads.eager, .givingWay()] {
            for kernels in Self.kernels {
                let factors = try prepared(
                    generation, alpha: 3, lambda: 15, threads: threads, kernels: kernels)
                #expect(isEqual(factors.matrix, oracle.matrix))
                let replica = FoldInFactors(replicaOf: factors)
                let found = try fold([clicks], generation, replica, using: &generator)[0]
                #expect(found == oracle.folded(clicks)!.map { Float($0).bitPattern })
            }
        }
    }

    /// The two ways of solving, on both sides of the number of items where one takes over.
    @Test(arguments: [
        (64, 1), (64, 5), (64, 32), (64, 33), (7, 3), (7, 4), (1, 1), (40, 100), (300, 150), (300, 151),
    ])
    func theVectorSolvesTheDenseEquation(dimension: Int, itemCount: Int) throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 300, dimension: dimension, using: &generator)
        let oracle = FoldInOracle(rows: rows, alpha: 3, lambda: 15)
        let clicks = clicks(rowCount: rows.count, itemCount: itemCount, using: &generator)
        let found = oracle.folded(clicks)!
        let dense = oracle.dense(clicks, lambda: 15)
        let difference = zip(found, dense).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        let norm = dense.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(difference <= 1e-10 * norm)
        let generation = try Generation.sample(items: rows, metric: .dot)
        for hasProducts in [true, false] {
            let factors = try prepared(generation, alpha: 3, lambda: 15, hasProducts: hasProducts)
            #expect((factors.products.count > 0) == hasProducts)
            let vector = try fold([clicks], generation, factors, using: &generator)[0]
            #expect(vector == found.map { Float($0).bitPattern })
        }
    }

    @Test func theOrderOfTheRequestChangesNoBit() throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 50, dimension: 24, using: &generator)
        let generation = try Generation.sample(items: rows, metric: .dot)
        let factors = try prepared(generation, alpha: 40, lambda: 0.1)
        let clicks = clicks(rowCount: 50, itemCount: 9, using: &generator)
        let orders = (0..<20).map { _ in clicks.shuffled(using: &generator) }
        let found = try fold(orders, generation, factors, using: &generator)
        #expect(Set(found).count == 1)
    }

    // MARK: Failures

    private func failure(
        _ clicks: [(row: Int?, weight: Float)], rows: [[Float]], lambda: Double = 1,
        policy: UnknownIDPolicy = .strict
    ) throws -> RequestFailure? {
        let generation = try Generation.sample(items: rows, metric: .dot)
        let factors = try prepared(generation, alpha: 2, lambda: lambda)
        var planner = try FoldInPlanner(
            clicks: .rows([clicks]), generation: generation, factors: factors, policy: policy)
        do throws(RequestFailure) {
            _ = try planner.resolve(0)
            return nil
        } catch {
            return error
        }
    }

    @Test func weightsAreFiniteAndAboveZero() throws {
        let rows: [[Float]] = [[1, 0, 2], [0, 3, 1]]
        for weight in [Float(0), -0.0, -1, .nan, .infinity, -.infinity] {
            let failure = try failure([(1, 1), (0, weight)], rows: rows)
            guard case .invalidArgument(.members(.foldInWeight(item: 1, let value)))? = failure else {
                Issue.record("\(weight): \(String(describing: failure))")
                continue
            }
            #expect(value.bitPattern == weight.bitPattern)
        }
        let extremes: [(row: Int?, weight: Float)] = [
            (1, .leastNonzeroMagnitude), (0, .greatestFiniteMagnitude),
        ]
        #expect(try failure(extremes, rows: rows.map { $0 + [0] }) == nil)
        // In the space of elements, the greatest confidence leaves nothing of lambda.
        #expect(
            try failure(extremes, rows: rows) == .invalidArgument(.members(.foldInUnsolvable(equation: 2))))
    }

    @Test func itemsThatMakeNoVectorAreRefused() throws {
        let rows: [[Float]] = [[1, 0, 2, 0], [-1, 0, -2, 0], [0, 0, 0, 0], [5, 5, 5, 5]]
        let cancels = RequestFailure.invalidArgument(.members(.foldInCancels))
        #expect(try failure([(0, 1.5), (1, 1.5)], rows: rows) == cancels)
        #expect(try failure([(2, 1)], rows: rows) == cancels)
        #expect(try failure([(0, 1.5), (1, 1)], rows: rows) == nil)
        #expect(try failure([], rows: rows) == .invalidArgument(.members(.emptyFoldIn)))
        // Items that nothing holds back: a vector beyond the greatest norm.
        let tiny = try failure([(0, 1)], rows: [[1e-25, 0], [0, 1e-25]], lambda: 0)
        guard case .invalidArgument(.normTooLarge)? = tiny else {
            Issue.record("\(String(describing: tiny))")
            return
        }
    }

    @Test func aSingularMatrixIsRefusedByName() throws {
        let generation = try Generation.sample(items: [[1, 2], [2, 4]], metric: .dot)
        do {
            _ = try prepared(generation, alpha: 1, lambda: 0)
            Issue.record("a singular matrix has a factor")
        } catch let failure as FileFailure {
            #expect(failure.file == "manifest.json" && failure.field == "lambda" && failure.found == "0.0")
        }
        _ = try prepared(generation, alpha: 1, lambda: 0.5)
        let regular = try Generation.sample(items: [[1, 2], [2, 1]], metric: .dot)
        _ = try prepared(regular, alpha: 1, lambda: 0)
    }

    @Test func settingsHaveRanges() throws {
        for alpha in [0, -1, .nan, .infinity, 0x1p60.nextUp] {
            #expect(throws: FoldInParameterFailure.self) { try FoldInParameters(alpha: alpha, lambda: 1) }
        }
        for lambda in [-1, -.leastNonzeroMagnitude, .nan, .infinity, 0x1p60.nextUp] {
            #expect(throws: FoldInParameterFailure.self) { try FoldInParameters(alpha: 1, lambda: lambda) }
        }
        _ = try FoldInParameters(alpha: 0x1p60, lambda: 0x1p60)
        _ = try FoldInParameters(alpha: .leastNonzeroMagnitude, lambda: 0)
        #expect(FoldInParameterFailure.alpha(0).description == "alpha is 0.0: above 0, at most 2^60")
    }

    @Test func aVersionWithoutSettingsOffersNoFoldIn() throws {
        let items = try Generation.sample(items: [[1, 2]], metric: .dot)
        #expect(throws: RequestFailure.invalidArgument(.members(.foldInNotOffered))) {
            try FoldInPlanner(clicks: .rows([[(0, 1)]]), generation: items, factors: nil)
        }
        let users = try Generation.sample(users: [[1, 2]], metric: .dot)
        #expect(throws: RequestFailure.invalidArgument(.sideMissing(.items))) {
            try FoldInPlanner(clicks: .rows([[(0, 1)]]), generation: users, factors: nil)
        }
    }

    @Test func aCancelledLoadThrows() throws {
        let generation = try Generation.sample(items: [[1, 2]], metric: .dot)
        let cancellation = Cancellation()
        cancellation.cancel()
        #expect(throws: FileFailure.self) {
            try prepared(generation, alpha: 1, lambda: 1, threads: .eager(cancellation))
        }
    }

    @Test func unknownItemsGoByThePolicy() throws {
        var generator = SeededGenerator.announced()
        let rows = VectorShape.flat.rows(count: 9, dimension: 12, using: &generator)
        let generation = try Generation.sample(items: rows, metric: .dot)
        let factors = try prepared(generation, alpha: 2, lambda: 1)
        let lists: [[(row: Int?, weight: Float)]] = [[(nil, 1), (4, 2), (nil, 3)], [(nil, 1)], [(4, 2)]]
        func planner(_ policy: UnknownIDPolicy) throws -> FoldInPlanner {
            try FoldInPlanner(clicks: .rows(lists), generation: generation, factors: factors, policy: policy)
        }
        var strict = try planner(.strict)
        #expect(throws: RequestFailure.unknownID(.number(1), .items)) { try strict.resolve(0) }
        for (policy, none) in [(UnknownIDPolicy.skip, "empty"), (.fallback, "fallback")] {
            var planner = try planner(policy)
            let found = try (0..<3).map { try planner.resolve($0) }
            #expect(found.map(\.summary) == ["known, 2 unknown", "\(none), 1 unknown", "known, 0 unknown"])
            #expect(found[0].value!.vector.bits(dimension: 12) == found[2].value!.vector.bits(dimension: 12))
        }
    }
}
