import Foundation

/// Writes `.npy` files of format 1.0, which `kindred pack` reads.
enum NpyFile {
    /// Writes rows of float32.
    static func write(_ elements: [Float], dimension: Int, to path: String) throws {
        try write(elements, type: "<f4", shape: "(\(elements.count / dimension), \(dimension))", to: path)
    }

    /// Writes numeric ids.
    static func write(_ ids: [UInt64], to path: String) throws {
        try write(ids, type: "<u8", shape: "(\(ids.count),)", to: path)
    }

    /// Writes rows of float32 without a copy.
    static func write(rows: UnsafeRawBufferPointer, dimension: Int, to path: String) throws {
        let count = rows.count / (dimension * MemoryLayout<Float>.stride)
        try write(rows, type: "<f4", shape: "(\(count), \(dimension))", to: path)
    }

    private static func write<Element>(
        _ elements: [Element], type: String, shape: String, to path: String
    ) throws {
        try elements.withUnsafeBytes { try write($0, type: type, shape: shape, to: path) }
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, type: String, shape: String, to path: String
    ) throws {
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
        while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
        header += "\n"
        var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
        withUnsafeBytes(of: UInt16(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(contentsOf: header.utf8)
        let url = URL(fileURLWithPath: path)
        try data.write(to: url)
        guard let start = bytes.baseAddress else { return }
        let file = try FileHandle(forWritingTo: url)
        defer { try? file.close() }
        try file.seekToEnd()
        try file.write(
            contentsOf: Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
        )
    }
}
