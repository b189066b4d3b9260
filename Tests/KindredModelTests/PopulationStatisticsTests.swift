import KindredDomain
import KindredKernels
import KindredModel
import KindredSystem
import TestSupport
import Testing

/// Statistics of populations against plain code, bit for bit.
@Suite struct PopulationStatisticsTests {
    /// The kernels that this CPU can run.
    private static let kernels = ["portable", "avx2"].compactMap { TriangleKernels.named($0) }

    private func table(_ rows: [[Float]], _ ids: IDList? = nil) throws -> VectorTable {
        try VectorTable(
            side: .users, ids: IDTable(ids: ids ?? .numbers(rows.indices.map { UInt64($0) * 3 })),
            dimension: rows[0].count, elements: rows.flatMap { $0 })
    }

    private func statistics(
        _ table: VectorTable, threads: LoadingThreads = .eager, kernels: TriangleKernels = .chosen
    ) throws -> PopulationStatistics {
        try PopulationStatistics(
            of: table, codes: Int8Codes(building: table),
            with: LoadResources(threads: threads, memory: SpareMemory()), kernels: kernels)
    }

    private func expect(
        _ found: PopulationStatistics, _ oracle: PopulationOracle, _ what: String,
        location: SourceLocation = #_sourceLocation
    ) {
        let dimension = oracle.mean.count
        let layout = TriangleLayout(dimension: dimension)
        let padding = Array(repeating: 0.0, count: layout.wideCount - dimension)
        #expect(
            found.mean.withElements { $0.map(\.bitPattern) } == (oracle.mean + padding).map(\.bitPattern),
            "mean, \(what)", sourceLocation: location)
        var triangle = Array(repeating: 0.0, count: layout.elementCount)
        for row in 0..<dimension {
            for column in 0...row {
                triangle[layout.index(row: row, column: column)] = oracle.products[row][column]
            }
        }
        #expect(
            found.products.withElements { $0.map(\.bitPattern) } == triangle.map(\.bitPattern),
            "products, \(what)", sourceLocation: location)
        #expect(
            found.normQuantiles.withElements { Array($0) } == oracle.normQuantiles, "norms, \(what)",
            sourceLocation: location)
        #expect(
            found.sample.withElements { $0.map { Int($0) } } == oracle.sample, "sample, \(what)",
            sourceLocation: location)
    }

    @Test func anyPopulationHasTheDocumentedBits() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<(isOptimised ? 300 : 60) {
            let shape = VectorShape.allCases.randomElement(using: &generator)!
            let dimension = Int.random(in: 1...(Bool.random(using: &generator) ? 12 : 70), using: &generator)
            let count = [1, 2, Int.random(in: 1...300, using: &generator)].randomElement(using: &generator)!
            let rows = shape.rows(count: count, dimension: dimension, using: &generator)
            let isText = Bool.random(using: &generator)
            let numbers = Set(
                (0..<count).map { _ in UInt64.random(in: 0...Limits.numberIDMax, using: &generator) }
            ).sorted()
            guard numbers.count == count else { continue }
            let texts = numbers.map { Array("user \($0)".utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
            var list = TextList()
            for text in texts { text.withUnsafeBytes { list.append($0) } }
            let table = try table(rows, isText ? .text(list) : .numbers(numbers))
            let found = try statistics(
                table, threads: .eager(threadCount: Int.random(in: 1...3, using: &generator)),
                kernels: Self.kernels.randomElement(using: &generator)!)
            let oracle = PopulationOracle(
                rows: rows,
                ids: isText ? texts.map { .text($0) } : numbers.map { .number($0) })
            expect(found, oracle, "\(shape), \(count) rows, d \(dimension)")
            expect(PopulationStatistics(replicaOf: found), oracle, "replica")
        }
    }

    /// More blocks than are summed at once, a last block that is not full, more rows than the sample.
    @Test(arguments: [1, 2, 3]) func anyNumberOfThreadsAndKernelGivesTheSameBits(threadCount: Int) throws {
        var generator = SeededGenerator.announced()
        for (count, dimension) in [(20_001, 19), (8_192, 1), (270_001, 2)] {
            let rows = VectorShape.flat.rows(count: count, dimension: dimension, using: &generator)
            let table = try table(rows)
            let oracle = PopulationOracle(rows: rows, ids: rows.indices.map { .number(UInt64($0) * 3) })
            for kernels in Self.kernels {
                let found = try statistics(
                    table, threads: .eager(threadCount: threadCount), kernels: kernels)
                expect(found, oracle, "\(count) rows, d \(dimension)")
            }
            let givingWay = try statistics(table, threads: .givingWay())
            expect(givingWay, oracle, "giving way")
        }
    }

    @Test func aCancelledLoadThrows() throws {
        let table = try table(Array(repeating: [1, 2, 3], count: 100))
        let codes = try Int8Codes(building: table)
        for givesWay in [false, true] {
            let cancellation = Cancellation()
            let threads: LoadingThreads = givesWay ? .givingWay(cancellation) : .eager(cancellation)
            cancellation.cancel()
            let failure = #expect(throws: FileFailure.self) {
                try PopulationStatistics(
                    of: table, codes: codes, with: LoadResources(threads: threads, memory: nil))
            }
            #expect(failure?.found == "cancelled")
        }
    }

    /// One user, equal users, zeros, the greatest and tiny norms.
    @Test func degeneratePopulationsAreFinite() throws {
        let huge = Float(0x1p60)
        for rows in [
            [[0]], [[1, -2, 3]], [[0, 0], [0, 0]], Array(repeating: [0.1, 0.7], count: 5_000),
            Array(repeating: [huge, 0, 0], count: 5_000), [[huge], [-huge]], [[0x1p-60, 0], [0, 0x1p-60]],
            [[Float.leastNonzeroMagnitude], [0]],
        ] as [[[Float]]] {
            let found = try statistics(table(rows))
            expect(
                found, PopulationOracle(rows: rows, ids: rows.indices.map { .number(UInt64($0) * 3) }),
                "\(rows[0])")
            #expect(found.mean.withElements { $0.allSatisfy(\.isFinite) })
            #expect(found.products.withElements { $0.allSatisfy(\.isFinite) })
            #expect(found.variance.isFinite && found.meanNorm.isFinite)
        }
    }

    @Test func theVarianceIsTheMeanOfTheElementsVariances() throws {
        let found = try statistics(table([[1, 10], [3, 10], [5, 16], [7, 16]]))
        #expect(found.variance == (5 + 9) / 2 && found.meanSquare == (21 + 178) / 2)
        #expect(found.meanNorm == Double(16 + 169).squareRoot())
    }

    @Test func hashesOfIDs() {
        // The finalizer of SplitMix64 after one step from 0, as the generator's own output.
        var generator = SeededGenerator(seed: 0)
        #expect(IDHash.of(0x9E37_79B9_7F4A_7C15) == generator.next())
        #expect(IDHash.of(0) == 0)
        // The published FNV-1a hash of "foobar".
        let text = Array("foobar".utf8)
        #expect(text.withUnsafeBytes { IDHash.of($0) } == IDHash.of(0x8594_4171_F739_67E8))
        #expect(HashedRow(hash: 1, row: 9) < HashedRow(hash: 2, row: 0))
        #expect(HashedRow(hash: 2, row: 0) < HashedRow(hash: 2, row: 1))
    }
}
