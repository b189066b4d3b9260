import KindredDomain
import KindredWire
import Testing

/// DATA frames written from columns.
@Suite struct DataFrameTests {
    private func rows(_ bytes: [UInt8]) throws -> AudienceRows {
        let header = try FrameHeader(decoding: bytes.span.bytes, bodyBytesMax: .max)
        #expect(header.type == MessageType.data.rawValue)
        #expect(!header.isEnd)
        let body = Array(bytes.dropFirst(FrameHeader.byteCount))
        #expect(Int(header.bodyLength) == body.count)
        guard case .data(let rows) = try ServerReply.decode(header: header, body: body.span.bytes) else {
            throw RequestFailure.unsupportedType(header.type)
        }
        return rows
    }

    @Test(arguments: [1, 2, 3, 1_000, 1_001], [false, true])
    func numberRowsFillABodyExactly(rowCount: Int, withScores: Bool) throws {
        let ids = (0..<UInt64(rowCount)).map { $0 * 3 }
        let scores: [Float] = withScores ? ids.map { Float($0) } : []
        var writer = ByteWriter()
        let byteCount = ids.withUnsafeBufferPointer { ids in
            scores.withUnsafeBufferPointer {
                DataFrame.encode(requestID: 5, firstRow: 77, numbers: ids, scores: $0, into: &writer)
            }
        }
        #expect(try rows(writer.bytes) == AudienceRows(firstRow: 77, ids: .numbers(ids), scores: scores))
        #expect(byteCount == writer.byteCount - FrameHeader.byteCount)
        // The body holds these rows, and fewer when it is one word shorter.
        let fitting = DataFrame.numberRows(inBody: byteCount, withScores: withScores)
        #expect(fitting == rowCount || fitting == rowCount + 1 && withScores && rowCount % 2 == 1)
        #expect(DataFrame.numberRows(inBody: byteCount - 8, withScores: withScores) < rowCount)
        #expect(DataFrame.numberRows(inBody: 0, withScores: withScores) == 0)
    }

    @Test(arguments: [false, true])
    func numberRowsNeverExceedTheBody(withScores: Bool) {
        for limit in stride(from: 8, through: 2_048, by: 8) {
            let count = DataFrame.numberRows(inBody: limit, withScores: withScores)
            guard count > 0 else { continue }
            var writer = ByteWriter()
            let ids = [UInt64](repeating: 1, count: count)
            let scores = [Float](repeating: 1, count: withScores ? count : 0)
            let byteCount = ids.withUnsafeBufferPointer { ids in
                scores.withUnsafeBufferPointer {
                    DataFrame.encode(requestID: 1, firstRow: 0, numbers: ids, scores: $0, into: &writer)
                }
            }
            #expect(byteCount <= limit)
        }
    }

    @Test(arguments: [false, true])
    func textRowsOfAnyRangeOfTheOffsets(withScores: Bool) throws {
        let texts = (0..<300).map { String(repeating: "ab", count: 1 + $0 % 40) }
        let list = TextList(texts)
        let wide = list.offsets.map { UInt64($0) }
        var first = 0
        while first < texts.count {
            let count = wide.withUnsafeBufferPointer {
                DataFrame.textRows(inBody: 1_024, offsets: $0, first: first, withScores: withScores)
            }
            try #require(count > 0)
            let scores = withScores ? (0..<count).map { Float($0) } : []
            var writer = ByteWriter()
            let byteCount = wide[first...first + count].withUnsafeBufferPointer { offsets in
                list.bytes.withUnsafeBytes { bytes in
                    scores.withUnsafeBufferPointer {
                        DataFrame.encode(
                            requestID: 1, firstRow: UInt64(first), textOffsets: offsets, text: bytes,
                            scores: $0,
                            into: &writer)
                    }
                }
            }
            #expect(byteCount <= 1_024)
            let rows = try rows(writer.bytes)
            #expect(rows.ids.ids == texts[first..<first + count].map { ExternalID($0) })
            #expect(rows.scores == scores)
            first += count
        }
        let none = wide.withUnsafeBufferPointer {
            DataFrame.textRows(inBody: 40, offsets: $0, first: 0, withScores: withScores)
        }
        #expect(none == 0)
    }

    /// The body of one row with the longest id. A reader whose window is at least so large gets every row.
    @Test(arguments: [(true, 312, 48), (false, 296, 32)] as [(Bool, Int, Int)])
    func leastBodyOfOneRow(withScores: Bool, textBytes: Int, numberBytes: Int) throws {
        let idBytesMax = Int(Limits.standard.idBytesMax)
        for length in [1, 7, 8, 255, idBytesMax] {
            let list = TextList([String(repeating: "x", count: length)])
            let least = DataFrame.textByteCount(rowCount: 1, textByteCount: length, withScores: withScores)
            #expect(least <= textBytes)
            #expect((least == textBytes) == (length > 248))
            for (room, rows) in [(least, 1), (least - 8, 0)] {
                let count = list.offsets.withUnsafeBufferPointer {
                    DataFrame.textRows(inBody: room, offsets: $0, first: 0, withScores: withScores)
                }
                #expect(count == rows, "\(length) bytes of text in \(room)")
            }
            var writer = ByteWriter()
            let scores = withScores ? [Float(1)] : []
            let byteCount = list.offsets.withUnsafeBufferPointer { offsets in
                list.bytes.withUnsafeBytes { bytes in
                    scores.withUnsafeBufferPointer {
                        DataFrame.encode(
                            requestID: 1, firstRow: 0, textOffsets: offsets, text: bytes, scores: $0,
                            into: &writer)
                    }
                }
            }
            #expect(byteCount == least)
        }
        #expect(DataFrame.numberRows(inBody: numberBytes, withScores: withScores) == 1)
        #expect(DataFrame.numberRows(inBody: numberBytes - 8, withScores: withScores) == 0)
    }

    @Test func checksumIsOverTheBytesOfTheIDs() {
        var numbers = AudienceChecksum()
        numbers.update(.numbers([0x3837_3635_3433_3231]))
        var text = AudienceChecksum()
        text.update(.text(TextList(["1234", "5678"])))
        #expect(numbers.value == text.value)
        var check = AudienceChecksum()
        check.update(.text(TextList(["123", "456789"])))
        #expect(check.value == 0xCBF4_3926)
    }
}
