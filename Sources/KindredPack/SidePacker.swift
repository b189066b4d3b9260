import KindredDomain
import KindredKernels
import KindredModel
import KindredSystem

/// Packs one side: reads the input files, sorts the rows by id, checks them, writes the version's files.
struct SidePacker {
    let side: Side
    let input: PackInput
    let source: VectorSource
    let metric: Similarity

    /// Bytes of sorted rows that are gathered for one write.
    private static let writeByteCount = 1 << 20

    /// Reads the header of the vectors. Throws unless there are 1 to `Limits.rowsMax` rows of 1 to 4,096 elements.
    init(side: Side, input: PackInput, metric: Similarity) throws(PackFailure) {
        self.side = side
        self.input = input
        self.metric = metric
        do throws(FileFailure) {
            source = try VectorSource(path: input.vectors)
        } catch {
            throw .input(error)
        }
        guard source.rows > 0 else { throw .noRows(side) }
        guard UInt64(source.rows) <= Limits.rowsMax else { throw .tooManyRows(side, source.rows) }
        guard (1...Int(Limits.standard.dimensionMax)).contains(source.dimension) else {
            throw .dimension(side, source.dimension)
        }
    }

    /// What was written of a side.
    struct Written {
        /// The manifest's entries for the side and for its files.
        let rows: Manifest.Rows
        let files: [Manifest.File]
        /// How the heading of the ids was read.
        let heading: IDHeading.Reading?
        /// Nil unless they are needed for other files.
        let ids: PackedIDs?
    }

    /// Writes `<side>.safetensors` and `<side>.codes` into `directory`.
    func write(
        into directory: String, fingerprint: [UInt8], trainingID: String?, keepingIDs: Bool,
        progress: (PackProgress) -> Void
    ) throws(PackFailure) -> Written {
        progress(.reading(side, rows: source.rows))
        let (ids, heading, region) = try read()
        progress(.sorting(side, rows: source.rows))
        let order: RowOrder
        do throws(RowOrder.Duplicate) {
            order = try RowOrder(ids)
        } catch {
            throw .duplicateID(side, ids[error.first], row: error.first, other: error.second)
        }
        try region.withMutableElements(of: Float.self) { (elements) throws(PackFailure) in
            try check(elements, ids)
        }

        let elements = RegionColumn<Float>(region)
        var file = try WritableFile(directory: directory, name: ModelFiles.vectors(of: side))
        let columns = IDColumns(ids, order)
        var metadata = [(name: ModelFiles.fingerprintKey, value: HexText.encode(fingerprint))]
        if let trainingID { metadata.append((ModelFiles.trainingKey, trainingID)) }
        let vectors = SafetensorsWriter.Tensor(
            name: ModelFiles.vectorsTensor, type: .f32, shape: [source.rows, source.dimension])
        try file.write(SafetensorsWriter.front(tensors: [vectors] + columns.tensors, metadata: metadata))
        try write(elements, order, to: &file, progress: progress)
        try columns.write(to: &file)
        let files = [
            try file.finish(),
            try writeCodes(elements, order, into: directory, fingerprint: fingerprint, progress: progress),
        ]
        var packed: PackedIDs?
        do throws(FileFailure) {
            if keepingIDs {
                packed = PackedIDs(inputRows: order.rows, table: try columns.table(file: "ids of \(side)"))
            }
        } catch {
            throw .input(error)
        }
        return Written(
            rows: Manifest.Rows(count: UInt64(source.rows), idKind: ids.kind), files: files, heading: heading,
            ids: packed)
    }

    private func writeCodes(
        _ elements: RegionColumn<Float>, _ order: RowOrder, into directory: String, fingerprint: [UInt8],
        progress: (PackProgress) -> Void
    ) throws(PackFailure) -> Manifest.File {
        let name = ModelFiles.codes(of: side)
        let builder: CodeBuilder
        do throws(FileFailure) {
            let norms = try MemoryRegion.zeroed(
                byteCount: source.rows * MemoryLayout<Double>.stride, for: name)
            norms.withMutableElements(of: Double.self) { norms in
                elements.withElements { elements in
                    for row in 0..<source.rows {
                        norms[row] = Canonical.norm(
                            elements.baseAddress! + Int(order.rows[row]) * source.dimension,
                            count: source.dimension)
                    }
                }
            }
            builder = try CodeBuilder(
                vectors: elements, norms: RegionColumn(norms), dimension: source.dimension,
                order: RegionColumn(try MemoryRegion.copy(of: order.rows, for: name)), file: name)
        } catch {
            throw .input(error)
        }
        var file = try WritableFile(directory: directory, name: name)
        try builder.write(to: &file, fingerprint: fingerprint) {
            progress(.coding(side, rowsDone: $0, rows: source.rows))
        }
        return try file.finish()
    }

    /// The ids and the vectors in the order of the input, and how the heading of the ids was read.
    private func read() throws(PackFailure) -> (InputIDs, IDHeading.Reading?, MemoryRegion) {
        let ids: InputIDs?
        var heading: IDHeading.Reading?
        do throws(FileFailure) {
            if let path = input.ids {
                let read = try InputIDs.read(
                    path: path, kind: input.idKind, side: side, rows: source.rows)
                (ids, heading) = (read.ids, read.heading)
            } else if let header = source.header {
                ids = try InputIDs.read(header: header, path: source.path, kind: input.idKind)
            } else {
                ids = nil
            }
        } catch {
            throw .input(error)
        }
        guard let ids else { throw .idsMissing(side, vectors: input.vectors) }
        guard ids.count == source.rows else {
            throw .idCount(
                side, ids: ids.count, idsFile: input.ids ?? input.vectors, vectors: source.rows,
                vectorsFile: input.vectors)
        }
        do throws(FileFailure) {
            return (ids, heading, try source.read())
        } catch {
            throw .input(error)
        }
    }

    /// Throws for a row that has no score; divides the rows of a cosine model by their norms.
    private func check(_ elements: UnsafeMutableBufferPointer<Float>, _ ids: InputIDs) throws(PackFailure) {
        let dimension = source.dimension
        for row in 0..<source.rows {
            let vector = elements.baseAddress! + row * dimension
            let norm = Canonical.norm(vector, count: dimension)
            guard norm <= Limits.normMax else {
                for element in 0..<dimension where !vector[element].isFinite {
                    throw .notFinite(side, ids[row], row: row, element: element, value: vector[element])
                }
                throw .normTooLarge(side, ids[row], row: row, norm: norm)
            }
            if metric == .cosine {
                guard norm > 0 else { throw .zeroUnderCosine(side, ids[row], row: row) }
                for element in 0..<dimension { vector[element] = Float(Double(vector[element]) / norm) }
            }
        }
    }

    /// Appends the rows to a file in the order of their ids.
    private func write(
        _ elements: RegionColumn<Float>, _ order: RowOrder, to file: inout WritableFile,
        progress: (PackProgress) -> Void
    ) throws(PackFailure) {
        let stride = source.dimension * MemoryLayout<Float>.stride
        let rowsPerWrite = max(1, Self.writeByteCount / stride)
        var buffer = [UInt8](repeating: 0, count: order.isIdentity ? 0 : rowsPerWrite * stride)
        try elements.withBytes { (bytes) throws(PackFailure) in
            for start in Swift.stride(from: 0, to: source.rows, by: rowsPerWrite) {
                let count = min(rowsPerWrite, source.rows - start)
                progress(.writing(side, rowsDone: start, rows: source.rows))
                if order.isIdentity {
                    try file.write(
                        UnsafeRawBufferPointer(rebasing: bytes[start * stride..<(start + count) * stride]))
                    continue
                }
                try buffer.withUnsafeMutableBufferPointer { (buffer) throws(PackFailure) in
                    for index in 0..<count {
                        let row = Int(order.rows[start + index])
                        UnsafeMutableRawPointer(buffer.baseAddress! + index * stride).copyMemory(
                            from: bytes.baseAddress! + row * stride, byteCount: stride)
                    }
                    try file.write(
                        UnsafeRawBufferPointer(start: buffer.baseAddress!, count: count * stride))
                }
            }
        }
        progress(.writing(side, rowsDone: source.rows, rows: source.rows))
    }
}
