import KindredDomain
import KindredKernels
import KindredSystem

/// The int8 codes of one side of a version, which a scan reads instead of the vectors.
///
/// Blocks of 16 rows. Rows descend by float64 norm, rows of equal norm ascend, so all rows after a block have norms of
/// at most the next block's `norm_max`. Immutable; any thread may read. Code that scans holds the codes and reads
/// through `view`, `rows` and `positions`; code that outlives them holds a column.
package final class Int8Codes: @unchecked Sendable {
    /// Rows, at least 1.
    package let rowCount: Int
    /// Groups of four dimensions.
    package let groups: Int
    /// Blocks of 16 rows; the last one may have fewer.
    package let blockCount: Int
    /// Codes and bounds for the scan kernels. Valid while the codes are held.
    package let view: CodeTableView
    /// The first element of `rowColumn`. Valid while the codes are held.
    package let rows: UnsafePointer<UInt32>
    /// The first element of `positionColumn`. Valid while the codes are held.
    package let positions: UnsafePointer<UInt32>
    /// The row at each position of the codes: a permutation of `0 ..< rowCount`.
    package let rowColumn: RegionColumn<UInt32>
    /// The position in the codes of each row.
    package let positionColumn: RegionColumn<UInt32>
    /// The codes, `CodeEncoder.blockByteCount(dimension:)` bytes per block.
    package let codeColumn: RegionColumn<UInt8>
    /// The bounds of each block.
    package let blockColumn: RegionColumn<CodeBlock>

    /// Blocks of one part of the work, which one thread encodes or checks at a time.
    static let blocksPerPart = 1_024

    /// Encodes a table in memory. Takes about as long as reading the vectors twice. Throws without memory, or if the
    /// load was cancelled.
    package convenience init(
        building table: VectorTable, with resources: LoadResources = .plain
    ) throws(FileFailure) {
        let file = ModelFiles.codes(of: table.side)
        let builder = try CodeBuilder(table, file: file)
        let blockByteCount = CodeEncoder.blockByteCount(dimension: table.dimension)
        let codes = try MemoryRegion.zeroed(byteCount: builder.blockCount * blockByteCount, for: file)
        let blocks = try MemoryRegion.zeroed(
            byteCount: builder.blockCount * MemoryLayout<CodeBlock>.stride, for: file)
        try resources.threads.run(builder.blockCount, inPartsOf: Self.blocksPerPart) { part in
            codes.withMutableElements(of: UInt8.self) { codes in
                blocks.withMutableElements(of: CodeBlock.self) { blocks in
                    let bytes = part.lowerBound * blockByteCount..<part.upperBound * blockByteCount
                    builder.encode(
                        part, codes: UnsafeMutableBufferPointer(rebasing: codes[bytes]),
                        blocks: UnsafeMutableBufferPointer(rebasing: blocks[part]))
                }
            }
        }
        try self.init(
            rows: builder.rows, blocks: RegionColumn(blocks), codes: RegionColumn(codes), of: table,
            file: file,
            with: resources)
    }

    /// Codes that were read from a file of the current layout, which `file` names.
    ///
    /// Checks everything except that codes and bounds belong to the vectors; `check(_:against:)` does that.
    convenience init(
        region: MemoryRegion, header: CodesHeader, of table: VectorTable, file: String,
        with resources: LoadResources
    ) throws(FileFailure) {
        try region.withBytes { (bytes) throws(FileFailure) in try header.check(bytes, file: file) }
        try self.init(
            rows: RegionColumn(region, bytes: header.range(of: .rows)),
            blocks: RegionColumn(region, bytes: header.range(of: .blocks)),
            codes: RegionColumn(region, bytes: header.range(of: .codes)), of: table, file: file,
            with: resources)
    }

    /// Codes of `table`, checked: `rows` is a permutation in descending order of norm, and bounds are finite and in
    /// range. That codes and bounds belong to the vectors is not checked, since it takes as long as making them.
    private init(
        rows: RegionColumn<UInt32>, blocks: RegionColumn<CodeBlock>, codes: RegionColumn<UInt8>,
        of table: VectorTable,
        file: String, with resources: LoadResources
    ) throws(FileFailure) {
        rowCount = table.count
        groups = CodeEncoder.groups(dimension: table.dimension)
        blockCount = (table.count + CodeEncoder.blockRows - 1) / CodeEncoder.blockRows
        precondition(
            rows.count == rowCount && blocks.count == blockCount
                && codes.count == blockCount * CodeEncoder.blockByteCount(dimension: table.dimension))
        let positions = try Self.positions(of: rows, in: table, file: file, with: resources)
        try blocks.withElements { (blocks) throws(FileFailure) in
            try Self.check(blocks, dimension: table.dimension, file: file)
        }
        rowColumn = rows
        positionColumn = positions
        codeColumn = codes
        blockColumn = blocks
        self.rows = rows.pointer
        self.positions = positions.pointer
        view = CodeTableView(
            codes: codes.pointer, blocks: blocks.pointer, groups: groups, row_count: rowCount)
    }

    /// A second object over the same memory, so that threads do not share one reference count.
    package init(replicaOf other: Int8Codes) {
        rowCount = other.rowCount
        groups = other.groups
        blockCount = other.blockCount
        view = other.view
        rows = other.rows
        positions = other.positions
        rowColumn = other.rowColumn
        positionColumn = other.positionColumn
        codeColumn = other.codeColumn
        blockColumn = other.blockColumn
    }

    /// The inverse of a permutation. Throws unless it orders the rows by descending norm, rows of equal norm by
    /// ascending row.
    private static func positions(
        of rows: RegionColumn<UInt32>, in table: VectorTable, file: String, with resources: LoadResources
    ) throws(FileFailure) -> RegionColumn<UInt32> {
        let region = try resources.region(byteCount: table.count * MemoryLayout<UInt32>.stride, for: file)
        let norms = table.normColumn
        let rowsPerPart = blocksPerPart * CodeEncoder.blockRows
        try resources.threads.run(table.count, inPartsOf: rowsPerPart) { (range) throws(FileFailure) in
            try norms.withElements { (norms) throws(FileFailure) in
                try rows.withElements { (rows) throws(FileFailure) in
                    try region.withMutableElements(of: UInt32.self) { (positions) throws(FileFailure) in
                        try invert(rows, range, norms: norms, into: positions, file: file)
                    }
                }
            }
        }
        return RegionColumn(region)
    }

    /// Writes the positions of the rows at a range of positions.
    ///
    /// In this order each row differs from the one before it. So no row occurs twice, and as there are as many as the
    /// table has, none is missing.
    private static func invert(
        _ rows: UnsafeBufferPointer<UInt32>, _ range: Range<Int>, norms: UnsafeBufferPointer<Double>,
        into positions: UnsafeMutableBufferPointer<UInt32>, file: String
    ) throws(FileFailure) {
        var previous = (norm: Double.infinity, row: UInt32.max)
        if range.lowerBound > 0 {
            let before = try row(at: range.lowerBound - 1, of: rows, file: file)
            previous = (norms[Int(before)], before)
        }
        for position in range {
            let row = try row(at: position, of: rows, file: file)
            let norm = norms[Int(row)]
            guard norm < previous.norm || (norm == previous.norm && row > previous.row) else {
                throw FileFailure(
                    file: file, field: "rows[\(position)]", found: "row \(row) of norm \(norm)",
                    wanted: "a row after row \(previous.row) of norm \(previous.norm) in descending norm")
            }
            positions[Int(row)] = UInt32(truncatingIfNeeded: position)
            previous = (norm, row)
        }
    }

    /// The row at a position. Throws if the table has no such row.
    @inline(__always)
    private static func row(
        at position: Int, of rows: UnsafeBufferPointer<UInt32>, file: String
    ) throws(FileFailure) -> UInt32 {
        let row = rows[position]
        guard Int(row) < rows.count else {
            throw FileFailure(
                file: file, field: "rows[\(position)]", found: "\(row)", wanted: "a row, 0..<\(rows.count)")
        }
        return row
    }

    /// Refuses bounds that the encoder never makes, since a scan could overflow with them, and blocks out of order.
    private static func check(
        _ blocks: UnsafeBufferPointer<CodeBlock>, dimension: Int, file: String
    ) throws(FileFailure) {
        let root = Float(dimension).squareRoot()
        // The greatest norm, 2^60, may have been rounded up once.
        var normLimit = Float(Limits.normMax).nextUp
        for (index, block) in blocks.enumerated() {
            func require(_ holds: Bool, _ field: String, _ found: Float, _ wanted: @autoclosure () -> String)
                throws(FileFailure)
            {
                guard holds else {
                    throw FileFailure(
                        file: file, field: "blocks[\(index)].\(field)", found: "\(found)", wanted: wanted())
                }
            }
            try require((0x1p-100...0x1p60).contains(block.scale), "scale", block.scale, "2^-100...2^60")
            try require(
                block.inverse_scale == 1 / block.scale, "inverse_scale", block.inverse_scale,
                "\(1 / block.scale), one over the scale")
            try require((0...root).contains(block.error), "error", block.error, "0...\(root)")
            try require(
                (0...128 * root).contains(block.coded_norm), "coded_norm", block.coded_norm,
                "0...\(128 * root)")
            try require(
                (0...normLimit).contains(block.norm_max), "norm_max", block.norm_max,
                "0...\(normLimit), at most the block's before it")
            try require(
                (0...block.norm_max).contains(block.norm_min), "norm_min", block.norm_min,
                "0...\(block.norm_max), at most norm_max")
            normLimit = block.norm_max
        }
    }
}
