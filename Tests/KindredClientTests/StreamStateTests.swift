import KindredClient
import KindredDomain
import KindredWire
import NIOCore
import Testing

/// The window and the checks of one stream, without a connection.
@Suite struct StreamStateTests {
    private func rows(_ first: UInt64, count: Int = 10) -> AudienceRows {
        AudienceRows(firstRow: first, ids: .numbers((0..<UInt64(count)).map { first + $0 }), scores: [])
    }

    private func summary(rows: UInt64) -> LookalikeSummary {
        var summary = LookalikeSummary(origin: AnswerOrigin(model: ModelName("m")!, version: 1))
        var checksum = AudienceChecksum()
        checksum.update(.numbers(Array(0..<rows)))
        summary.rows = rows
        summary.checksum = checksum.value
        return summary
    }

    private func receive(
        _ stream: inout StreamState, _ rows: AudienceRows, bodyByteCount: Int
    ) throws(KindredError) {
        try stream.take(bodyByteCount: bodyByteCount)
        try stream.receive(rows, bodyByteCount: bodyByteCount)
    }

    private func check(_ stream: inout StreamState, _ expected: StreamEvent?) {
        let next = stream.next()
        #expect(next?.event == expected)
    }

    @Test func windowIsRaisedWhenHalfOfItIsRead() throws {
        var stream = StreamState(windowBytes: 1_000)
        for chunk in UInt64(0)..<10 { try receive(&stream, rows(chunk * 10), bodyByteCount: 100) }
        var limits: [UInt64] = []
        while let (event, limit) = stream.next() {
            guard case .rows = event else { break }
            if let limit { limits.append(limit) }
        }
        #expect(limits == [1_500, 2_000])
        check(&stream, nil)
    }

    @Test func slowReaderRaisesTheWindowInTime() throws {
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
        var stream = StreamState(windowBytes: 1_000, progressTime: .seconds(30))
        for chunk in UInt64(0)..<10 { try receive(&stream, rows(chunk * 10), bodyByteCount: 100) }
        // The reader takes a tenth of the window every 4 seconds. The window is raised every 10 seconds or more.
        var limits: [UInt64?] = []
        for read in Int64(0)..<9 { limits.append(stream.next(now: start + .seconds(4 * read))?.windowLimit) }
        #expect(limits == [nil, nil, nil, 1_400, nil, nil, 1_700, nil, nil])
    }

    @Test func windowIsNotRaisedByTimeForAWaitingReader() throws {
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
        var stream = StreamState(windowBytes: 1_000, progressTime: .seconds(30))
        #expect(stream.next(now: start) == nil)
        try receive(&stream, rows(0), bodyByteCount: 100)
        #expect(stream.next()?.windowLimit == nil)
        #expect(stream.next(now: start + .hours(1)) == nil)
        try receive(&stream, rows(10), bodyByteCount: 100)
        // The next read that finds rows raises it.
        #expect(stream.next(now: start + .hours(1))?.windowLimit == 1_200)
    }

    @Test(arguments: [(99, true), (100, true), (101, false)])
    func rowsBeyondTheWindowAreAnError(last: Int, isFine: Bool) throws {
        var stream = StreamState(windowBytes: 1_000)
        try receive(&stream, rows(0), bodyByteCount: 900)
        if isFine {
            try receive(&stream, rows(10), bodyByteCount: last)
        } else {
            let error = #expect(throws: KindredError.self) {
                try receive(&stream, rows(10), bodyByteCount: last)
            }
            #expect(error?.code == StatusCode.flowControl.rawValue)
        }
    }

    @Test func windowIsNotRaisedAfterTheEnd() throws {
        var stream = StreamState(windowBytes: 100)
        try receive(&stream, rows(0), bodyByteCount: 100)
        try stream.receive(summary(rows: 10))
        let first = stream.next()
        #expect(first != nil)
        #expect(first?.windowLimit == nil)
        #expect(first?.event == .rows(rows(0)))
        // The end stays.
        for _ in 0..<2 {
            let last = stream.next()
            #expect(last?.event == .end(summary(rows: 10)))
        }
    }

    @Test(arguments: [UInt64(0), 9, 11, .max])
    func rowsWithAGapAreAnError(first: UInt64) throws {
        var stream = StreamState(windowBytes: 1_000)
        try receive(&stream, rows(0), bodyByteCount: 100)
        let next = AudienceRows(firstRow: first, ids: .numbers([1]), scores: [])
        let error = #expect(throws: KindredError.self) { try receive(&stream, next, bodyByteCount: 100) }
        #expect(error?.name == "PROTOCOL_ERROR")
    }

    @Test func summaryMustMatchTheRows() throws {
        var stream = StreamState(windowBytes: 1_000)
        try receive(&stream, rows(0), bodyByteCount: 100)
        #expect(throws: KindredError.self) { try stream.receive(summary(rows: 9)) }
        var wrong = summary(rows: 10)
        wrong.checksum ^= 1
        #expect(throws: KindredError.self) { try stream.receive(wrong) }
        try stream.receive(summary(rows: 10))
    }

    @Test func rowsBeforeAFailureAreRead() throws {
        var stream = StreamState(windowBytes: 1_000)
        try receive(&stream, rows(0), bodyByteCount: 100)
        stream.fail(.deadlineExceeded())
        // Rows that were on their way are ignored.
        try receive(&stream, rows(500), bodyByteCount: 100)
        // The window limits them too.
        #expect(throws: KindredError.self) { try stream.take(bodyByteCount: 801) }
        check(&stream, .rows(rows(0)))
        check(&stream, .failed(.deadlineExceeded()))
        check(&stream, .failed(.deadlineExceeded()))
    }

    @Test func manyChunksAreReadInOrder() throws {
        var stream = StreamState(windowBytes: 1_000_000)
        for chunk in UInt64(0)..<500 { try receive(&stream, rows(chunk * 10), bodyByteCount: 100) }
        for chunk in UInt64(0)..<300 { check(&stream, .rows(rows(chunk * 10))) }
        try receive(&stream, rows(5_000), bodyByteCount: 100)
        for chunk in UInt64(300)...500 { check(&stream, .rows(rows(chunk * 10))) }
        check(&stream, nil)
    }

    @Test func unreadChunksBeyondTheLimitAreJoined() throws {
        var stream = StreamState(windowBytes: 1_000_000)
        let count = UInt64(Limits.streamChunksHeldMax) + 500
        for chunk in 0..<count { try receive(&stream, rows(chunk * 10), bodyByteCount: 100) }
        try stream.receive(summary(rows: count * 10))
        var chunks = 0
        var next: UInt64 = 0
        while case .rows(let rows)? = stream.next()?.event {
            #expect(rows.firstRow == next)
            next += UInt64(rows.ids.count)
            chunks += 1
        }
        #expect(next == count * 10)
        #expect(chunks == Limits.streamChunksHeldMax)
    }
}
