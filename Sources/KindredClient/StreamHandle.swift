package import KindredDomain
internal import NIOCore
internal import Synchronization

/// One open look-alike stream: seeds up, events down. Letting go of it cancels what is left.
package final class StreamHandle: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<ConnectionHandler>
    private let ticket: NIOLoopBoundBox<RequestTicket>
    /// Body bytes of one DATA frame, at most.
    package let dataBodyBytesMax: Int
    private let gauge: ConnectionGauge
    /// The event that ended the stream: whoever reads on gets it again.
    private let last = Mutex<StreamEvent?>(nil)

    init(
        opening request: OutgoingRequest, channel: any Channel, handler: NIOLoopBound<ConnectionHandler>,
        gauge: ConnectionGauge, dataBodyBytesMax: Int
    ) {
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

    /// Sends seeds and returns when they have left; false: the stream takes no more, its reader hears why.
    package func send(_ seeds: AudienceRows, isEnd: Bool) async -> Bool {
        let (handler, ticket) = (handler, ticket)
        let written = channel.eventLoop.makePromise(of: Bool.self)
        channel.eventLoop.execute {
            handler.value.sendSeeds(seeds, isEnd: isEnd, ticket.value, written: written)
        }
        return (try? await written.futureResult.get()) ?? false
    }

    /// The next event. Cancelling the task cancels the stream.
    package func next() async -> StreamEvent {
        if let event = last.withLock({ $0 }) { return event }
        let (handler, ticket, loop) = (handler, ticket, channel.eventLoop)
        let event = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { handler.value.next(ticket.value, .event(continuation)) }
            }
        } onCancel: {
            loop.execute { handler.value.cancel(ticket.value) }
        }
        switch event {
        case .rows: break
        case .end, .failed: last.withLock { $0 = event }
        }
        return event
    }
}
