import KindredServer
import Testing

@Suite struct ControlQueueTests {
    private typealias Queue = ControlQueue<Int, String>

    private static func queue(changesMax: UInt32 = 2, looksMax: UInt32 = 3) -> Queue {
        Queue(changesMax: changesMax, looksMax: looksMax, lookIntervalNanoseconds: 100, now: 50)
    }

    /// A turn as a text.
    private static func text(_ turn: Queue.Turn?) -> String {
        switch turn {
        case nil: "nothing"
        case .stop(let requests): "stop \(requests)"
        case .report(let report): "report \(report)"
        case .change(let request): "change \(request)"
        case .looks(let requests): "looks \(requests)"
        case .periodicLook: "periodic look"
        }
    }

    @Test func turnsComeInOrder() {
        var queue = Self.queue()
        #expect(queue.add(1, .look) == .taken)
        #expect(queue.add(2, .change) == .taken)
        queue.add("loaded")
        #expect(queue.add(3, .look) == .taken)
        #expect(queue.add(4, .change) == .taken)
        var turns: [String] = []
        while let turn = queue.next(now: 60) {
            turns.append(Self.text(turn))
            if case .periodicLook = turn { queue.looked(now: 60) }
        }
        // After the switches, one look for all requests that wait for one.
        #expect(turns == ["report loaded", "change 2", "change 4", "looks [1, 3]", "periodic look"])
        #expect(queue.lookDueAt == 160)
        #expect(Self.text(queue.next(now: 159)) == "nothing")
        #expect(Self.text(queue.next(now: 160)) == "periodic look")
    }

    @Test func aStopGoesFirstAndRefusesLaterRequests() {
        var queue = Self.queue()
        #expect(queue.add(1, .look) == .taken)
        #expect(queue.add(2, .change) == .taken)
        queue.add("loaded")
        queue.stop()
        #expect(queue.add(3, .look) == .stopping)
        #expect(queue.add(4, .change) == .stopping)
        #expect(Self.text(queue.next(now: 60)) == "stop [2, 1]")
        #expect(Self.text(queue.next(now: 60)) == "stop []")
    }

    /// Requests count until they are answered.
    @Test func requestsAreBoundedByKind() {
        var queue = Self.queue(changesMax: 2, looksMax: 3)
        for request in 0..<3 { #expect(queue.add(request, .look) == .taken) }
        #expect(queue.add(9, .look) == .full)
        for request in 0..<2 { #expect(queue.add(request, .change) == .taken) }
        #expect(queue.add(9, .change) == .full)
        while queue.next(now: 0) != nil {}
        #expect(queue.add(9, .look) == .full)
        #expect(queue.add(9, .change) == .full)
        queue.answered(.look)
        #expect(queue.add(9, .look) == .taken)
        #expect(queue.add(9, .look) == .full)
        queue.answered(.change)
        #expect(queue.add(9, .change) == .taken)
        #expect(queue.add(9, .change) == .full)
    }
}
