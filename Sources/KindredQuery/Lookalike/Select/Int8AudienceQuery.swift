import KindredDomain
import KindredKernels

/// The query of an audience in the form of the scan kernels, with the score that rows must be able to reach.
///
/// Immutable; any thread may scan with it.
final class Int8AudienceQuery: @unchecked Sendable {
    private let side: GenerationSide
    private let query: Int8Query
    private let kernel = ScanKernel.chosen
    private let columns: Int8Columns
    /// The memory of the columns.
    private let memory: UnsafeMutableRawPointer

    /// A query whose scans keep every row whose canonical score may reach `threshold`.
    init(_ query: AudienceQuery, threshold: Float) {
        side = query.side
        let dimension = side.table.dimension
        let stride = CodeEncoder.queryStride(dimension: dimension)
        let codes = UnsafeMutablePointer<Int8>.allocate(capacity: stride)
        defer { codes.deallocate() }
        codes.initialize(repeating: 0, count: stride)
        let kernel = kernel
        let coded = query.ranking.vector.withElements { elements in
            Int8Query(
                elements, dimension: dimension, scoring: query.ranking.scoring, kernel: kernel, into: codes)
        }
        self.query = coded
        var layout = ColumnLayout()
        let places = Int8Columns.Places(in: &layout, count: 1, stride: stride)
        memory = layout.allocate()
        var columns = Int8Columns(places, in: memory)
        columns.set(0, query: coded, codes: codes, threshold: threshold, mask: nil)
        self.columns = columns
    }

    deinit { memory.deallocate() }

    /// Writes the rows of some blocks that may reach the threshold to `hits`, which has room for all rows of the
    /// blocks. Returns the number of hits.
    func scan(_ blocks: Range<Int>, into hits: UnsafeMutablePointer<CodeHit>) -> Int {
        columns.scan(side.codes.view, blocks: blocks, members: 0..<1, kernel: kernel, into: hits)
    }

    /// How the scores of a block's rows follow from products of codes.
    struct Estimate {
        /// The score that a product of 1 stands for.
        let unit: Double
        /// Greatest difference between an estimated score and the canonical one.
        let margin: Double
    }

    /// The estimate of a block, whose rows have about equal norms.
    func estimate(block: Int) -> Estimate {
        let bounds = side.codes.view.blocks[block]
        var unit = query.unit(in: bounds)
        if query.similarity == .cosine {
            let norms = query.norm * (Double(bounds.norm_min) + Double(bounds.norm_max)) / 2
            unit = norms > 0 ? unit / norms : 0
        }
        return Estimate(unit: unit, margin: unit * query.margin(in: bounds))
    }

    /// The number of leading blocks with a row whose norm is large enough to reach `threshold`. Blocks descend by norm.
    func reachableBlockCount(threshold: Float) -> Int {
        let blocks = side.codes.view.blocks!
        guard query.similarity == .dot else { return side.codes.blockCount }
        let normMin = DiscardRule.leastNorm(threshold: threshold, queryNorm: query.norm)
        return (0..<side.codes.blockCount).partitioningIndex { Double(blocks[$0].norm_max) < normMin }
    }
}
