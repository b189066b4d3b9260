import Foundation

/// Writes `.npy` files of format 1.0, as `kindred pack` reads them.
enum NpyFile {
    /// Rows of float32.
    static func write(_ elements: [Float], dimension: Int, to path: String) throws {
        try write(elements, type: "<f4", shape: "(\(elements.count / dimension), \(dimension))", to: path)
    }

    /// Numeric ids.
    static func write(_ ids: [UInt64], to path: String) throws {
        try write(ids, type: "<u8", shape: "(\(ids.count),)", to: path)
    }

    private static func write<Element>(
        _ elements: [Element], type: String, shape: String, to path: String
    ) throws {
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
        while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
        header += "\n"
        var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
        withUnsafeBytes(of: UInt16(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(contentsOf: header.utf8)
        elements.withUnsafeBytes { data.append(contentsOf: $0) }
        try data.write(to: URL(fileURLWithPath: path))
    }
}
