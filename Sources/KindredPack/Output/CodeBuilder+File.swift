import KindredKernels
import KindredModel
import KindredSystem

extension CodeBuilder {
    /// Bytes of codes made before they are written.
    private static let writeByteCount = 1 << 20

    /// Writes a whole codes file. Memory: one piece of the codes and all bounds, 1.5 bytes a row.
    func write(
        to file: inout WritableFile, fingerprint: [UInt8], progress: (_ rowsDone: Int) -> Void
    ) throws(PackFailure) {
        let header = CodesHeader(rowCount: rowCount, dimension: dimension, fingerprint: fingerprint)
        let blockByteCount = CodeEncoder.blockByteCount(dimension: dimension)
        let blocksPerWrite = min(blockCount, max(1, Self.writeByteCount / blockByteCount))
        let codes: MemoryRegion
        let bounds: MemoryRegion
        do throws(FileFailure) {
            codes = try MemoryRegion.zeroed(byteCount: blocksPerWrite * blockByteCount, for: file.name)
            bounds = try MemoryRegion.zeroed(byteCount: header.byteCount(of: .blocks), for: file.name)
        } catch {
            throw .input(error)
        }
        // A pointer into a region does not keep it alive.
        defer { withExtendedLifetime((codes, bounds, storage)) {} }
        let codeBytes = codes.mutableBytes.bindMemory(to: UInt8.self).baseAddress!
        let blocks = bounds.mutableBytes.bindMemory(to: CodeBlock.self).baseAddress!

        try file.write(header.encoded)
        try file.pad(to: header.range(of: .rows).lowerBound)
        try file.write(UnsafeRawBufferPointer(start: rows, count: header.byteCount(of: .rows)))
        try file.pad(to: header.range(of: .codes).lowerBound)
        for first in stride(from: 0, to: blockCount, by: blocksPerWrite) {
            progress(first * CodeEncoder.blockRows)
            let count = min(blocksPerWrite, blockCount - first)
            encode(first..<first + count, codes: codeBytes, blocks: blocks + first)
            try file.write(UnsafeRawBufferPointer(start: codeBytes, count: count * blockByteCount))
        }
        try file.pad(to: header.range(of: .blocks).lowerBound)
        try file.write(bounds.bytes)
        progress(rowCount)
    }
}
