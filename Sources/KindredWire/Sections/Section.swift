import KindredDomain

/// One section of a body: where its payload lies, proven to be inside the body it was read from.
struct Section {
    let tag: UInt16
    let elementType: UInt8
    let isCritical: Bool
    let offset: Int
    let byteCount: Int

    /// Passes over a section that is not known: fine unless it changes the answer.
    func skip() throws(RequestFailure) {
        if isCritical { throw .unsupportedTag(tag) }
    }

    /// What is wrong with the element type or the number of bytes, or nil.
    func encodingFailure(_ types: [ElementType]) -> RequestFailure? {
        guard let type = types.first(where: { $0.rawValue == elementType }) else {
            return .unsupportedEncoding(tag: tag, elementType: elementType)
        }
        guard byteCount % type.byteCount == 0 else {
            return .malformedBody(.sectionLength(tag: tag, bytes: UInt32(clamping: byteCount)))
        }
        return nil
    }

    /// The elements of a section that was kept as their type.
    func elements<T: BitwiseCopyable>(of type: T.Type, in body: RawSpan) -> [T] {
        body.column(at: offset, count: byteCount / MemoryLayout<T>.size, of: type)
    }

    /// The elements, of which there must be `count`.
    func elements<T: BitwiseCopyable>(
        of type: T.Type, count: Int, in body: RawSpan
    ) throws(RequestFailure) -> [T] {
        guard byteCount / MemoryLayout<T>.size == count else {
            throw .malformedBody(.inconsistentSections(tag))
        }
        return elements(of: type, in: body)
    }

    /// One string.
    func string(in body: RawSpan) throws(RequestFailure) -> String {
        guard let text = String(validating: elements(of: UInt8.self, in: body), as: UTF8.self) else {
            throw .malformedBody(.textNotUTF8(tag: tag))
        }
        return text
    }

    /// A bitmap of exactly `count` truth values: bit i % 8 of byte i / 8.
    func bitmap(count: Int, in body: RawSpan) throws(RequestFailure) -> [Bool] {
        // Divided first: a count that came from a fixed part may be anything.
        let byteCount = count / 8 + (count % 8 == 0 ? 0 : 1)
        let bytes = try elements(of: UInt8.self, count: byteCount, in: body)
        return [Bool](unsafeUninitializedCapacity: count) { values, initializedCount in
            for index in 0..<count {
                values.initializeElement(at: index, to: bytes[index / 8] >> (index % 8) & 1 != 0)
            }
            initializedCount = count
        }
    }
}
