import Glibc
import KindredKernels
import KindredSystem

extension Int8Codes {
    /// Encodes the table again and compares. Throws for the first bound or code that differs. The order of the rows
    /// needs no check: an `Int8Codes` has it checked already.
    package static func check(
        _ codes: Int8Codes, against table: VectorTable, with resources: LoadResources = .plain
    ) throws(FileFailure) {
        let file = ModelFiles.codes(of: table.side)
        precondition(codes.rowCount == table.count)
        let builder = CodeBuilder(table, inOrderOf: codes)
        try resources.threads.run(builder.blockCount, inPartsOf: blocksPerPart) {
            (blocks) throws(FileFailure) in
            try check(blocks, of: codes, builder: builder, file: file)
        }
    }

    private static func check(
        _ range: Range<Int>, of codes: Int8Codes, builder: CodeBuilder, file: String
    ) throws(FileFailure) {
        let blockByteCount = CodeEncoder.blockByteCount(dimension: builder.dimension)
        let bytes = range.lowerBound * blockByteCount..<range.upperBound * blockByteCount
        let wantedCodes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        let wantedBlocks = UnsafeMutableBufferPointer<CodeBlock>.allocate(capacity: range.count)
        defer {
            wantedCodes.deallocate()
            wantedBlocks.deallocate()
        }
        builder.encode(range, codes: wantedCodes, blocks: wantedBlocks)
        try codes.blockColumn.withElements { (blocks) throws(FileFailure) in
            let found = UnsafeBufferPointer(rebasing: blocks[range])
            let byteCount = range.count * MemoryLayout<CodeBlock>.stride
            guard memcmp(found.baseAddress!, wantedBlocks.baseAddress!, byteCount) != 0 else { return }
            for (index, block) in range.enumerated() {
                try compare(found[index], wantedBlocks[index], block: block, file: file)
            }
        }
        try codes.codeColumn.withElements { (codes) throws(FileFailure) in
            let found = UnsafeBufferPointer(rebasing: codes[bytes])
            guard memcmp(found.baseAddress!, wantedCodes.baseAddress!, bytes.count) != 0 else { return }
            for byte in found.indices where found[byte] != wantedCodes[byte] {
                throw FileFailure(
                    file: file, field: "codes[\(bytes.lowerBound + byte)]", found: "\(found[byte])",
                    wanted:
                        "\(wantedCodes[byte]), the vectors' code in block "
                        + "\(range.lowerBound + byte / blockByteCount)")
            }
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
