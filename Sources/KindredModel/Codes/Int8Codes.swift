import KindredDomain
import KindredKernels
import KindredSystem

/// The int8 codes of one side of a version: what a scan reads instead of the vectors.
///
/// Blocks of 16 rows; rows descend by float64 norm (equal ones ascend by row), so what is left of a scan has norms
/// of at most the next block's `norm_max`. Immutable; any thread may read. Its pointers are valid for as long as the
/// table itself is held.
package final class Int8Codes: @unchecked Sendable {
    /// Rows, at least 1.
    package let rowCount: Int
    /// Groups of four dimensions.
    package let groups: Int
    /// Blocks of 16 rows, the last one possibly with fewer.
    package let blockCount: Int
    /// Codes and bounds, for the scan kernels.
    package let view: CodeTableView
    /// The row at each position of the codes.
    package let rows: UnsafePointer<UInt32>
    /// The position of each row.
    package let positions: UnsafePointer<UInt32>
    /// What keeps the pointers alive.
    private let storage: [MemoryRegion]

    /// Blocks that one thread codes, or checks, in a row.
    static let blocksPerPart = 1_024

    /// Codes a table in memory. Takes about as long as reading the vectors twice. Throws where there is no memory.
    package convenience init(
        building table: VectorTable, with means: LoadResources = .plain
    ) throws(FileFailure) {
        let file = ModelFiles.codes(of: table.side)
        let builder = try CodeBuilder(table, file: file)
        let blockByteCount = CodeEncoder.blockByteCount(dimension: table.dimension)
        let codes = try MemoryRegion.zeroed(byteCount: builder.blockCount * blockByteCount, for: file)
        let blocks = try MemoryRegion.zeroed(
            byteCount: builder.blockCount * MemoryLayout<CodeBlock>.stride, for: file)
        // A pointer into a region does not keep it alive.
        defer { withExtendedLifetime((codes, blocks, table)) {} }
        nonisolated(unsafe) let codeBytes = codes.mutableBytes.bindMemory(to: UInt8.self).baseAddress!
        nonisolated(unsafe) let bounds = blocks.mutableBytes.bindMemory(to: CodeBlock.self).baseAddress!
        try means.threads.run(builder.blockCount, inPartsOf: Self.blocksPerPart) { part in
            let first = part.lowerBound
            builder.encode(part, codes: codeBytes + first * blockByteCount, blocks: bounds + first)
        }
        let rows = UnsafeRawBufferPointer(
            start: builder.rows, count: table.count * MemoryLayout<UInt32>.stride)
        try self.init(
            rows: rows, blocks: blocks.bytes, codes: codes.bytes,
            storage: [builder.storage, blocks, codes].compactMap { $0 }, of: table, file: file, with: means)
    }

    /// Codes inside `storage`, which belong to `table` and are checked: `rows` is a permutation in descending order
    /// of norm, bounds are finite and in range. That codes and bounds are those of the vectors is not: that takes as
    /// long as making them, and `check(_:against:)` does it.
    init(
        rows: UnsafeRawBufferPointer, blocks: UnsafeRawBufferPointer, codes: UnsafeRawBufferPointer,
        storage: [MemoryRegion], of table: VectorTable, file: String, with means: LoadResources
    ) throws(FileFailure) {
        rowCount = table.count
        groups = CodeEncoder.groups(dimension: table.dimension)
        blockCount = (table.count + CodeEncoder.blockRows - 1) / CodeEncoder.blockRows
        precondition(
            rows.count == rowCount * MemoryLayout<UInt32>.stride
                && blocks.count == blockCount * MemoryLayout<CodeBlock>.stride
                && codes.count == blockCount * CodeEncoder.blockByteCount(dimension: table.dimension))
        let rowOfPosition = rows.baseAddress!.assumingMemoryBound(to: UInt32.self)
        let bounds = blocks.baseAddress!.assumingMemoryBound(to: CodeBlock.self)
        let positions = try Self.positions(of: rowOfPosition, in: table, file: file, with: means)
        try Self.check(
            UnsafeBufferPointer(start: bounds, count: blockCount), dimension: table.dimension, file: file)
        self.rows = rowOfPosition
        self.positions = positions.bytes.bindMemory(to: UInt32.self).baseAddress!
        self.storage = storage + [positions]
        view = CodeTableView(
            codes: codes.baseAddress!.assumingMemoryBound(to: UInt8.self), blocks: bounds, groups: groups,
            row_count: rowCount)
    }

    /// An object of its own over the same memory.
    package init(replicaOf other: Int8Codes) {
        rowCount = other.rowCount
        groups = other.groups
        blockCount = other.blockCount
        view = other.view
        rows = other.rows
        positions = other.positions
        storage = other.storage
    }

    /// The inverse of a permutation, which must order the rows by descending norm, equal ones by ascending row.
    private static func positions(
        of rows: UnsafePointer<UInt32>, in table: VectorTable, file: String, with means: LoadResources
    ) throws(FileFailure) -> MemoryRegion {
        let region = try means.region(byteCount: table.count * MemoryLayout<UInt32>.stride, for: file)
        let positions = region.mutableBytes.bindMemory(to: UInt32.self).baseAddress!
        // A row in order differs from the one before it, so no row stands twice, and all are there.
        nonisolated(unsafe) let (rows, target) = (rows, positions)
        let rowsPerPart = blocksPerPart * CodeEncoder.blockRows
        try means.threads.run(table.count, inPartsOf: rowsPerPart) { (range) throws(FileFailure) in
            var previous = (norm: Double.infinity, row: UInt32.max)
            if range.lowerBound > 0 {
                let before = try row(at: range.lowerBound - 1, of: rows, count: table.count, file: file)
                previous = (table.norms[Int(before)], before)
            }
            for position in range {
                let row = try row(at: position, of: rows, count: table.count, file: file)
                let norm = table.norms[Int(row)]
                guard norm < previous.norm || (norm == previous.norm && row > previous.row) else {
                    throw FileFailure(
                        file: file, field: "rows[\(position)]", found: "row \(row) of norm \(norm)",
                        wanted: "a row after row \(previous.row) of norm \(previous.norm) in descending norm")
                }
                target[Int(row)] = UInt32(truncatingIfNeeded: position)
                previous = (norm, row)
            }
        }
        return region
    }

    /// The row at a position, which must be one that exists.
    @inline(__always)
    private static func row(
        at position: Int, of rows: UnsafePointer<UInt32>, count: Int, file: String
    ) throws(FileFailure) -> UInt32 {
        let row = rows[position]
        guard Int(row) < count else {
            throw FileFailure(
                file: file, field: "rows[\(position)]", found: "\(row)", wanted: "a row, 0..<\(count)")
        }
        return row
    }

    /// Refuses bounds that no coding makes, which a scan could overflow with, and blocks out of order.
    private static func check(
        _ blocks: UnsafeBufferPointer<CodeBlock>, dimension: Int, file: String
    ) throws(FileFailure) {
        let root = Float(dimension).squareRoot()
        // A norm of 2^60 is rounded up once.
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

extension Int8Codes {
    /// Codes that were read from a file of the current layout, which `file` names.
    ///
    /// Everything is checked but that codes and bounds are those of the vectors.
    convenience init(
        region: MemoryRegion, header: CodesHeader, of table: VectorTable, file: String,
        with means: LoadResources
    ) throws(FileFailure) {
        try header.check(region.bytes, file: file)
        func section(_ section: CodesHeader.Section) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: region.bytes[header.range(of: section)])
        }
        try self.init(
            rows: section(.rows), blocks: section(.blocks), codes: section(.codes), storage: [region],
            of: table, file: file, with: means)
    }
}
