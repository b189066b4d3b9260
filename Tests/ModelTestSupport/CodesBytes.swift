import KindredKernels
import KindredModel

/// Everything that a scan reads of codes, to compare them by.
package enum CodesBytes {
    /// Rows, positions, bounds and codes, one after the other.
    package static func of(_ table: Int8Codes) -> [UInt8] {
        let blockByteCount = table.groups * 64
        let bytes =
            Array(UnsafeRawBufferPointer(start: table.rows, count: table.rowCount * 4))
            + Array(UnsafeRawBufferPointer(start: table.positions, count: table.rowCount * 4))
            + Array(
                UnsafeRawBufferPointer(
                    start: table.view.blocks, count: table.blockCount * MemoryLayout<CodeBlock>.stride))
            + Array(UnsafeRawBufferPointer(start: table.view.codes, count: table.blockCount * blockByteCount))
        return withExtendedLifetime(table) { bytes }
    }

    /// Those of both sides.
    package static func of(_ version: LoadedVersion) -> [[UInt8]] {
        [version.itemCodes, version.userCodes].compactMap { $0 }.map { of($0) }
    }
}
