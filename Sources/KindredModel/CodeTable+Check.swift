import Glibc
import KindredDomain
import KindredKernels

extension CodeTable {
    /// Blocks compared at a time.
    private static let blocksPerStep = 1_024

    /// Makes the codes of a table anew and compares. Throws the first difference: an order, a bound or a code that is
    /// not the one the vectors give.
    package static func check(_ codes: CodeTable, against table: VectorTable) throws(ModelFileFailure) {
        let file = ModelFiles.codes(of: table.side)
        precondition(codes.rowCount == table.count)
        let builder = try CodeBuilder(table, file: file)
        let blockByteCount = CodeEncoder.blockByteCount(dimension: table.dimension)
        let steps = min(blocksPerStep, builder.blockCount)
        let codeRegion = try MemoryRegion.zeroed(byteCount: steps * blockByteCount, for: file)
        let blockRegion = try MemoryRegion.zeroed(
            byteCount: steps * MemoryLayout<CodeBlock>.stride, for: file)
        // A pointer into a region does not keep it alive.
        defer { withExtendedLifetime((codes, table, builder, codeRegion, blockRegion)) {} }
        let wantedRows = builder.rows.bytes.bindMemory(to: UInt32.self)
        for position in 0..<codes.rowCount where codes.rows[position] != wantedRows[position] {
            throw ModelFileFailure(
                file: file, field: "rows[\(position)]", found: "\(codes.rows[position])",
                wanted: "\(wantedRows[position]), the next in descending norm")
        }
        let wantedCodes = codeRegion.mutableBytes.bindMemory(to: UInt8.self).baseAddress!
        let wantedBlocks = blockRegion.mutableBytes.bindMemory(to: CodeBlock.self).baseAddress!
        for first in stride(from: 0, to: builder.blockCount, by: steps) {
            let count = min(steps, builder.blockCount - first)
            builder.encode(first..<first + count, codes: wantedCodes, blocks: wantedBlocks)
            let blockBytes = count * MemoryLayout<CodeBlock>.stride
            let isSame = memcmp(codes.view.blocks + first, wantedBlocks, blockBytes) == 0
            for index in 0..<(isSame ? 0 : count) {
                try compare(
                    codes.view.blocks[first + index], wantedBlocks[index], block: first + index, file: file)
            }
            let found = codes.view.codes + first * blockByteCount
            guard memcmp(found, wantedCodes, count * blockByteCount) != 0 else { continue }
            for byte in 0..<count * blockByteCount where found[byte] != wantedCodes[byte] {
                throw ModelFileFailure(
                    file: file, field: "codes[\(first * blockByteCount + byte)]", found: "\(found[byte])",
                    wanted:
                        "\(wantedCodes[byte]), the vectors' code in block \(first + byte / blockByteCount)")
            }
        }
    }

    private static func compare(
        _ found: CodeBlock, _ wanted: CodeBlock, block: Int, file: String
    ) throws(ModelFileFailure) {
        let members: [(String, KeyPath<CodeBlock, Float>)] = [
            ("scale", \.scale), ("inverse_scale", \.inverse_scale), ("error", \.error),
            ("coded_norm", \.coded_norm), ("norm_min", \.norm_min), ("norm_max", \.norm_max),
        ]
        for (name, member) in members where found[keyPath: member] != wanted[keyPath: member] {
            throw ModelFileFailure(
                file: file, field: "blocks[\(block)].\(name)", found: "\(found[keyPath: member])",
                wanted: "\(wanted[keyPath: member]), as the vectors give it")
        }
    }
}
