import KindredDomain

/// Appends frames to bytes that are reused from one batch of frames to the next.
///
/// A frame is written in one pass: `beginFrame`, the body, `endFrame`, which fills in the header. Columns are
/// copied as they stand in memory.
package struct ByteWriter: ~Copyable, @unchecked Sendable {
    /// A frame that has begun; its header is still zero.
    package struct FrameMark: Sendable {
        fileprivate let start: Int
    }

    /// Memory of the writer's own, of which the first `byteCount` bytes are written: an array would be asked at each of
    /// a reply's many small pieces whether it is shared.
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    /// Bytes written since the last `removeAll`.
    package private(set) var byteCount = 0

    /// Room for the first frames of a connection.
    private static let capacityMin = 512

    package init() {}

    deinit { memory?.deallocate() }

    package var isEmpty: Bool { byteCount == 0 }

    /// Calls `body` with everything written since the last `removeAll`.
    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
    {
        try body(UnsafeRawBufferPointer(start: memory, count: byteCount))
    }

    /// A copy of everything written since the last `removeAll`.
    package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// Forgets the bytes and keeps their memory, unless it has grown beyond `capacityMax` bytes.
    package mutating func removeAll(keepingCapacityUpTo capacityMax: Int = 1 << 20) {
        byteCount = 0
        guard capacity > capacityMax else { return }
        memory?.deallocate()
        memory = nil
        capacity = 0
    }

    /// Where the next `count` bytes go, which count as written.
    @inline(__always)
    mutating func extend(by count: Int) -> UnsafeMutableRawPointer {
        if memory == nil || capacity - byteCount < count { grow(by: count) }
        defer { byteCount += count }
        return memory! + byteCount
    }

    @inline(never)
    private mutating func grow(by count: Int) {
        capacity = max(Self.capacityMin, capacity * 2, byteCount + count)
        let grown = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        if let memory {
            grown.copyMemory(from: memory, byteCount: byteCount)
            memory.deallocate()
        }
        memory = grown
    }

    /// Begins a frame: room for its header.
    mutating func beginFrame() -> FrameMark {
        FrameMark(start: appendZeros(FrameHeader.byteCount))
    }

    /// Bytes of the body written since a frame began.
    func bodyByteCount(of frame: FrameMark) -> Int { byteCount - frame.start - FrameHeader.byteCount }

    /// Takes a frame back: forgets everything written since it began.
    mutating func remove(_ frame: FrameMark) { byteCount = frame.start }

    /// Ends a frame: writes its header over the room left for it, and returns the body's bytes.
    @discardableResult
    mutating func endFrame(
        _ frame: FrameMark, type: UInt8, flags: FrameFlags, requestID: UInt64, argument: UInt32
    ) -> Int {
        let count = bodyByteCount(of: frame)
        // A body beyond 4 GiB would be refused by any receiver; callers check it against far smaller limits.
        let header = FrameHeader(
            bodyLength: UInt32(clamping: count), type: type, flags: flags, requestID: requestID,
            argument: argument)
        overwrite(frame.start..<frame.start + FrameHeader.byteCount) { header.write(to: $0) }
        return count
    }

    /// Appends a reply of status OK and one frame, whose body is known.
    package mutating func appendReply(
        _ body: UnsafeRawBufferPointer, replyTo requestType: UInt8, requestID: UInt64
    ) {
        let frame = beginFrame()
        if let source = body.baseAddress {
            extend(by: body.count).copyMemory(from: source, byteCount: body.count)
        }
        endFrame(
            frame, type: requestType | MessageType.replyBit, flags: .end, requestID: requestID, argument: 0)
    }

    /// Appends bytes as they are: a body that was encoded before.
    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress, !source.isEmpty else { return }
            extend(by: source.count).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Begins a body: a fixed part of zeros but for its length. Returns where it begins.
    mutating func beginBody(fixedLength: Int) -> Int {
        let start = appendZeros(fixedLength)
        store(UInt16(clamping: fixedLength), at: start)
        return start
    }

    /// Appends `count` zeros and returns where they begin.
    mutating func appendZeros(_ count: Int) -> Int {
        let start = byteCount
        extend(by: count).initializeMemory(as: UInt8.self, repeating: 0, count: count)
        return start
    }

    /// Overwrites bytes that are already there.
    mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= byteCount)
        memory!.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
    }

    /// Lets `body` write over bytes that are already there.
    mutating func overwrite(_ range: Range<Int>, _ body: (UnsafeMutableRawPointer) -> Void) {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        if let memory { body(memory + range.lowerBound) }
    }
}
