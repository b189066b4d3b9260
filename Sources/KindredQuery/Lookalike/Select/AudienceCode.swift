import KindredDomain
import KindredKernels

/// An audience's query as the scan kernels take it, with the score that rows must be able to reach.
///
/// Immutable; any thread may scan with it.
final class AudienceCode: @unchecked Sendable {
    private let side: GenerationSide
    private let query: CodedQuery
    private let kernel = ScanKernel.chosen
    private let columns: CodeColumns
    /// What the columns lie in.
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
            CodedQuery(
                elements, dimension: dimension, scoring: query.ranking.scoring, kernel: kernel, into: codes)
        }
        self.query = coded
        var layout = ColumnLayout()
        let places = CodeColumns.Places(in: &layout, count: 1, stride: stride)
        memory = layout.allocate()
        var columns = CodeColumns(places, in: memory)
        columns.set(0, query: coded, codes: codes, threshold: threshold, mask: nil)
        self.columns = columns
    }

    deinit { memory.deallocate() }

    /// Blocks of one call, at most: as many as fit a scratch's hits.
    static let blocksPerScanMax = ScanScratch.hitsMax / CodeEncoder.blockRows

    /// Writes the rows of some blocks that may reach the threshold to `hits`, which has room for all; their number.
    func scan(_ blocks: Range<Int>, into hits: UnsafeMutablePointer<CodeHit>) -> Int {
        columns.scan(side.codes.view, blocks: blocks, members: 0..<1, kernel: kernel, into: hits)
    }

    /// What a row's score is about, and by how much it may differ, in a block of rows of about equal norms.
    struct Estimate {
        /// The score of a product of codes of 1.
        let unit: Double
        let margin: Double
    }

    /// How scores follow from products in a block.
    func estimate(block: Int) -> Estimate {
        let bounds = side.codes.view.blocks[block]
        var unit = query.unit(in: bounds)
        if query.similarity == .cosine {
            let norms = query.norm * (Double(bounds.norm_min) + Double(bounds.norm_max)) / 2
            unit = norms > 0 ? unit / norms : 0
        }
        return Estimate(unit: unit, margin: unit * query.margin(in: bounds))
    }

    /// The first block none of whose rows, nor those after it, can reach `threshold` by its norm.
    func reachableBlockCount(threshold: Float) -> Int {
        let blocks = side.codes.view.blocks!
        guard query.similarity == .dot else { return side.codes.blockCount }
        let normMin = DiscardRule.leastNorm(threshold: threshold, queryNorm: query.norm)
        var low = 0
        var high = side.codes.blockCount
        // Blocks descend by norm.
        while low < high {
            let middle = (low + high) / 2
            if Double(blocks[middle].norm_max) < normMin {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }
}
