import KindredChecksum
import KindredDomain

/// Appends frames to bytes that are reused from one batch of frames to the next.
///
/// A frame is written in one pass: `beginFrame`, the body, `endFrame`, which fills in the header. Columns are
/// copied as they stand in memory.
package struct ByteWriter: Sendable {
    /// A frame that has begun; its header is still zero.
    package struct FrameMark: Sendable {
        fileprivate let start: Int
    }

    /// Everything written since the last `removeAll`.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package var byteCount: Int { bytes.count }
    package var isEmpty: Bool { bytes.isEmpty }

    /// Forgets the bytes and keeps their memory, unless it has grown beyond `capacityMax` bytes.
    package mutating func removeAll(keepingCapacityUpTo capacityMax: Int = 1 << 20) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= capacityMax)
    }

    /// Begins a frame: room for its header.
    mutating func beginFrame() -> FrameMark {
        FrameMark(start: appendZeros(FrameHeader.byteCount))
    }

    /// Bytes of the body written since a frame began.
    func bodyByteCount(of frame: FrameMark) -> Int { bytes.count - frame.start - FrameHeader.byteCount }

    /// Takes a frame back: forgets everything written since it began.
    mutating func remove(_ frame: FrameMark) { bytes.removeSubrange(frame.start...) }

    /// Ends a frame: writes its header over the room left for it, and returns the body's bytes.
    @discardableResult
    mutating func endFrame(
        _ frame: FrameMark, type: UInt8, flags: FrameFlags, requestID: UInt64, argument: UInt32
    ) -> Int {
        let count = bodyByteCount(of: frame)
        // A body beyond 4 GiB would be refused by any receiver; callers check it against far smaller limits.
        FrameHeader(
            bodyLength: UInt32(clamping: count), type: type, flags: flags, requestID: requestID,
            argument: argument
        ).store(in: &self, at: frame.start)
        return count
    }

    /// Begins a body: a fixed part of zeros but for its length. Returns where it begins.
    mutating func beginBody(fixedLength: Int) -> Int {
        let start = appendZeros(fixedLength)
        store(UInt16(fixedLength), at: start)
        return start
    }

    /// Appends `count` zeros and returns where they begin.
    mutating func appendZeros(_ count: Int) -> Int {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        return start
    }

    /// Overwrites bytes that are already there.
    mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
        }
    }

    /// CRC-32 of bytes already written.
    func checksum(_ range: Range<Int>) -> UInt32 {
        bytes.withUnsafeBytes { CRC32.of(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Appends a section of raw bytes with its padding.
    mutating func appendSection(
        _ payload: UnsafeRawBufferPointer, tag: UInt16, type: ElementType, critical: Bool = false
    ) {
        appendSectionHeader(tag: tag, type: type, critical: critical, byteCount: payload.count)
        bytes.append(contentsOf: payload)
        pad(after: payload.count)
    }

    /// Appends a column of elements.
    mutating func appendSection<T: WireElement>(
        _ elements: UnsafeBufferPointer<T>, tag: UInt16, critical: Bool = false
    ) {
        appendSection(UnsafeRawBufferPointer(elements), tag: tag, type: T.elementType, critical: critical)
    }

    /// Appends a column of elements.
    mutating func appendSection<T: WireElement>(_ elements: [T], tag: UInt16, critical: Bool = false) {
        elements.withUnsafeBufferPointer { appendSection($0, tag: tag, critical: critical) }
    }

    /// Appends a stretch of a column of elements.
    mutating func appendSection<T: WireElement>(
        _ elements: [T], in range: Range<Int>, tag: UInt16, critical: Bool = false
    ) {
        elements.withUnsafeBufferPointer {
            appendSection(UnsafeBufferPointer(rebasing: $0[range]), tag: tag, critical: critical)
        }
    }

    /// Appends one string.
    mutating func appendString(_ text: String, tag: UInt16, critical: Bool = false) {
        var text = text
        text.withUTF8 {
            appendSection(UnsafeRawBufferPointer($0), tag: tag, type: .utf8, critical: critical)
        }
    }

    /// Appends a column whose elements are made one by one.
    mutating func appendSection<T: WireElement & FixedWidthInteger>(
        count: Int, tag: UInt16, critical: Bool = false, _ element: (Int) -> T
    ) {
        let byteCount = count * MemoryLayout<T>.size
        appendSectionHeader(tag: tag, type: T.elementType, critical: critical, byteCount: byteCount)
        for index in 0..<count {
            withUnsafeBytes(of: element(index).littleEndian) { bytes.append(contentsOf: $0) }
        }
        pad(after: byteCount)
    }

    /// Appends a bitmap of a stretch of truth values: bit i % 8 of byte i / 8.
    mutating func appendBitmap(_ values: [Bool], in range: Range<Int>, tag: UInt16) {
        appendSection(count: (range.count + 7) / 8, tag: tag) { byte -> UInt8 in
            let first = range.lowerBound + byte * 8
            var bits: UInt8 = 0
            for index in first..<min(first + 8, range.upperBound) where values[index] {
                bits |= 1 << UInt8(index - first)
            }
            return bits
        }
    }

    private mutating func appendSectionHeader(tag: UInt16, type: ElementType, critical: Bool, byteCount: Int)
    {
        let flags: UInt64 = critical ? UInt64(SectionReader.criticalFlag) << 24 : 0
        // Sections are far below 4 GiB: a body is checked against its limit before it is sent.
        let header =
            UInt64(tag) | UInt64(type.rawValue) << 16 | flags | UInt64(UInt32(truncatingIfNeeded: byteCount))
            << 32
        withUnsafeBytes(of: header.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func pad(after byteCount: Int) {
        let remainder = byteCount % 8
        if remainder != 0 { _ = appendZeros(8 - remainder) }
    }
}
