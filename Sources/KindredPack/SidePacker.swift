import KindredDomain
import KindredKernels
import KindredModel
import KindredSystem

/// One side on its way from somebody's files into a version: read, sorted, checked, written.
struct SidePacker {
    let side: Side
    let input: PackInput
    let source: VectorSource
    let metric: Similarity

    /// Bytes of sorted rows gathered before they are written.
    private static let writeByteCount = 1 << 20

    /// Reads the header of the vectors and checks its extents.
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

    /// Writes `<side>.safetensors` and `<side>.codes` into `directory`. Returns the side's rows and files for the
    /// manifest, and how the heading of its ids was read.
    func write(
        into directory: String, fingerprint: [UInt8], trainingID: String?, progress: (PackProgress) -> Void
    ) throws(PackFailure) -> (Manifest.Rows, [Manifest.File], IDHeading.Reading?) {
        progress(.reading(side, rows: source.rows))
        let (ids, heading, region) = try read()
        // A pointer into a region does not keep it alive.
        defer { withExtendedLifetime(region) {} }
        progress(.sorting(side, rows: source.rows))
        let order: RowOrder
        do throws(RowOrder.Duplicate) {
            order = try RowOrder(ids)
        } catch {
            throw .duplicateID(side, ids[error.first], row: error.first, other: error.second)
        }
        try check(region.mutableBytes.bindMemory(to: Float.self), ids)

        var file = try WritableFile(directory: directory, name: ModelFiles.vectors(of: side))
        let columns = IDColumns(ids, order)
        var metadata = [(name: ModelFiles.fingerprintKey, value: HexText.encode(fingerprint))]
        if let trainingID { metadata.append((ModelFiles.trainingKey, trainingID)) }
        let vectors = SafetensorsWriter.Tensor(
            name: ModelFiles.vectorsTensor, type: .f32, shape: [source.rows, source.dimension])
        try file.write(SafetensorsWriter.front(tensors: [vectors] + columns.tensors, metadata: metadata))
        try write(region.bytes, order, to: &file, progress: progress)
        try columns.write(to: &file)
        let files = [
            try file.finish(),
            try writeCodes(
                region.bytes, order, into: directory, fingerprint: fingerprint, progress: progress),
        ]
        return (Manifest.Rows(count: UInt64(source.rows), idKind: ids.kind), files, heading)
    }

    private func writeCodes(
        _ bytes: UnsafeRawBufferPointer, _ order: RowOrder, into directory: String, fingerprint: [UInt8],
        progress: (PackProgress) -> Void
    ) throws(PackFailure) -> Manifest.File {
        let name = ModelFiles.codes(of: side)
        let vectors = bytes.bindMemory(to: Float.self).baseAddress!
        let builder: CodeBuilder
        let rows: MemoryRegion
        let norms: MemoryRegion
        do throws(FileFailure) {
            rows = try MemoryRegion.copy(of: order.rows, for: name)
            norms = try MemoryRegion.zeroed(byteCount: source.rows * MemoryLayout<Double>.stride, for: name)
            let norm = norms.mutableBytes.bindMemory(to: Double.self).baseAddress!
            for row in 0..<source.rows {
                norm[row] = Canonical.norm(
                    vectors + Int(order.rows[row]) * source.dimension, count: source.dimension)
            }
            builder = try CodeBuilder(
                vectors: vectors, norms: norm, rowCount: source.rows, dimension: source.dimension,
                order: rows.bytes.bindMemory(to: UInt32.self).baseAddress!, file: name)
        } catch {
            throw .input(error)
        }
        // A pointer into a region does not keep it alive.
        defer { withExtendedLifetime((rows, norms)) {} }
        var file = try WritableFile(directory: directory, name: name)
        try builder.write(to: &file, fingerprint: fingerprint) {
            progress(.coding(side, rowsDone: $0, rows: source.rows))
        }
        return try file.finish()
    }

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
        guard ids.count == source.rows else { throw .idCount(side, ids: ids.count, vectors: source.rows) }
        do throws(FileFailure) {
            return (ids, heading, try source.read())
        } catch {
            throw .input(error)
        }
    }

    /// Refuses rows that no score is defined for, and gives rows of a cosine model length 1.
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

    private func write(
        _ bytes: UnsafeRawBufferPointer, _ order: RowOrder, to file: inout WritableFile,
        progress: (PackProgress) -> Void
    ) throws(PackFailure) {
        let stride = source.dimension * MemoryLayout<Float>.stride
        let rowsPerWrite = max(1, Self.writeByteCount / stride)
        var buffer = [UInt8](repeating: 0, count: order.isIdentity ? 0 : rowsPerWrite * stride)
        for start in Swift.stride(from: 0, to: source.rows, by: rowsPerWrite) {
            let count = min(rowsPerWrite, source.rows - start)
            progress(.writing(side, rowsDone: start, rows: source.rows))
            if order.isIdentity {
                try file.write(
                    UnsafeRawBufferPointer(rebasing: bytes[start * stride..<(start + count) * stride]))
                continue
            }
            var failure: PackFailure?
            buffer.withUnsafeMutableBytes { buffer in
                for index in 0..<count {
                    let row = Int(order.rows[start + index])
                    (buffer.baseAddress! + index * stride).copyMemory(
                        from: bytes.baseAddress! + row * stride, byteCount: stride)
                }
                do throws(PackFailure) {
                    try file.write(UnsafeRawBufferPointer(rebasing: buffer[0..<count * stride]))
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
        progress(.writing(side, rowsDone: source.rows, rows: source.rows))
    }
}
