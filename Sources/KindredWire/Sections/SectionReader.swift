import KindredDomain

/// Walks a body's sections after its fixed part, each length proven before it is believed.
///
/// Holds offsets only; the body is given to every call, so nothing outlives it. The order of decisions is the
/// specification's: the structure of all sections comes before the element types of the known ones, so what
/// `keep` finds wrong is thrown at the end of the walk.
///
/// In a request it takes the common sections itself, so that they are judged alike in every message, whether that has a
/// use for them or not.
struct SectionReader {
    /// The flag of a section that a receiver must not skip.
    static let criticalFlag: UInt8 = 1
    /// Bytes before a section's payload.
    static let headerByteCount = 8

    /// Bytes of the fixed part that the sender has written.
    let fixedLength: Int
    private let isRequest: Bool
    private var offset: Int
    private var previousTag: UInt16 = 0
    private var encodingFailure: RequestFailure?
    /// The common section that names a model.
    private var model: Section?
    private var modelText: String?

    /// Checks the fixed part: present, a multiple of 8, and at least `fixedLengthMin` bytes, which the
    /// caller may then read.
    init(_ body: RawSpan, fixedLengthMin: Int) throws(RequestFailure) {
        try self.init(body, fixedLengthMin: fixedLengthMin, isRequest: false)
    }

    /// The same for a frame without the reply bit, whose common sections `next` keeps to itself. What it has not thrown
    /// by its end, `modelName` may.
    init(request body: RawSpan, fixedLengthMin: Int) throws(RequestFailure) {
        try self.init(body, fixedLengthMin: fixedLengthMin, isRequest: true)
    }

    private init(_ body: RawSpan, fixedLengthMin: Int, isRequest: Bool) throws(RequestFailure) {
        guard body.byteCount > 0 else { throw .malformedBody(.emptyBody) }
        guard body.byteCount >= 2 else { throw .malformedBody(.truncated) }
        let stated = body.integer(at: 0, as: UInt16.self)
        guard stated % 8 == 0, Int(stated) >= fixedLengthMin else {
            throw .malformedBody(.fixedLength(stated))
        }
        guard Int(stated) <= body.byteCount else { throw .malformedBody(.truncated) }
        fixedLength = Int(stated)
        offset = fixedLength
        self.isRequest = isRequest
    }

    /// The next section of the message's own, or nil at the end of the body: then the types of all known sections are
    /// right, and the common ones well formed.
    mutating func next(in body: RawSpan) throws(RequestFailure) -> Section? {
        guard let section = try nextOfAll(in: body) else {
            if let encodingFailure { throw encodingFailure }
            modelText = try model?.string(in: body)
            return nil
        }
        guard isRequest, section.tag == CommonTag.model else { return section }
        model = keep(section, as: .utf8)
        return try next(in: body)
    }

    /// The model that a request names, or nil. After the walk, and after the values of the fixed part: the order of
    /// decisions puts the form of the name there.
    func modelName() throws(RequestFailure) -> ModelName? { try NameSection.name(modelText) }

    private mutating func nextOfAll(in body: RawSpan) throws(RequestFailure) -> Section? {
        let remaining = body.byteCount - offset
        guard remaining > 0 else { return nil }
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
