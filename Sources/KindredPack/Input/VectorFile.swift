import KindredModel
import KindredSystem

/// Vectors of a `.npy` or safetensors file as values, for a command that works on them itself.
package enum VectorFile {
    /// The rows in their order. Throws what is wrong with the file.
    package static func rows(of path: String) throws(FileFailure) -> [[Float]] {
        let (region, rows, dimension) = try matrix(of: path)
        defer { withExtendedLifetime(region) {} }
        let elements = region.bytes.bindMemory(to: Float.self)
        return (0..<rows).map { row in Array(elements[row * dimension..<(row + 1) * dimension]) }
    }

    /// All rows as float32, row-major, with how many they are and the elements of each. Throws what is wrong with
    /// the file.
    package static func matrix(
        of path: String
    ) throws(FileFailure) -> (vectors: MemoryRegion, rows: Int, dimension: Int) {
        let source = try VectorSource(path: path)
        return (try source.read(), source.rows, source.dimension)
    }
}
