/// Appends frames to a buffer that is reused for the next batch of frames.
///
/// A frame is written in one pass: `beginFrame`, the body, `endFrame`, which fills in the header. Columns are copied as
/// they lie in memory.
package struct ByteWriter: ~Copyable, @unchecked Sendable {
    /// The position of a frame that has begun. Its header is zero until `endFrame`.
    package struct FrameMark: Sendable {
        fileprivate let start: Int
    }

    /// The buffer; its first `byteCount` bytes are written. Not an array, which checks at every write whether it is
    /// shared.
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    /// Bytes written since the last `removeAll`.
    package private(set) var byteCount = 0

    /// The first capacity.
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

    /// Removes all bytes. Keeps the buffer unless it has grown beyond `capacityMax` bytes.
    package mutating func removeAll(keepingCapacityUpTo capacityMax: Int = 1 << 20) {
        byteCount = 0
        guard capacity > capacityMax else { return }
        memory?.deallocate()
        memory = nil
        capacity = 0
    }

    /// Adds `count` bytes, which are not initialized, and returns where they begin.
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

    /// Begins a frame with a header of zeros.
    mutating func beginFrame() -> FrameMark {
        FrameMark(start: appendZeros(FrameHeader.byteCount))
    }

    /// Bytes of the body written since a frame began.
    func bodyByteCount(of frame: FrameMark) -> Int { byteCount - frame.start - FrameHeader.byteCount }

    /// Removes a frame: everything written since it began.
    mutating func remove(_ frame: FrameMark) { byteCount = frame.start }

    /// Ends a frame: writes its header and returns the number of bytes of its body.
    @discardableResult
    mutating func endFrame(
        _ frame: FrameMark, type: UInt8, flags: FrameFlags, requestID: UInt64, argument: UInt32
    ) -> Int {
        let count = bodyByteCount(of: frame)
        // Callers check the body against limits far below 4 GiB.
        let header = FrameHeader(
            bodyLength: UInt32(clamping: count), type: type, flags: flags, requestID: requestID,
            argument: argument)
        overwrite(frame.start..<frame.start + FrameHeader.byteCount) { header.write(to: $0) }
        return count
    }

    /// Appends a reply of status OK that is one frame with the given body.
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

    /// Appends the bytes of an encoded body.
    mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress, !source.isEmpty else { return }
            extend(by: source.count).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Begins a body: a fixed part that has its length, then zeros. Returns where it begins.
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

    /// Overwrites the bytes at an offset with a little-endian integer. Traps beyond the written bytes.
    mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= byteCount)
        memory!.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
    }

    /// Lets `body` overwrite a range of the written bytes. Traps beyond them.
    mutating func overwrite(_ range: Range<Int>, _ body: (UnsafeMutableRawPointer) -> Void) {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
        if let memory { body(memory + range.lowerBound) }
    }
}
