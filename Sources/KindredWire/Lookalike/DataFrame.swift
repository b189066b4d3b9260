import KindredChecksum
import KindredDomain

/// Writes DATA frames straight from columns, without values in between: a stream may have millions of rows.
package enum DataFrame {
    static let fixedLength = 16
    static let idsTag: UInt16 = 64
    static let scoresTag: UInt16 = 72

    static func beginBody(firstRow: UInt64, into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: fixedLength)
        writer.store(firstRow, at: fixed + 8)
    }

    /// Appends a frame of rows with numeric ids. Returns the bytes of its body, which count against the window.
    ///
    /// `scores` has one element for each id, or none when they are not wanted. The columns must fit one body.
    package static func encode(
        requestID: UInt64, firstRow: UInt64, numbers: UnsafeBufferPointer<UInt64>,
        scores: UnsafeBufferPointer<Float>, into writer: inout ByteWriter
    ) -> Int {
        precondition(scores.isEmpty || scores.count == numbers.count)
        let frame = writer.beginFrame()
        beginBody(firstRow: firstRow, into: &writer)
        writer.appendSection(numbers, tag: idsTag, critical: true)
        return end(frame, requestID: requestID, scores: scores, into: &writer)
    }

    /// Appends a frame of rows with text ids. Returns the bytes of its body, which count against the window.
    ///
    /// `offsets` has one element more than there are rows; text i is `text[offsets[i] ..< offsets[i + 1]]`. The first
    /// offset need not be 0. `scores` has one element for each id, or none.
    package static func encode<Offset: FixedWidthInteger & UnsignedInteger>(
        requestID: UInt64, firstRow: UInt64, textOffsets offsets: UnsafeBufferPointer<Offset>,
        text: UnsafeRawBufferPointer, scores: UnsafeBufferPointer<Float>, into writer: inout ByteWriter
    ) -> Int {
        precondition(scores.isEmpty || scores.count == offsets.count - 1)
        let frame = writer.beginFrame()
        beginBody(firstRow: firstRow, into: &writer)
        writer.appendTexts(offsets: offsets, bytes: text, tag: idsTag + 1, critical: true)
        return end(frame, requestID: requestID, scores: scores, into: &writer)
    }

    private static func end(
        _ frame: ByteWriter.FrameMark, requestID: UInt64, scores: UnsafeBufferPointer<Float>,
        into writer: inout ByteWriter
    ) -> Int {
        if !scores.isEmpty { writer.appendSection(scores, tag: scoresTag) }
        return writer.endFrame(
            frame, type: MessageType.data.rawValue, flags: [], requestID: requestID, argument: 0)
    }

    /// The greatest number of rows with numeric ids in a body of `bodyByteCount` bytes.
    package static func numberRows(inBody bodyByteCount: Int, withScores: Bool) -> Int {
        let headers = (withScores ? 2 : 1) * SectionReader.headerByteCount
        // In words of 8 bytes: an id takes one, two scores share one.
        let words = max(0, bodyByteCount - fixedLength - headers) / 8
        guard withScores else { return words }
        let rows = words * 2 / 3
        return rows + (rows + 1) / 2 <= words ? rows : rows - 1
    }

    /// Bytes of a body of `rowCount` rows whose text ids have `textByteCount` bytes in all.
    package static func textByteCount(rowCount: Int, textByteCount: Int, withScores: Bool) -> Int {
        fixedLength + SectionSize.of((rowCount + 1) * 4) + SectionSize.of(textByteCount)
            + (withScores ? SectionSize.of(rowCount * 4) : 0)
    }

    /// The greatest number of rows with text ids, beginning with row `first`, in a body of `bodyByteCount` bytes.
    ///
    /// `offsets` as in `encode`. 0 when not even one row fits.
    package static func textRows<Offset: FixedWidthInteger & UnsignedInteger>(
        inBody bodyByteCount: Int, offsets: UnsafeBufferPointer<Offset>, first: Int, withScores: Bool
    ) -> Int {
        let rowsLeft = max(0, offsets.count - 1 - first)
        let firstThatExceeds = (1..<rowsLeft + 1).partitioningIndex { rowCount in
            let textByteCount = Int(clamping: offsets[first + rowCount] - offsets[first])
            return Self.textByteCount(
                rowCount: rowCount, textByteCount: textByteCount, withScores: withScores) > bodyByteCount
        }
        return firstThatExceeds - 1
    }
}

extension AudienceRows {
    /// Reads DATA. A client's may have no ids.
    init(decoding body: RawSpan, limits: Limits) throws(RequestFailure) {
        var sections = try SectionReader(request: body, fixedLengthMin: DataFrame.fixedLength)
        var idSections = IDSections(tag: DataFrame.idsTag)
        var scores: Section?
        while let section = try sections.next(in: body) {
            switch section.tag {
            case DataFrame.idsTag...DataFrame.idsTag + 2: idSections.take(section, &sections)
            case DataFrame.scoresTag: scores = sections.keep(section, as: .f32)
            default: try section.skip()
            }
        }
        let ids = try idSections.ids(in: body, limits: limits) ?? .empty
        _ = try sections.modelName()
        self.init(
            firstRow: body.integer(at: 8, as: UInt64.self), ids: ids,
            scores: try scores?.elements(of: Float.self, count: ids.count, in: body) ?? [])
    }

    /// Reads DATA from a server. It must have at least one row.
    init(decodingRows body: RawSpan) throws(RequestFailure) {
        try self.init(decoding: body, limits: .standard)
        guard !ids.isEmpty else { throw .malformedBody(.missingSection(DataFrame.idsTag)) }
    }

    func encode(into writer: inout ByteWriter) {
        DataFrame.beginBody(firstRow: firstRow, into: &writer)
        writer.appendIDs(ids, tag: DataFrame.idsTag, critical: true)
        if !scores.isEmpty { writer.appendSection(scores, tag: DataFrame.scoresTag) }
    }
}

/// The running CRC-32 over an audience's ids in order: 8 bytes little-endian each, or the texts' bytes.
package struct AudienceChecksum: Sendable, Equatable {
    private var crc = CRC32()

    package init() {}

    /// The checksum of all ids so far.
    package var value: UInt32 { crc.value }

    /// Adds numeric ids.
    package mutating func update(numbers: UnsafeBufferPointer<UInt64>) {
        crc.update(UnsafeRawBufferPointer(numbers))
    }

    /// Adds the bytes of text ids, one after the other.
    package mutating func update(text: UnsafeRawBufferPointer) { crc.update(text) }

    /// Adds a list of ids.
    package mutating func update(_ ids: IDList) {
        switch ids {
        case .numbers(let values): values.withUnsafeBufferPointer { update(numbers: $0) }
        case .text(let list): list.bytes.withUnsafeBytes { update(text: $0) }
        }
    }
}
