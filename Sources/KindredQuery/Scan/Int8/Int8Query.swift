import KindredDomain
import KindredKernels

/// The int8 code of a query, and how products of codes become scores.
package struct Int8Query {
    let scoring: Scoring
    package let code: QueryCode

    /// Codes a query of `dimension` elements for a kernel, into `CodeEncoder.queryStride(dimension:)` bytes of 0.
    package init(
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

    /// Greatest distance, in units, between the inner product with a row of a block and the product of codes
    /// (`CodeEncoder`). It covers the rounding of the canonical sum, since the block's error does.
    @inline(__always)
    func margin(in block: CodeBlock) -> Double {
        code.norm * Double(block.error) + code.error * Double(block.coded_norm)
    }
}

/// A query's threshold in the form of the scan kernels: a product of codes must reach
/// `(constant + perNorm * row norm) / block scale`, less the errors.
///
/// In units of the query's scale. Rounded so that a row is kept rather than lost.
package struct KernelThreshold: Equatable {
    package var constant: Float
    package var perNorm: Float

    /// Every row is kept.
    package static let keepsAll = KernelThreshold(constant: -.infinity, perNorm: 0)
    /// No row is kept.
    package static let keepsNone = KernelThreshold(constant: .infinity, perNorm: 0)

    /// The threshold that keeps every row of a query whose score may reach `threshold`.
    package init(threshold: Float, of query: Int8Query) {
        let floor = DiscardRule.roundingFloor(of: threshold)
        guard floor.isFinite else {
            self = .keepsAll
            return
        }
        switch query.similarity {
        case .dot: self.init(constant: Self.lowered(floor / query.code.scale), perNorm: 0)
        case .cosine:
            // A cosine is at most 1 and a rounding error. Beyond 2 the answer is known and nothing may overflow.
            if floor > 2 {
                self = .keepsNone
            } else if floor < -2 {
                self = .keepsAll
            } else {
                self.init(constant: 0, perNorm: Self.lowered(floor * query.norm / query.code.scale))
            }
        }
    }

    private init(constant: Float, perNorm: Float) {
        self.constant = constant
        self.perNorm = perNorm
    }

    /// 2^-22 covers the roundings of the float64 factors and of the kernel's product with a norm.
    private static func lowered(_ value: Double) -> Float {
        DiscardRule.roundedDown(value - value.magnitude * 0x1p-22)
    }
}
