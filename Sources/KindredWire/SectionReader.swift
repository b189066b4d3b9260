import KindredDomain

/// Walks a body's sections after its fixed part, each length proven before it is believed.
///
/// Holds offsets only; the body is given to every call, so nothing outlives it. The order of decisions is the
/// specification's: the structure of all sections comes before the element types of the known ones, so what
/// `keep` finds wrong is thrown at the end of the walk.
struct SectionReader {
    /// The flag of a section that a receiver must not skip.
    static let criticalFlag: UInt8 = 1
    /// Bytes before a section's payload.
    static let headerByteCount = 8

    private var offset: Int
    private var previousTag: UInt16 = 0
    private var encodingFailure: RequestFailure?

    /// Checks the fixed part: present, a multiple of 8, and at least `fixedLengthMin` bytes, which the
    /// caller may then read.
    init(_ body: RawSpan, fixedLengthMin: Int) throws(RequestFailure) {
        guard body.byteCount > 0 else { throw .malformedBody(.emptyBody) }
        guard body.byteCount >= 2 else { throw .malformedBody(.truncated) }
        let stated = body.integer(at: 0, as: UInt16.self)
        guard stated % 8 == 0, Int(stated) >= fixedLengthMin else {
            throw .malformedBody(.fixedLength(stated))
        }
        guard Int(stated) <= body.byteCount else { throw .malformedBody(.truncated) }
        offset = Int(stated)
    }

    /// The next section, or nil at the end of the body.
    mutating func next(in body: RawSpan) throws(RequestFailure) -> Section? {
        let remaining = body.byteCount - offset
        guard remaining > 0 else {
            if let encodingFailure { throw encodingFailure }
            return nil
        }
        guard remaining >= Self.headerByteCount else { throw .malformedBody(.truncated) }
        let tag = body.integer(at: offset, as: UInt16.self)
        guard tag > previousTag else { throw .malformedBody(.tagOrder(tag)) }
        let stated = body.integer(at: offset + 4, as: UInt32.self)
        guard let byteCount = Int(exactly: stated), byteCount <= remaining - Self.headerByteCount else {
            throw .malformedBody(.truncated)
        }
        let payload = offset + Self.headerByteCount
        let padding = (8 - byteCount % 8) % 8
        guard padding <= body.byteCount - payload - byteCount else { throw .malformedBody(.truncated) }
        for index in 0..<padding where body.integer(at: payload + byteCount + index, as: UInt8.self) != 0 {
            throw .malformedBody(.paddingNotZero(tag: tag))
        }
        previousTag = tag
        offset = payload + byteCount + padding
        return Section(
            tag: tag, elementType: body.integer(at: payload - 6, as: UInt8.self),
            isCritical: body.integer(at: payload - 5, as: UInt8.self) & Self.criticalFlag != 0,
            offset: payload, byteCount: byteCount)
    }

    /// Keeps a known section, whose elements are of one of `types`, in whole numbers.
    mutating func keep(_ section: Section, as types: ElementType...) -> Section {
        if encodingFailure == nil { encodingFailure = section.encodingFailure(types) }
        return section
    }
}
