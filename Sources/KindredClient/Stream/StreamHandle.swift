package import KindredDomain
internal import NIOCore
internal import Synchronization

/// One open look-alike stream: seeds go up, events come down. Releasing it cancels the request.
package final class StreamHandle: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<ConnectionHandler>
    private let ticket: NIOLoopBoundBox<RequestTicket>
    /// Body bytes of one DATA frame, at most.
    package let dataBodyBytesMax: Int
    private let gauge: ConnectionGauge
    private struct Reading {
        /// True while a task waits for the next event or checks it.
        var isBusy = false
        /// The event that ended the stream. Every later read returns it again.
        var last: StreamEvent?
    }

    private let reading = Mutex(Reading())
    /// Checks the rows against the request, on the reader's task: it costs the event loop nothing.
    private let check: Mutex<AudienceCheck>

    init(
        opening request: OutgoingRequest, check: AudienceCheck, channel: any Channel,
        handler: NIOLoopBound<ConnectionHandler>, gauge: ConnectionGauge, dataBodyBytesMax: Int
    ) {
        self.check = Mutex(check)
        let ticket = NIOLoopBoundBox.makeBoxSendingValue(
            RequestTicket(), as: RequestTicket.self, eventLoop: channel.eventLoop)
        self.channel = channel
        self.handler = handler
        self.ticket = ticket
        self.gauge = gauge
        gauge.begin()
        self.dataBodyBytesMax = dataBodyBytesMax
        channel.eventLoop.execute { handler.value.submit(request, .stream, ticket.value) }
    }

    deinit {
        gauge.end()
        let (handler, ticket) = (handler, ticket)
        channel.eventLoop.execute { handler.value.cancel(ticket.value) }
    }

    /// Sends seeds and returns when the system has taken them; false: the stream takes no more seeds, and its reader
    /// gets the reason.
    ///
    /// One task sends at a time. Cancelling it cancels the stream.
    package func send(_ seeds: AudienceRows, isEnd: Bool) async -> Bool {
        check.withLock { $0.noteSeeds(seeds.ids) }
        let (handler, ticket, loop) = (handler, ticket, channel.eventLoop)
        let written = loop.makePromise(of: Bool.self)
        loop.execute { handler.value.sendSeeds(seeds, isEnd: isEnd, ticket.value, written: written) }
        return await withTaskCancellationHandler {
            (try? await written.futureResult.get()) ?? false
        } onCancel: {
            loop.execute { handler.value.cancel(ticket.value) }
        }
    }

    /// The next event. Cancelling the task cancels the stream.
    ///
    /// Fails with CONCURRENT_READ, at once and without an effect on the stream, while another call waits: rows are
    /// checked in the order in which they arrive, so that two calls cannot share a stream.
    package func next() async -> StreamEvent {
        let refusal = reading.withLock { reading -> StreamEvent? in
            if let last = reading.last { return last }
            if reading.isBusy { return .failed(.concurrentRead) }
            reading.isBusy = true
            return nil
        }
        if let refusal { return refusal }
        let event = checked(await receive())
        reading.withLock { reading in
            reading.isBusy = false
            switch event {
            case .rows: break
            case .end, .failed: reading.last = event
            }
        }
        return event
    }

    private func receive() async -> StreamEvent {
        let (handler, ticket, loop) = (handler, ticket, channel.eventLoop)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { handler.value.next(ticket.value, .event(continuation)) }
            }
        } onCancel: {
            loop.execute { handler.value.cancel(ticket.value) }
        }
    }

    /// The event; or PROTOCOL_ERROR, and the end of the connection, where it cannot follow the ones before.
    private func checked(_ event: StreamEvent) -> StreamEvent {
        do throws(KindredError) {
            try check.withLock { check throws(KindredError) in
                switch event {
                case .rows(let rows): try check.check(rows)
                case .end(let summary): try check.check(summary)
                case .failed: break
                }
            }
            return event
        } catch {
            let handler = handler
            channel.eventLoop.execute { handler.value.shutDown(error) }
            return .failed(error)
        }
    }
}

/// The next thing that the reader of a look-alike stream gets.
package enum StreamEvent: Sendable, Equatable {
    case rows(AudienceRows)
    case end(LookalikeSummary)
    case failed(KindredError)
}
