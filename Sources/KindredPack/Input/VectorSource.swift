import KindredModel
import KindredSystem

/// Vectors in a file of somebody else's, described by its header and read on demand.
struct VectorSource {
    private enum Element {
        case float32
        case float64
    }

    let path: String
    let rows: Int
    let dimension: Int
    /// What a safetensors file says of its training.
    let trainingID: String?
    /// The header of a safetensors file, which may have ids beside the vectors.
    let header: SafetensorsHeader?
    private let element: Element
    private let offset: Int

    /// Reads the header of a `.npy` or safetensors file.
    init(path: String) throws(FileFailure) {
        let file = try ReadableFile(path: path, name: path, followsLinks: true)
        self.path = path
        // A safetensors file begins with the length of the JSON object that follows.
        let start = try file.bytes(at: 0, count: min(file.byteCount, 9))
        guard start.starts(with: NpyHeader.magic) else {
            guard start.count == 9, start[8] == UInt8(ascii: "{") else {
                throw FileFailure(
                    file: path, field: "beginning",
                    found: FileFailure.quoted(String(decoding: start, as: UTF8.self)),
                    wanted: "that of a .npy or .safetensors file")
            }
            let header = try SafetensorsHeader.read(file)
            let tensor = try header.tensor(ModelFiles.vectorsTensor, .f32, file: path)
            guard tensor.shape.count == 2 else { throw Self.shapeFailure(path, tensor.shape) }
            rows = tensor.shape[0]
            dimension = tensor.shape[1]
            element = .float32
            offset = tensor.range.lowerBound
            trainingID = header.metadata(ModelFiles.trainingKey)
            self.header = header
            return
        }
        let header = try NpyHeader.read(file)
        switch header.type {
        case "<f4": element = .float32
        case "<f8": element = .float64
        default:
            throw FileFailure(
                file: path, field: "the element type", found: FileFailure.quoted(header.type),
                wanted: "\"<f4\" or \"<f8\" (little-endian floats)")
        }
        guard header.shape.count == 2 else { throw Self.shapeFailure(path, header.shape) }
        guard !header.isFortranOrder else {
            throw FileFailure(
                file: path, field: "fortran_order", found: "True",
                wanted: "False (numpy.ascontiguousarray makes it so)")
        }
        rows = header.shape[0]
        dimension = header.shape[1]
        offset = header.dataOffset
        trainingID = nil
        self.header = nil
    }

    private static func shapeFailure(_ path: String, _ shape: [Int]) -> FileFailure {
        FileFailure(
            file: path, field: "the shape of the vectors", found: "\(shape)", wanted: "[rows, dimension]")
    }

    /// All elements as float32, row-major. A float64 is rounded once; one that would overflow is refused.
    func read() throws(FileFailure) -> MemoryRegion {
        let file = try ReadableFile(path: path, name: path, followsLinks: true)
        // The header has proven that the elements are in the file, so the product fits.
        let count = rows * dimension
        guard element == .float64 else { return try file.region(at: offset, count: count * 4) }
        let region = try MemoryRegion.zeroed(byteCount: count * 4, for: path)
        let floats = region.mutableBytes.bindMemory(to: Float.self)
        let chunk = 1 << 16
        let buffer = try MemoryRegion.zeroed(byteCount: chunk * 8, for: path)
        // A pointer into a region does not keep it alive.
        defer { withExtendedLifetime(buffer) {} }
        let doubles = buffer.mutableBytes.bindMemory(to: Double.self)
        for start in stride(from: 0, to: count, by: chunk) {
            let length = min(chunk, count - start)
            try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer.mutableBytes[0..<length * 8]),
                at: offset + start * 8)
            for index in 0..<length {
                let value = Float(doubles[index])
                if value.isInfinite, doubles[index].isFinite {
                    let element = start + index
                    throw FileFailure(
                        file: path, field: "vectors[\(element / dimension), \(element % dimension)]",
                        found: "\(doubles[index])", wanted: "within \(Float.greatestFiniteMagnitude) of 0")
                }
                floats[start + index] = value
            }
        }
        return region
    }
}

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
