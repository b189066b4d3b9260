import KindredKernels
import KindredSystem

/// Makes the int8 codes of one side, a range of blocks at a time: into memory, into a file, or to compare.
///
/// It owns all the columns that it reads, so it may outlive the table or the arrays that it was made from. Immutable;
/// any thread may encode.
package struct CodeBuilder: Sendable {
    package let rowCount: Int
    package let dimension: Int
    /// The row at each position of the codes: rows descend by norm, rows of equal norm ascend.
    package let rows: RegionColumn<UInt32>
    private let vectors: RegionColumn<Float>
    private let norms: RegionColumn<Double>
    /// The place of each row in `vectors`; nil if row r is the r-th.
    private let order: RegionColumn<UInt32>?

    /// Sorts the rows by their canonical norms. Throws without memory; `file` names the codes in the failure.
    ///
    /// Row r begins at element `r * dimension` of `vectors`, or with an `order` at element `order[r] * dimension`;
    /// `norms[r]` is its norm either way, and `norms.count` is the number of rows.
    package init(
        vectors: RegionColumn<Float>, norms: RegionColumn<Double>, dimension: Int,
        order: RegionColumn<UInt32>? = nil,
        file: String
    ) throws(FileFailure) {
        precondition(vectors.count == norms.count * dimension && (order?.count ?? norms.count) == norms.count)
        self.vectors = vectors
        self.norms = norms
        rowCount = norms.count
        self.dimension = dimension
        self.order = order
        rows = try DescendingOrder.rows(numbers: norms, file: file)
    }

    /// The builder of a table's codes in the row order of `codes`, which belong to the table.
    package init(_ table: VectorTable, inOrderOf codes: Int8Codes) {
        vectors = table.vectorColumn
        norms = table.normColumn
        rowCount = table.count
        dimension = table.dimension
        order = nil
        rows = codes.rowColumn
    }

    /// The builder of a table's codes. Throws without memory; `file` names the codes in the failure.
    package init(_ table: VectorTable, file: String) throws(FileFailure) {
        try self.init(
            vectors: table.vectorColumn, norms: table.normColumn, dimension: table.dimension, file: file)
    }

    /// Blocks of 16 rows; the last one may have fewer.
    package var blockCount: Int { (rowCount + CodeEncoder.blockRows - 1) / CodeEncoder.blockRows }

    /// Encodes the blocks of a range: their codes one after the other into `codes`, their bounds into `blocks`.
    ///
    /// `codes` has room for `CodeEncoder.blockByteCount(dimension:)` bytes and `blocks` for one element per block of
    /// the range, which lies in `0 ..< blockCount`.
    package func encode(
        _ range: Range<Int>, codes: UnsafeMutableBufferPointer<UInt8>,
        blocks: UnsafeMutableBufferPointer<CodeBlock>
    ) {
        let blockRows = CodeEncoder.blockRows
        let blockByteCount = CodeEncoder.blockByteCount(dimension: dimension)
        precondition(
            codes.count >= range.count * blockByteCount && blocks.count >= range.count,
            "no room for the codes")
        vectors.withElements { vectors in
            withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: blockRows) { pointers in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: blockRows) { rowNorms in
                    for block in range {
                        let first = block &* blockRows
                        let count = min(blockRows, rowCount &- first)
                        for index in 0..<count {
                            let row = Int(rows[first &+ index])
                            let place = order.map { Int($0[row]) } ?? row
                            pointers[index] = vectors.baseAddress! + place &* dimension
                            rowNorms[index] = norms[row]
                        }
                        let index = block &- range.lowerBound
                        blocks[index] = CodeEncoder.encode(
                            rows: pointers.baseAddress!, norms: rowNorms.baseAddress!, rowCount: count,
                            dimension: dimension, into: codes.baseAddress! + index &* blockByteCount)
                    }
                }
            }
        }
    }
}
