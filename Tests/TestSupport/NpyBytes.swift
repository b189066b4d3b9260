/// Builds `.npy` files, valid and malformed, for tests.
package enum NpyBytes {
    /// A file with the given header texts and data.
    package static func file(
        version: UInt8 = 1, descr: String, fortran: String = "False", shape: String, data: [UInt8]
    ) -> [UInt8] {
        var header = Array("{'descr': \(descr), 'fortran_order': \(fortran), 'shape': \(shape), }".utf8)
        let prefix = version == 1 ? 10 : 12
        while (prefix + header.count + 1) % 64 != 0 { header.append(0x20) }
        header.append(0x0A)
        let size: [UInt8] =
            version == 1
            ? bytes(UInt16(header.count)) : bytes(UInt32(header.count))
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + size + header + data
    }

    package static func floats(_ rows: [[Float]], version: UInt8 = 1) -> [UInt8] {
        file(
            version: version, descr: "'<f4'", shape: "(\(rows.count), \(rows.first?.count ?? 0))",
            data: rows.flatMap { $0.flatMap { bytes($0.bitPattern) } })
    }

    package static func doubles(_ rows: [[Double]]) -> [UInt8] {
        file(
            descr: "'<f8'", shape: "(\(rows.count), \(rows.first?.count ?? 0))",
            data: rows.flatMap { $0.flatMap { bytes($0.bitPattern) } })
    }

    package static func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }
}
