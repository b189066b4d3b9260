import KindredDomain
import KindredKernels
import KindredModel

/// Finds, for each row of an answer, the nearest of the query's own items: "because you bought ...". In steps.
///
/// The nearest has the greatest canonical score by cosine, rounded to float32 as in an answer; of several, the one with
/// the least id. A vector of norm 0 has cosine 0 with every other. Rows of a cosine model have length 1, so there the
/// score is the inner product.
package struct ReasonSearch {
    /// Bytes of the answer's vectors, widened, that the own items are compared with at a time.
    private static let blockByteCount = 64 << 10
    /// Pairs of one call of the kernel, at most, and its multiply-adds.
    private static let pairsPerCallMax = 1_024
    private static let productsPerCall = 1 << 16

    private let rows: [UInt32]
    private let own: OwnItems
    private let ownCount: Int
    private let table: VectorTable
    private let metric: Similarity
    private let rowsPerBlock: Int
    private let pairsPerCall: Int

    /// The rows of the block, widened.
    private var widened: [Double] = []
    private var bestScores: [Float] = []
    private var bestRows: [UInt32] = []
    private var block: Range<Int>
    private var nextOwn = 0
    private var pairs: [Canonical.Pair]
    private var sums: [Double]
    private var reasons: [UInt32] = []

    /// `rows` are rows of the answer and `own` are the query's own items, in any order. Both are rows of `table`, the
    /// items of a model of `metric`.
    package init(rows: [UInt32], own: OwnItems, table: VectorTable, metric: Similarity) {
        self.rows = rows
        self.own = own
        ownCount = own.count
        self.table = table
        self.metric = metric
        let fitting = Self.blockByteCount / (table.dimension * MemoryLayout<Double>.stride)
        pairsPerCall = max(1, min(Self.pairsPerCallMax, Self.productsPerCall / table.dimension))
        rowsPerBlock = min(max(1, fitting), pairsPerCall)
        block = 0..<0
        let isIdle = rows.isEmpty || ownCount == 0
        pairs = isIdle ? [] : Array(repeating: Canonical.Pair(), count: pairsPerCall)
        sums = isIdle ? [] : Array(repeating: 0, count: pairsPerCall)
        if !isIdle { reasons.reserveCapacity(rows.count) }
    }

    /// Multiply-adds of a pair in the unit of `pairCount`, which is a pair of short vectors.
    private static let productsPerPair = 64

    /// The cost of one pair, in pairs of short vectors.
    package static func cost(dimension: Int) -> Int { max(1, dimension / productsPerPair) }

    /// Compares about `pairCount` pairs of short vectors, or fewer of longer ones. The result has the nearest own item
    /// of each row, as a row; it is empty where the query has none.
    package mutating func step(pairCount: Int) -> Step<[UInt32]> {
        guard !rows.isEmpty, ownCount > 0 else { return .done([]) }
        var budget = pairCount
        while budget > 0, reasons.count < rows.count {
            if nextOwn == 0 { beginBlock() }
            let count = min(pairsPerCall / block.count, ownCount - nextOwn)
            compare(nextOwn..<nextOwn + count)
            budget -= count * block.count * Self.cost(dimension: table.dimension)
            nextOwn += count
            if nextOwn == ownCount {
                reasons += bestRows
                nextOwn = 0
            }
        }
        return reasons.count == rows.count ? .done(reasons) : .working
    }

    private mutating func beginBlock() {
        block = block.upperBound..<min(block.upperBound + rowsPerBlock, rows.count)
        widened.removeAll(keepingCapacity: true)
        widened.reserveCapacity(block.count * table.dimension)
        for row in rows[block] {
            let vector = table.vector(ofRow: row)
            for element in 0..<table.dimension { widened.append(Double(vector[element])) }
        }
        bestScores = Array(repeating: -.infinity, count: block.count)
        bestRows = Array(repeating: .max, count: block.count)
    }

    /// Compares the rows of the block with a range of the own items.
    private mutating func compare(_ range: Range<Int>) {
        var count = 0
        own.forEach(range) { row in
            Canonical.prefetch(table.vector(ofRow: row), count: table.dimension)
            for query in 0..<block.count {
                pairs[count] = Canonical.Pair(query: UInt32(query), row: row)
                count += 1
            }
        }
        Canonical.sums(
            of: pairs, count: count, queries: widened, rows: table.vectors, dimension: table.dimension,
            into: &sums)
        for pair in 0..<count {
            let query = Int(pairs[pair].query)
            let row = pairs[pair].row
            let score = score(sums[pair], rows[block.lowerBound + query], row)
            if score > bestScores[query] || score == bestScores[query] && row < bestRows[query] {
                bestScores[query] = score
                bestRows[query] = row
            }
        }
    }

    private func score(_ sum: Double, _ row: UInt32, _ own: UInt32) -> Float {
        switch metric {
        case .cosine: Canonical.score(sum: sum)
        case .dot: Canonical.score(sum: sum, norms: table.norms[Int(row)] * table.norms[Int(own)])
        }
    }
}
