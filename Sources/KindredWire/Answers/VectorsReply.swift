import KindredDomain

/// The answer to GET_VECTORS as a client reads it.
package struct VectorsReply: Sendable, Equatable {
    package var origin: AnswerOrigin
    /// Position of the first id in the whole answer.
    package var firstID: UInt32
    /// Elements of one vector.
    package var dimension: UInt32
    /// One per id.
    package var found: [Bool]
    /// The vectors of the found ids, in order, row-major.
    package var elements: [Float]

    static let fixedLength = 32
    enum Tag {
        static let model: UInt16 = 64
        static let found: UInt16 = 66
        static let vectors: UInt16 = 68
    }

    init(decoding body: RawSpan) throws(RequestFailure) {
        var sections = try SectionReader(body, fixedLengthMin: Self.fixedLength)
        var name = NameSection()
        var bitmap: Section?
        var vectors: Section?
        while let section = try sections.next(in: body) {
            switch section.tag {
            case Tag.model: name.take(section, &sections)
            case Tag.found: bitmap = sections.keep(section, as: .u8)
            case Tag.vectors: vectors = sections.keep(section, as: .f32)
            default: try section.skip()
            }
        }
        let model = try name.required(Tag.model, in: body)
        guard let bitmap else { throw .malformedBody(.missingSection(Tag.found)) }
        guard let vectors else { throw .malformedBody(.missingSection(Tag.vectors)) }
        origin = AnswerOrigin(model: model, version: body.integer(at: 8, as: UInt64.self))
        origin.queueMicroseconds = body.integer(at: 24, as: UInt32.self)
        origin.computeMicroseconds = body.integer(at: 28, as: UInt32.self)
        firstID = body.integer(at: 20, as: UInt32.self)
        dimension = body.integer(at: 16, as: UInt32.self)
        // The bitmap's length is checked before memory is allocated for the count.
        found = try bitmap.bitmap(count: Int(widening: body.integer(at: 4, as: UInt32.self)), in: body)
        elements = vectors.elements(of: Float.self, in: body)
        let rows = UInt64(clamping: found.count { $0 })
        guard rows * UInt64(widening: dimension) == UInt64(clamping: elements.count) else {
            throw .malformedBody(.inconsistentSections(Tag.vectors))
        }
    }
}

extension VectorsResponse {
    /// Appends the body of one frame. `foundBefore[i]`: ids found before id i.
    func encode(_ ids: Range<Int>, foundBefore: [Int], into writer: inout ByteWriter) {
        typealias Tag = VectorsReply.Tag
        let fixed = writer.beginBody(fixedLength: VectorsReply.fixedLength)
        writer.store(UInt32(clamping: ids.count), at: fixed + 4)
        writer.store(origin.version, at: fixed + 8)
        writer.store(dimension, at: fixed + 16)
        writer.store(UInt32(clamping: ids.lowerBound), at: fixed + 20)
        writer.store(origin.queueMicroseconds, at: fixed + 24)
        writer.store(origin.computeMicroseconds, at: fixed + 28)
        writer.appendString(origin.model.description, tag: Tag.model)
        writer.appendBitmap(found, in: ids, tag: Tag.found)
        let width = Int(widening: dimension)
        writer.appendSection(
            elements, in: foundBefore[ids.lowerBound] * width..<foundBefore[ids.upperBound] * width,
            tag: Tag.vectors)
    }

    /// Bytes of the body with a range of the ids.
    func byteCount(of ids: Range<Int>, foundBefore: [Int]) -> Int {
        let rows = foundBefore[ids.upperBound] - foundBefore[ids.lowerBound]
        return VectorsReply.fixedLength + SectionSize.of(origin.model.description.utf8.count)
            + SectionSize.of((ids.count + 7) / 8) + SectionSize.of(rows * Int(widening: dimension) * 4)
    }

    /// The number of found ids before each id, and before the end.
    var foundBefore: [Int] {
        var counts = [0]
        counts.reserveCapacity(found.count + 1)
        var count = 0
        for isFound in found {
            if isFound { count += 1 }
            counts.append(count)
        }
        return counts
    }
}
