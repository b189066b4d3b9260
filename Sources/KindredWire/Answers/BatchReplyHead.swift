import KindredDomain

/// The part that the replies to RECOMMEND and SCORE share: the fixed part, the model's name and the results' offsets.
struct BatchReplyHead {
    /// The values of the head.
    struct Batch {
        let origin: AnswerOrigin
        let firstQuery: UInt32
        let queryCount: Int
        let offsets: [UInt32]
        let resultCount: Int
    }

    static let fixedLength = 32
    private static let queueOffset = 16
    private static let computeOffset = 20
    /// The place of the two times in the body.
    static let timesOffsets = queueOffset..<computeOffset + 4
    private enum Tag {
        static let model: UInt16 = 64
        static let offsets: UInt16 = 66
    }

    private var model = NameSection()
    private var offsets: Section?

    /// Keeps a section of the head; false for any other.
    mutating func take(_ section: Section, _ reader: inout SectionReader) -> Bool {
        switch section.tag {
        case Tag.model: model.take(section, &reader)
        case Tag.offsets: offsets = reader.keep(section, as: .u32)
        default: return false
        }
        return true
    }

    /// Reads the fixed part of 32 bytes and the offsets. The caller has checked that the fixed part is there.
    func batch(in body: RawSpan) throws(RequestFailure) -> Batch {
        let model = try model.required(Tag.model, in: body)
        guard let section = offsets else { throw .malformedBody(.missingSection(Tag.offsets)) }
        let offsets = section.elements(of: UInt32.self, in: body)
        let queryCount = body.integer(at: 4, as: UInt32.self)
        guard offsets.count - 1 == Int(exactly: queryCount) else {
            throw .malformedBody(.inconsistentSections(Tag.offsets))
        }
        var previous: UInt32 = 0
        guard offsets.first == 0 else { throw .malformedBody(.offsets(tag: Tag.offsets)) }
        for offset in offsets {
            guard offset >= previous else { throw .malformedBody(.offsets(tag: Tag.offsets)) }
            previous = offset
        }
        var origin = AnswerOrigin(model: model, version: body.integer(at: 8, as: UInt64.self))
        origin.queueMicroseconds = body.integer(at: Self.queueOffset, as: UInt32.self)
        origin.computeMicroseconds = body.integer(at: Self.computeOffset, as: UInt32.self)
        return Batch(
            origin: origin, firstQuery: body.integer(at: 24, as: UInt32.self), queryCount: offsets.count - 1,
            offsets: offsets, resultCount: Int(widening: previous))
    }

    /// Begins a body with a range of an answer's queries. Query i has the results `offsets[i] ..< offsets[i + 1]`.
    static func encode(
        _ origin: AnswerOrigin, _ offsets: [UInt32], _ queries: Range<Int>, into writer: inout ByteWriter
    ) {
        let fixed = writer.beginBody(fixedLength: fixedLength)
        writer.store(UInt32(clamping: queries.count), at: fixed + 4)
        writer.store(origin.version, at: fixed + 8)
        writer.store(origin.queueMicroseconds, at: fixed + queueOffset)
        writer.store(origin.computeMicroseconds, at: fixed + computeOffset)
        writer.store(UInt32(clamping: queries.lowerBound), at: fixed + 24)
        writer.appendString(origin.model.description, tag: Tag.model)
        let firstOffset = offsets[queries.lowerBound]
        writer.appendSection(count: queries.count + 1, tag: Tag.offsets) {
            offsets[queries.lowerBound + $0] - firstOffset
        }
    }

    /// Bytes that `encode` writes.
    static func byteCount(_ origin: AnswerOrigin, _ queries: Range<Int>) -> Int {
        fixedLength + SectionSize.of(origin.model.description.utf8.count)
            + SectionSize.of((queries.count + 1) * 4)
    }

    /// The results of a range of queries.
    static func results(of queries: Range<Int>, _ offsets: [UInt32]) -> Range<Int> {
        Int(widening: offsets[queries.lowerBound])..<Int(widening: offsets[queries.upperBound])
    }
}

/// The bytes of a reply to RECOMMEND that the answer cache sends again.
package enum RepeatedReply {
    /// The body of a reply that is one frame of status OK; nil for others, which are not cached.
    package static func body(of frames: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard frames.count >= FrameHeader.byteCount else { return nil }
        let header = frames.bytes
        guard Int(exactly: header.integer(at: 0, as: UInt32.self)) == frames.count - FrameHeader.byteCount,
            header.integer(at: 20, as: UInt16.self) == StatusCode.ok.rawValue
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: frames[FrameHeader.byteCount...])
    }

    /// Sets the times of a body to 0: a cached answer neither waits nor is computed.
    package static func clearTimes(of body: UnsafeMutableRawBufferPointer) {
        guard body.count >= BatchReplyHead.fixedLength else { return }
        UnsafeMutableRawBufferPointer(rebasing: body[BatchReplyHead.timesOffsets])
            .initializeMemory(as: UInt8.self, repeating: 0)
    }
}
