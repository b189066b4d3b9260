import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import TestSupport
import Testing

/// Every path and every scan kernel of this machine gives the oracle's answer to the bit. The queries of a batch differ
/// in k, mask, exclusions, minimum score and similarity.
@Suite struct ScanPathTests {
    /// Queries of the run; more in an optimised build.
    private static let caseCount = isOptimised ? 24_000 : 400

    @Test func everyPathAndKernelEqualsTheOracle() throws {
        var generator = SeededGenerator.announced()
        var cases = 0
        var perKernel: [String: Int] = [:]
        while cases < Self.caseCount {
            for kernel in ScanKernel.available {
                let count = try checkOneBatch(kernel, &generator)
                cases += count
                perKernel[kernel.name, default: 0] += count
            }
        }
        print("\(cases) queries, by kernel: \(perKernel.sorted { $0.key < $1.key })")
    }

    /// Checks a random model and a batch of random queries; the number of queries.
    private func checkOneBatch(_ kernel: ScanKernel, _ generator: inout SeededGenerator) throws -> Int {
        let shape = VectorShape.allCases.randomElement(using: &generator)!
        let dimension = Self.scaled(1...300, &generator)
        let rowCount = Self.scaled(1...5_000, &generator)
        let rows = shape.rows(count: rowCount, dimension: dimension, using: &generator)
        let generation = try Generation.sample(items: rows, metric: .dot)
        let side = generation.items!
        let oracle = Oracle(rows: rows)
        let queryCount =
            Int.random(in: 0..<20, using: &generator) == 0 ? 40 : Int.random(in: 1...5, using: &generator)
        var cases: [QueryCase] = []
        for _ in 0..<queryCount {
            cases.append(QueryCase(rows: rows, shape: shape, oracle: oracle, using: &generator))
        }
        let batch = ScanBatch(
            generation: generation, target: side, queries: cases.map { $0.planned(over: side) },
            kernel: kernel,
            rowsBeforeWaiting: [0, 2_000, ScanBatch.rowsBeforeWaiting].randomElement(using: &generator)!)
        let workerCount = Int.random(in: 1...3, using: &generator)
        var results = runScan(batch, workerCount: workerCount, using: &generator)
        for (index, query) in cases.enumerated() {
            let found = results[index].best?.finish() ?? []
            let wanted = query.answer(oracle)
            // A query may go on by BLAS, which looks at every row once more.
            #expect(results[index].counts.rowsScanned <= 2 * rows.count)
            let isEqual =
                found.map { Int($0.row) } == wanted.map(\.row)
                && found.map(\.score.bitPattern) == wanted.map(\.score.bitPattern)
            #expect(
                isEqual,
                "seed \(generator.seed), \(kernel.name): \(shape) \(rowCount) x \(dimension), query \(index): \(query)"
            )
        }
        return queryCount
    }

    /// A number of a range; small numbers are as likely as large ones.
    private static func scaled(_ range: ClosedRange<Int>, _ generator: inout SeededGenerator) -> Int {
        let bits = (range.upperBound - range.lowerBound + 1).bitWidth - range.upperBound.leadingZeroBitCount
        let limit = min(range.upperBound, 1 << Int.random(in: 0...bits, using: &generator))
        return Int.random(in: range.lowerBound...max(range.lowerBound, limit), using: &generator)
    }
}
