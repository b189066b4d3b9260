import KindredDomain
import KindredKernels

/// A query, as products of its codes with those of rows tell of scores.
struct CodedQuery {
    let scoring: Scoring
    let code: QueryCode

    /// Codes a query of `dimension` elements for a kernel, into `CodeEncoder.queryStride(dimension:)` bytes of 0.
    init(
        _ vector: UnsafePointer<Float>, dimension: Int, scoring: Scoring, kernel: ScanKernel,
        into codes: UnsafeMutablePointer<Int8>
    ) {
        self.scoring = scoring
        code = CodeEncoder.encode(query: vector, dimension: dimension, quadMax: kernel.quadMax, into: codes)
    }

    /// `.cosine` where scores are cosines.
    var similarity: Similarity { scoring.similarity }

    /// The float64 norm of the query.
    var norm: Double { scoring.queryNorm }

    /// The inner product that a product of codes of 1 stands for, in a block.
    @inline(__always)
    func unit(in block: CodeBlock) -> Double { code.scale * Double(block.scale) }

    /// By how many units, at most, the inner product with a row of a block differs from what the codes say
    /// (`CodeEncoder`). It includes what the canonical sum adds by rounding, since the block's error does.
    @inline(__always)
    func margin(in block: CodeBlock) -> Double {
        code.norm * Double(block.error) + code.error * Double(block.coded_norm)
    }
}
