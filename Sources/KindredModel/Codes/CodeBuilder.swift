import KindredKernels
import KindredSystem

/// Codes the rows of a side, a range of blocks at a time: into memory, into a file, or to compare.
///
/// Holds no vectors: whoever made it keeps `vectors`, `norms`, `order` and an order of rows that it gave alive.
/// Immutable; any thread may encode.
package struct CodeBuilder: @unchecked Sendable {
    package let rowCount: Int
    package let dimension: Int
    /// The row that is coded at each position. Rows descend by norm.
    package let rows: UnsafePointer<UInt32>
    /// What keeps `rows` alive, where they were sorted here.
    package let storage: MemoryRegion?
    private let vectors: UnsafePointer<Float>
    private let norms: UnsafePointer<Double>
    private let order: UnsafePointer<UInt32>?

    /// Sorts the rows by their canonical norms. Row r begins at element `r * dimension` of `vectors`, or, with an
    /// `order`, at element `order[r] * dimension`; `norms[r]` is its norm either way.
    package init(
        vectors: UnsafePointer<Float>, norms: UnsafePointer<Double>, rowCount: Int, dimension: Int,
        order: UnsafePointer<UInt32>? = nil, file: String
    ) throws(FileFailure) {
        self.vectors = vectors
        self.norms = norms
        self.rowCount = rowCount
        self.dimension = dimension
        self.order = order
        let sorted = try NormOrder.rows(norms: norms, count: rowCount, file: file)
        rows = UnsafePointer(sorted.bytes.bindMemory(to: UInt32.self).baseAddress!)
        storage = sorted
    }

    /// The builder of a table's codes in the order of others, which are those of the table.
    package init(_ table: VectorTable, inOrderOf codes: Int8Codes) {
        vectors = table.vectors
        norms = table.norms
        rowCount = table.count
        dimension = table.dimension
        order = nil
        rows = codes.rows
        storage = nil
    }

    /// The builder of a table's codes.
    package init(_ table: VectorTable, file: String) throws(FileFailure) {
        try self.init(
            vectors: table.vectors, norms: table.norms, rowCount: table.count, dimension: table.dimension,
            file: file)
    }

    package var blockCount: Int { (rowCount + CodeEncoder.blockRows - 1) / CodeEncoder.blockRows }

    /// Codes the blocks of a range: their bytes one after the other into `codes`, their bounds into `blocks`.
    package func encode(
        _ range: Range<Int>, codes: UnsafeMutablePointer<UInt8>, blocks: UnsafeMutablePointer<CodeBlock>
    ) {
        let capacity = CodeEncoder.blockRows
        let blockByteCount = CodeEncoder.blockByteCount(dimension: dimension)
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: capacity) { pointers in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: capacity) { rowNorms in
                for block in range {
                    let first = block &* capacity
                    let count = min(capacity, rowCount &- first)
                    for index in 0..<count {
                        let row = Int(rows[first &+ index])
                        pointers[index] = vectors + (order.map { Int($0[row]) } ?? row) &* dimension
                        rowNorms[index] = norms[row]
                    }
                    let index = block &- range.lowerBound
                    blocks[index] = CodeEncoder.encode(
                        rows: pointers.baseAddress!, norms: rowNorms.baseAddress!, rowCount: count,
                        dimension: dimension, into: codes + index &* blockByteCount)
                }
            }
        }
        // A pointer into a region does not keep it alive.
        withExtendedLifetime(storage) {}
    }
}
