/// Vectors of a `.npy` or safetensors file as values, for a command that sends a few of them.
package enum VectorFile {
    /// The rows in their order. Throws what is wrong with the file.
    package static func rows(of path: String) throws(ModelFileFailure) -> [[Float]] {
        let source = try VectorSource(path: path)
        let region = try source.read()
        defer { withExtendedLifetime(region) {} }
        let elements = region.bytes.bindMemory(to: Float.self)
        return (0..<source.rows).map { row in
            Array(elements[row * source.dimension..<(row + 1) * source.dimension])
        }
    }
}
