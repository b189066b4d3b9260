import CKindredKernels

/// What a scan must know of 16 coded rows: scale, error, norms. Every bound is rounded to its safe side.
package typealias CodeBlock = kindred_code_block

/// The codes of a table as the scan kernels take them. Its pointers keep nothing alive.
package typealias CodeTableView = kindred_code_table

/// Scale, norm, error and offset of a coded query.
package typealias QueryCode = kindred_query_code

/// Vectors to int8 codes with certain bounds: with s the scale of a block, s_q that of a query, D the product of
/// their codes and x any row of the block,
///
///     |canonical sum of q . x - s_q s D| <= s_q s (norm_q error + error_q coded_norm)
///
/// Codes and bounds have the same bits on every CPU.
package enum CodeEncoder {
    /// Rows of a block.
    package static let blockRows = Int(KINDRED_BLOCK_ROWS)

    /// Groups of four dimensions that hold `dimension` elements; those past the last are 0.
    package static func groups(dimension: Int) -> Int { (dimension + 3) / 4 }

    /// Bytes of the codes of one block.
    package static func blockByteCount(dimension: Int) -> Int { 4 * blockRows * groups(dimension: dimension) }

    /// Bytes of a query's codes as the kernels read them, whole registers: what follows the codes is 0.
    package static func queryStride(dimension: Int) -> Int { (dimension + 63) / 64 * 64 }

    /// Codes 1 to 16 rows of `dimension` elements into one block of `blockByteCount(dimension:)` bytes.
    ///
    /// Elements are finite; `norms` are the rows' canonical norms, at most 2^60. Bytes of missing rows and
    /// elements become 128, the code 0.
    @inline(__always)
    package static func encode(
        rows: UnsafePointer<UnsafePointer<Float>?>, norms: UnsafePointer<Double>, rowCount: Int,
        dimension: Int, into codes: UnsafeMutablePointer<UInt8>
    ) -> CodeBlock {
        var block = CodeBlock()
        kindred_encode_block(rows, norms, rowCount, dimension, codes, &block)
        return block
    }

    /// Codes a query of finite elements, with codes whose quads have magnitudes that sum to at most `quadMax`
    /// (8 to 508), into `4 * groups(dimension:)` bytes.
    package static func encode(
        query: UnsafePointer<Float>, dimension: Int, quadMax: Int, into codes: UnsafeMutablePointer<Int8>
    ) -> QueryCode {
        var code = QueryCode()
        kindred_encode_query(query, dimension, Int32(quadMax), codes, &code)
        return code
    }
}
