import KindredModel
import KindredSystem

/// An input file of vectors: its header is read at once, its elements on demand.
struct VectorSource {
    private enum Element {
        case float32
        case float64
    }

    let path: String
    let rows: Int
    let dimension: Int
    /// The training id in the metadata of a safetensors file.
    let trainingID: String?
    /// The header of a safetensors file, which may hold ids too; nil for `.npy`.
    let header: SafetensorsHeader?
    private let element: Element
    private let offset: Int

    /// Reads the header of a `.npy` or safetensors file. Throws unless it is a matrix of float32 or, in `.npy`, of
    /// float64.
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

    /// Reads all elements as float32, row-major. A float64 is rounded once; a finite one that overflows throws.
    func read() throws(FileFailure) -> MemoryRegion {
        let file = try ReadableFile(path: path, name: path, followsLinks: true)
        // The header has proven that the file holds all elements, so the product does not overflow.
        let count = rows * dimension
        guard element == .float64 else { return try file.region(at: offset, count: count * 4) }
        let region = try MemoryRegion.zeroed(byteCount: count * 4, for: path)
        let chunk = 1 << 16
        let buffer = try MemoryRegion.zeroed(byteCount: chunk * 8, for: path)
        try region.withMutableElements(of: Float.self) { (floats) throws(FileFailure) in
            try buffer.withMutableElements(of: Double.self) { (doubles) throws(FileFailure) in
                for start in stride(from: 0, to: count, by: chunk) {
                    let length = min(chunk, count - start)
                    let read = UnsafeMutableRawBufferPointer(
                        UnsafeMutableBufferPointer(rebasing: doubles[..<length]))
                    try file.read(into: read, at: offset + start * 8)
                    for index in 0..<length {
                        floats[start + index] = try rounded(doubles[index], element: start + index)
                    }
                }
            }
        }
        return region
    }

    @inline(__always)
    private func rounded(_ value: Double, element: Int) throws(FileFailure) -> Float {
        let rounded = Float(value)
        guard !rounded.isInfinite || !value.isFinite else {
            throw FileFailure(
                file: path, field: "vectors[\(element / dimension), \(element % dimension)]",
                found: "\(value)", wanted: "within \(Float.greatestFiniteMagnitude) of 0")
        }
        return rounded
    }
}

/// Vectors of a `.npy` or safetensors file as values, for a command that works on them itself.
package enum VectorFile {
    /// The rows in the order of the file. Throws if the file has a fault.
    package static func rows(of path: String) throws(FileFailure) -> [[Float]] {
        let (region, rows, dimension) = try matrix(of: path)
        return region.withBytes { bytes in
            let elements = bytes.bindMemory(to: Float.self)
            return (0..<rows).map { Array(elements[$0 * dimension..<($0 + 1) * dimension]) }
        }
    }

    /// All rows as float32, row-major, with the number of rows and the elements of each. Throws if the file has a
    /// fault.
    package static func matrix(
        of path: String
    ) throws(FileFailure) -> (vectors: MemoryRegion, rows: Int, dimension: Int) {
        let source = try VectorSource(path: path)
        return (try source.read(), source.rows, source.dimension)
    }
}
