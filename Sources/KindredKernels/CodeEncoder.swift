import CKindredKernels

/// The bounds of a block of 16 coded rows: scale, error, norms. Each is rounded to its safe side.
package typealias CodeBlock = kindred_code_block

/// The codes of a table as the scan kernels take them. The pointers are valid while the owner of the codes is held.
package typealias CodeTableView = kindred_code_table

/// Scale, norm, error and offset of a coded query.
package typealias QueryCode = kindred_query_code

/// Encodes vectors as int8 codes with proven bounds. With s the scale of a block, s_q the scale of a query, D the
/// product of their codes and x any row of the block,
///
///     |canonical sum of q . x - s_q s D| <= s_q s (norm_q error + error_q coded_norm)
///
/// Codes and bounds have the same bits on every CPU.
package enum CodeEncoder {
    /// Rows of a block: 16.
    package static let blockRows = Int(KINDRED_BLOCK_ROWS)

    /// Groups of four dimensions for `dimension` elements. Elements beyond the dimension have code 0.
    package static func groups(dimension: Int) -> Int { (dimension + 3) / 4 }

    /// Bytes of the codes of one block.
    package static func blockByteCount(dimension: Int) -> Int { 4 * blockRows * groups(dimension: dimension) }

    /// Bytes of a query's codes as the kernels read them: whole registers of 64 bytes, padded with 0.
    package static func queryStride(dimension: Int) -> Int { (dimension + 63) / 64 * 64 }

    /// Encodes 1 to 16 rows of `dimension` elements into one block of `blockByteCount(dimension:)` bytes.
    ///
    /// Elements are finite; `norms` are the rows' canonical norms, at most 2^60. Bytes of missing rows and elements
    /// become 128, the code 0. Traps for another number of rows.
    @inline(__always)
    package static func encode(
        rows: UnsafePointer<UnsafePointer<Float>?>, norms: UnsafePointer<Double>, rowCount: Int,
        dimension: Int, into codes: UnsafeMutablePointer<UInt8>
    ) -> CodeBlock {
        precondition((1...blockRows).contains(rowCount), "a block has 1 to 16 rows")
        var block = CodeBlock()
        kindred_encode_block(rows, norms, rowCount, dimension, codes, &block)
        return block
    }

    /// Encodes a query of finite elements into `4 * groups(dimension:)` bytes. The magnitudes of the codes of a quad
    /// sum to at most `quadMax`. Traps unless that is 8 to 508.
    package static func encode(
        query: UnsafePointer<Float>, dimension: Int, quadMax: Int, into codes: UnsafeMutablePointer<Int8>
    ) -> QueryCode {
        precondition((8...508).contains(quadMax), "no such limit of a quad")
        var code = QueryCode()
        kindred_encode_query(query, dimension, Int32(quadMax), codes, &code)
        return code
    }
}
