import KindredDomain

/// Appends the sections of a body.
extension ByteWriter {
    /// Appends a section of raw bytes with its padding.
    mutating func appendSection(
        _ payload: UnsafeRawBufferPointer, tag: UInt16, type: ElementType, critical: Bool = false
    ) {
        let place = beginSection(tag: tag, type: type, critical: critical, byteCount: payload.count)
        if let source = payload.baseAddress { place.copyMemory(from: source, byteCount: payload.count) }
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

    /// Appends a range of a column of elements.
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

    /// Appends a column of `count` elements that a closure gives.
    mutating func appendSection<T: WireElement & FixedWidthInteger>(
        count: Int, tag: UInt16, critical: Bool = false, _ element: (Int) -> T
    ) {
        let size = MemoryLayout<T>.size
        let place = beginSection(
            tag: tag, type: T.elementType, critical: critical, byteCount: count * size)
        for index in 0..<count {
            place.storeBytes(of: element(index).littleEndian, toByteOffset: index * size, as: T.self)
        }
    }

    /// Appends a bitmap of a range of booleans: bit i % 8 of byte i / 8.
    mutating func appendBitmap(_ values: [Bool], in range: Range<Int>, tag: UInt16) {
        appendSection(count: (range.count + 7) / 8, tag: tag) { byte -> UInt8 in
            let first = range.lowerBound + byte * 8
            var bits: UInt8 = 0
            for index in first..<min(first + 8, range.upperBound) where values[index] {
                bits |= 1 << UInt8(truncatingIfNeeded: index - first)
            }
            return bits
        }
    }

    /// Appends a section's header, its payload, which is not initialized, and its padding. Returns the payload's place.
    private mutating func beginSection(
        tag: UInt16, type: ElementType, critical: Bool, byteCount: Int
    ) -> UnsafeMutableRawPointer {
        let flags: UInt64 = critical ? UInt64(widening: SectionReader.criticalFlag) << 24 : 0
        // A section is far below 4 GiB: the body is checked against its limit before it is sent.
        let length = UInt64(truncatingIfNeeded: byteCount) << 32
        let header = UInt64(widening: tag) | UInt64(widening: type.rawValue) << 16 | flags | length
        let padded = (byteCount + 7) / 8 * 8
        let place = extend(by: SectionReader.headerByteCount + padded)
        place.storeBytes(of: header.littleEndian, as: UInt64.self)
        // Zeros in the last eight bytes; the payload overwrites the first of them.
        if padded > byteCount {
            place.storeBytes(of: 0, toByteOffset: SectionReader.headerByteCount + padded - 8, as: UInt64.self)
        }
        return place + SectionReader.headerByteCount
    }
}

/// Bytes of sections in a body, headers and padding included.
enum SectionSize {
    /// Bytes of a section with `payload` bytes.
    static func of(_ payload: Int) -> Int { SectionReader.headerByteCount + (payload + 7) / 8 * 8 }

    /// Bytes of the sections of a range of ids.
    static func of(_ ids: IDList, in range: Range<Int>) -> Int {
        if range.isEmpty { return of(0) }
        switch ids {
        case .numbers: return of(range.count * 8)
        case .text(let list): return of(list, in: range)
        }
    }

    /// Bytes of the two sections of a range of texts.
    static func of(_ list: TextList, in range: Range<Int>) -> Int {
        of((range.count + 1) * 4)
            + of(Int(widening: list.offsets[range.upperBound] - list.offsets[range.lowerBound]))
    }
}
