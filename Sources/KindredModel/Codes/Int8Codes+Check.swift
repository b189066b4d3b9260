import Glibc
import KindredKernels
import KindredSystem

extension Int8Codes {
    /// Makes the codes of a table anew and compares. Throws the first difference: a bound or a
    /// code that is not the one the vectors give. That the rows are in their order is sure since the codes are a
    /// `Int8Codes`.
    package static func check(
        _ codes: Int8Codes, against table: VectorTable, with means: LoadResources = .plain
    ) throws(FileFailure) {
        let file = ModelFiles.codes(of: table.side)
        precondition(codes.rowCount == table.count)
        let builder = CodeBuilder(table, inOrderOf: codes)
        try means.threads.run(builder.blockCount, inPartsOf: blocksPerPart) {
            (blocks) throws(FileFailure) in
            try check(blocks, of: codes, builder: builder, file: file)
        }
        // A pointer into a region does not keep it alive.
        withExtendedLifetime((codes, table)) {}
    }

    private static func check(
        _ blocks: Range<Int>, of codes: Int8Codes, builder: CodeBuilder, file: String
    ) throws(FileFailure) {
        let blockByteCount = CodeEncoder.blockByteCount(dimension: builder.dimension)
        let wantedCodes = UnsafeMutablePointer<UInt8>.allocate(capacity: blocks.count * blockByteCount)
        let wantedBlocks = UnsafeMutablePointer<CodeBlock>.allocate(capacity: blocks.count)
        defer {
            wantedCodes.deallocate()
            wantedBlocks.deallocate()
        }
        builder.encode(blocks, codes: wantedCodes, blocks: wantedBlocks)
        let bounds = codes.view.blocks + blocks.lowerBound
        if memcmp(bounds, wantedBlocks, blocks.count * MemoryLayout<CodeBlock>.stride) != 0 {
            for (index, block) in blocks.enumerated() {
                try compare(bounds[index], wantedBlocks[index], block: block, file: file)
            }
        }
        let found = codes.view.codes + blocks.lowerBound * blockByteCount
        guard memcmp(found, wantedCodes, blocks.count * blockByteCount) != 0 else { return }
        for byte in 0..<blocks.count * blockByteCount where found[byte] != wantedCodes[byte] {
            throw FileFailure(
                file: file, field: "codes[\(blocks.lowerBound * blockByteCount + byte)]",
                found: "\(found[byte])",
                wanted:
                    "\(wantedCodes[byte]), the vectors' code in block "
                    + "\(blocks.lowerBound + byte / blockByteCount)")
        }
    }

    private static func compare(
        _ found: CodeBlock, _ wanted: CodeBlock, block: Int, file: String
    ) throws(FileFailure) {
        let members: [(String, KeyPath<CodeBlock, Float>)] = [
            ("scale", \.scale), ("inverse_scale", \.inverse_scale), ("error", \.error),
            ("coded_norm", \.coded_norm), ("norm_min", \.norm_min), ("norm_max", \.norm_max),
        ]
        for (name, member) in members where found[keyPath: member] != wanted[keyPath: member] {
            throw FileFailure(
                file: file, field: "blocks[\(block)].\(name)", found: "\(found[keyPath: member])",
                wanted: "\(wanted[keyPath: member]), as the vectors give it")
        }
    }
}
