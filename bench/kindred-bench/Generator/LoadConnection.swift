import KindredDomain
import KindredWire

/// One connection of a load: its requests in flight and its unsent bytes.
struct LoadConnection {
    /// A request whose answer is not complete.
    struct Request {
        /// Index in the pool.
        let entry: Int
        /// The planned send time.
        let intended: ContinuousClock.Instant
        let sent: ContinuousClock.Instant
        let type: MessageType
        fileprivate(set) var requestID: UInt64 = 0
        /// Received body bytes of DATA frames, and the limit granted to the server.
        var dataByteCount: UInt64 = 0
        var windowByteCount = Limits.standard.windowBytesMax

        init(entry: Int, intended: ContinuousClock.Instant, sent: ContinuousClock.Instant, type: MessageType)
        {
            self.entry = entry
            self.intended = intended
            self.sent = sent
            self.type = type
        }

        var isStream: Bool { type == .lookalike }

        /// Whether a frame belongs to the answer.
        func isAnswered(by header: FrameHeader) -> Bool {
            header.requestID == requestID
                && (header.type == type.rawValue | MessageType.replyBit
                    || isStream && header.type == MessageType.data.rawValue)
        }
    }

    private static let slotBits: UInt64 = 10
    /// Greatest number of requests in flight: the server's default limit.
    static let inFlightMax = Int(Limits.standard.requestsInFlightMax)

    let socket: FrameSocket
    private(set) var inFlightCount = 0
    private(set) var streamCount = 0
    /// Whether the poll reports when the socket is writable.
    private(set) var isWaitingToWrite = false
    private(set) var sentByteCount = 0

    /// The low bits of a request id are its slot, the high bits ascend. Answers are matched without a search.
    private var requests = [Request?](repeating: nil, count: inFlightMax)
    private var free = Array(0..<inFlightMax)
    private var sequence: UInt64 = 0
    private var output: [UInt8] = []
    private var outputStart = 0

    init(_ socket: FrameSocket) {
        precondition(Self.inFlightMax == 1 << Self.slotBits, "each place has its id")
        self.socket = socket
    }

    /// Whether unsent bytes wait.
    var hasOutput: Bool { outputStart < output.count }
    var hasRoom: Bool { !free.isEmpty }
    var hasRoomForStream: Bool { hasRoom && streamCount < Int(Limits.standard.streamsPerConnectionMax) }

    /// Queues a request's frame. The caller has checked `hasRoom`.
    mutating func append(_ request: Request, body: Span<UInt8>, timeoutMilliseconds: UInt32) {
        guard let slot = free.popLast() else { preconditionFailure("the caller has seen room") }
        sequence += 1
        let requestID = sequence << Self.slotBits | UInt64(slot)
        requests[slot] = request
        requests[slot]?.requestID = requestID
        inFlightCount += 1
        if request.isStream { streamCount += 1 }
        appendFrame(
            type: request.type.rawValue, flags: .end, requestID: requestID, argument: timeoutMilliseconds,
            body: body)
    }

    /// The request that a frame answers; nil without one. A frame with END removes it.
    mutating func take(_ header: FrameHeader, bodyByteCount: Int) -> Request? {
        let slot = Int(header.requestID & (1 << Self.slotBits - 1))
        guard var request = requests[slot], request.isAnswered(by: header) else { return nil }
        if header.type & MessageType.replyBit != 0, header.isEnd {
            requests[slot] = nil
            free.append(slot)
            inFlightCount -= 1
            if request.isStream { streamCount -= 1 }
        } else if header.type == MessageType.data.rawValue {
            request.dataByteCount += UInt64(bodyByteCount)
            grow(&request, requestID: header.requestID)
            requests[slot] = request
        }
        return request
    }

    /// Extends the flow-control window once half of it is used.
    private mutating func grow(_ request: inout Request, requestID: UInt64) {
        let window = Limits.standard.windowBytesMax
        guard request.windowByteCount - min(request.dataByteCount, request.windowByteCount) < window / 2
        else {
            return
        }
        request.windowByteCount = request.dataByteCount + window
        var body = ByteWriter()
        ClientMessage.window(limitBytes: request.windowByteCount).encodeBody(into: &body)
        appendFrame(
            type: MessageType.window.rawValue, flags: [], requestID: requestID, argument: 0,
            body: body.bytes.span)
    }

    private mutating func appendFrame(
        type: UInt8, flags: FrameFlags, requestID: UInt64, argument: UInt32, body: Span<UInt8>
    ) {
        let header = FrameHeader(
            bodyLength: UInt32(body.count), type: type, flags: flags, requestID: requestID, argument: argument
        )
        withUnsafeTemporaryAllocation(byteCount: FrameHeader.byteCount, alignment: 8) { bytes in
            header.write(to: bytes.baseAddress!)
            output.append(contentsOf: bytes)
        }
        body.withUnsafeBufferPointer { output.append(contentsOf: $0) }
    }

    /// Sends as much as the socket takes. The poll reports when it takes more.
    mutating func flush(_ poll: SocketPoll, token: Int) throws {
        if hasOutput {
            let count = try socket.sendSome(output, from: outputStart)
            outputStart += count
            sentByteCount += count
            if outputStart == output.count {
                output.removeAll(keepingCapacity: true)
                outputStart = 0
            }
        }
        let isWaiting = hasOutput
        if isWaiting != isWaitingToWrite {
            try poll.set(socket.descriptor, token: token, isWriting: isWaiting)
            isWaitingToWrite = isWaiting
        }
    }
}
