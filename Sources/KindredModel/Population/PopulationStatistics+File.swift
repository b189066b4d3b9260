import KindredDomain
import KindredKernels
import KindredSystem

extension PopulationStatistics {
    /// The bytes of a section of the file.
    package func bytes(of section: PopulationHeader.Section) -> [UInt8] {
        switch section {
        case .mean: return mean.withBytes { Array($0.prefix(layout.dimension * MemoryLayout<Double>.stride)) }
        case .products:
            return products.withElements { products in
                let lower = (0..<layout.dimension).flatMap { row in
                    (0...row).map { products[layout.index(row: row, column: $0)] }
                }
                return lower.withUnsafeBytes { Array($0) }
            }
        case .norms: return normQuantiles.withBytes { Array($0) }
        case .sample: return sample.withBytes { Array($0) }
        }
    }

    /// The statistics in a file's bytes, whose header is checked. Throws for the first value that no statistics of the
    /// users have: one that is not finite, quantiles out of order, rows out of the order of hashes. Whether the values
    /// are those of the vectors is not checked.
    convenience init(
        _ bytes: UnsafeRawBufferPointer, header: PopulationHeader, of users: VectorTable, file: String,
        with resources: LoadResources
    ) throws(FileFailure) {
        let layout = TriangleLayout(dimension: users.dimension)
        func section(_ section: PopulationHeader.Section) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: bytes[header.range(of: section)])
        }
        let mean = try Self.region(layout.wideCount, of: Double.self, with: resources)
        try mean.withMutableElements(of: Double.self) { (elements) throws(FileFailure) in
            elements.initialize(repeating: 0)
            let found = section(.mean).bindMemory(to: Double.self)
            for (index, value) in found.enumerated() {
                try Self.checkFinite(value, "mean[\(index)]", file: file)
                elements[index] = value
            }
        }
        let products = try Self.region(layout.elementCount, of: Double.self, with: resources)
        try products.withMutableElements(of: Double.self) { (elements) throws(FileFailure) in
            elements.initialize(repeating: 0)
            let found = section(.products).bindMemory(to: Double.self)
            var index = 0
            for row in 0..<layout.dimension {
                try resources.threads.checkCancellation()
                for column in 0...row {
                    try Self.checkFinite(found[index], "products[\(index)]", file: file)
                    elements[layout.index(row: row, column: column)] = found[index]
                    index += 1
                }
            }
        }
        let norms = Array(section(.norms).bindMemory(to: Float.self))
        try Self.check(norms: norms, file: file)
        let sample = Array(section(.sample).bindMemory(to: UInt32.self))
        try Self.check(sample: sample, ids: users.ids, file: file)
        self.init(
            rowCount: users.count, layout: layout, mean: mean, products: products,
            normQuantiles: try MemoryRegion.copy(of: norms, for: file),
            sample: try MemoryRegion.copy(of: sample, for: file))
    }

    private static func checkFinite(
        _ value: Double, _ field: @autoclosure () -> String, file: String
    ) throws(FileFailure) {
        guard value.isFinite else {
            throw FileFailure(file: file, field: field(), found: "\(value)", wanted: "a finite number")
        }
    }

    private static func check(norms: [Float], file: String) throws(FileFailure) {
        var least: Float = 0
        for (index, norm) in norms.enumerated() {
            // False for what is not a number.
            guard norm >= least, norm <= Float(Limits.normMax) else {
                throw FileFailure(
                    file: file, field: "norms[\(index)]", found: "\(norm)",
                    wanted: "\(least) to 2^60: quantiles ascend")
            }
            least = norm
        }
    }

    private static func check(sample: [UInt32], ids: IDTable, file: String) throws(FileFailure) {
        var last: HashedRow?
        for (index, row) in sample.enumerated() {
            guard Int(row) < ids.count else {
                throw FileFailure(
                    file: file, field: "sample[\(index)]", found: "\(row)", wanted: "below \(ids.count)")
            }
            let hashed = ids.hashed(row)
            if let last, hashed <= last {
                throw FileFailure(
                    file: file, field: "sample[\(index)]", found: "\(row)",
                    wanted: "a row whose id has a greater hash than that of row \(last.row), the one before")
            }
            last = hashed
        }
    }

    /// Makes the statistics of the users again and compares. Throws for the first value that differs.
    package static func check(
        _ found: PopulationStatistics, against users: VectorTable, codes: Int8Codes,
        with resources: LoadResources = .plain
    ) throws(FileFailure) {
        try found.check(equals: try PopulationStatistics(of: users, codes: codes, with: resources))
    }

    /// Throws for the first value that differs from that of other statistics of the same users.
    package func check(equals wanted: PopulationStatistics) throws(FileFailure) {
        for section in PopulationHeader.Section.allCases {
            let (found, wanted) = (bytes(of: section), wanted.bytes(of: section))
            guard let byte = zip(found, wanted).enumerated().first(where: { $0.element.0 != $0.element.1 })
            else { continue }
            let index = byte.offset / section.elementByteCount
            throw FileFailure(
                file: ModelFiles.statistics, field: "\(section)[\(index)]",
                found: section.text(of: index, in: found),
                wanted: "\(section.text(of: index, in: wanted)), as the vectors give it")
        }
    }
}

extension PopulationHeader.Section {
    fileprivate var elementByteCount: Int {
        switch self {
        case .mean, .products: MemoryLayout<Double>.stride
        case .norms, .sample: MemoryLayout<Float>.stride
        }
    }

    /// An element of a section's bytes.
    fileprivate func text(of index: Int, in bytes: [UInt8]) -> String {
        let offset = index * elementByteCount
        return bytes.withUnsafeBytes { bytes in
            switch self {
            case .mean, .products: "\(bytes.loadUnaligned(fromByteOffset: offset, as: Double.self))"
            case .norms: "\(bytes.loadUnaligned(fromByteOffset: offset, as: Float.self))"
            case .sample: "\(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))"
            }
        }
    }
}
