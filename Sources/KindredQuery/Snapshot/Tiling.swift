import KindredModel
import KindredSystem

/// A side's rows cut into tiles for BLAS, with the norms that the discard rule needs.
///
/// A tile is a stretch of rows whose vectors stay in the L2 cache together with their scores against a group of
/// queries.
package final class Tiling: Sendable {
    /// Bytes of the vectors of one tile, at most, unless `rowsPerTileMin` asks for more.
    package static let tileByteCountMax = 256 << 10
    package static let rowsPerTileMin = 64
    package static let rowsPerTileMax = 1_024

    package let rowsPerTile: Int
    package let tileCount: Int
    private let rowCount: Int
    /// Norms rounded to float32, one per row.
    private let normStorage: MemoryRegion
    /// Greatest norm of each tile, in float64.
    private let normMax: [Double]
    /// Least norm above 0 of each tile; infinite where every row is 0.
    private let normMin: [Double]

    package init(table: VectorTable) throws(MemoryFailure) {
        rowCount = table.count
        let fitting = Self.tileByteCountMax / (table.dimension * MemoryLayout<Float>.stride)
        rowsPerTile = min(max(fitting, Self.rowsPerTileMin), Self.rowsPerTileMax)
        tileCount = (rowCount + rowsPerTile - 1) / rowsPerTile
        normStorage = try MemoryRegion(byteCount: rowCount * MemoryLayout<Float>.stride)
        let norms = normStorage.mutableBytes.bindMemory(to: Float.self)
        var greatest = Array(repeating: 0.0, count: tileCount)
        var least = Array(repeating: Double.infinity, count: tileCount)
        for row in 0..<rowCount {
            let norm = table.norms[row]
            norms[row] = Float(norm)
            let tile = row / rowsPerTile
            greatest[tile] = max(greatest[tile], norm)
            if norm > 0 { least[tile] = min(least[tile], norm) }
        }
        normMax = greatest
        normMin = least
    }

    /// The rows of a tile.
    package func rows(ofTile tile: Int) -> Range<Int> {
        tile * rowsPerTile..<min((tile + 1) * rowsPerTile, rowCount)
    }

    package func normMax(ofTile tile: Int) -> Double { normMax[tile] }
    package func normMin(ofTile tile: Int) -> Double { normMin[tile] }

    /// Norms of all rows, rounded to float32. Valid while the tiling is held.
    package var norms: UnsafePointer<Float> {
        UnsafePointer(normStorage.bytes.baseAddress!.assumingMemoryBound(to: Float.self))
    }
}
