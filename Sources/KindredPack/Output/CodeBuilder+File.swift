import KindredKernels
import KindredModel
import KindredSystem

extension CodeBuilder {
    /// Bytes of codes that are made for one write.
    private static let writeByteCount = 1 << 20

    /// Writes a whole codes file. Memory: the codes of one write and all bounds, 1.5 bytes a row.
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

        try file.write(header.encoded)
        try file.pad(to: header.range(of: .rows).lowerBound)
        try rows.withBytes { (rows) throws(PackFailure) in try file.write(rows) }
        try file.pad(to: header.range(of: .codes).lowerBound)
        for first in stride(from: 0, to: blockCount, by: blocksPerWrite) {
            progress(first * CodeEncoder.blockRows)
            let blocks = first..<min(first + blocksPerWrite, blockCount)
            try codes.withMutableElements(of: UInt8.self) { (codes) throws(PackFailure) in
                bounds.withMutableElements(of: CodeBlock.self) { bounds in
                    encode(blocks, codes: codes, blocks: UnsafeMutableBufferPointer(rebasing: bounds[blocks]))
                }
                let written = UnsafeMutableBufferPointer(rebasing: codes[..<(blocks.count * blockByteCount)])
                try file.write(UnsafeRawBufferPointer(written))
            }
        }
        try file.pad(to: header.range(of: .blocks).lowerBound)
        try bounds.withBytes { (bounds) throws(PackFailure) in try file.write(bounds) }
        progress(rowCount)
    }
}
