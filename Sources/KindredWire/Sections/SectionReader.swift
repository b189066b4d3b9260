import KindredDomain

/// Reads a body's sections, one after the other, behind its fixed part. Checks each length before it is used.
///
/// Holds offsets only, and gets the body in each call, so that nothing outlives the body. The order of errors is the
/// specification's: the structure of all sections comes before the element types of the known ones. So an error that
/// `keep` finds is thrown at the end of the sections.
///
/// In a request it keeps the common sections itself, so that every message checks them alike.
struct SectionReader {
    /// The flag of a section that a receiver must not skip.
    static let criticalFlag: UInt8 = 1
    /// Bytes before a section's payload.
    static let headerByteCount = 8

    /// Bytes of the sender's fixed part.
    let fixedLength: Int
    private let isRequest: Bool
    private var offset: Int
    private var previousTag: UInt16 = 0
    private var encodingFailure: RequestFailure?
    /// The common section that names a model.
    private var model: Section?
    private var modelText: String?

    /// Checks that the fixed part is there, a multiple of 8, and has at least `fixedLengthMin` bytes. The caller may
    /// then read these.
    init(_ body: RawSpan, fixedLengthMin: Int) throws(RequestFailure) {
        try self.init(body, fixedLengthMin: fixedLengthMin, isRequest: false)
    }

    /// The same for a frame without the reply bit. `next` does not return its common sections; `modelName` has them.
    init(request body: RawSpan, fixedLengthMin: Int) throws(RequestFailure) {
        try self.init(body, fixedLengthMin: fixedLengthMin, isRequest: true)
    }

    private init(_ body: RawSpan, fixedLengthMin: Int, isRequest: Bool) throws(RequestFailure) {
        guard body.byteCount > 0 else { throw .malformedBody(.emptyBody) }
        guard body.byteCount >= 2 else { throw .malformedBody(.truncated) }
        let stated = body.integer(at: 0, as: UInt16.self)
        guard stated % 8 == 0, Int(widening: stated) >= fixedLengthMin else {
            throw .malformedBody(.fixedLength(stated))
        }
        guard Int(widening: stated) <= body.byteCount else { throw .malformedBody(.truncated) }
        fixedLength = Int(widening: stated)
        offset = fixedLength
        self.isRequest = isRequest
    }

    /// The message's next own section, or nil at the end of the body. By then the element types of all known sections
    /// are checked, and the form of the common ones.
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

    /// The model that a request names, or nil. Call it after the last section and after the checks of the fixed part:
    /// the order of errors puts the form of the name there.
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

    /// Returns a known section, and notes an error unless it has whole elements of one of `types`.
    mutating func keep(_ section: Section, as types: ElementType...) -> Section {
        if encodingFailure == nil { encodingFailure = section.encodingFailure(types) }
        return section
    }
}

/// One section of a body. Its payload is proven to lie inside the body that it was read from.
struct Section {
    let tag: UInt16
    let elementType: UInt8
    let isCritical: Bool
    let offset: Int
    let byteCount: Int

    /// Skips an unknown section. Throws UNSUPPORTED_TAG where it is critical: it would change the answer.
    func skip() throws(RequestFailure) {
        if isCritical { throw .unsupportedTag(tag) }
    }

    /// The error in the element type or the number of bytes, or nil.
    func encodingFailure(_ types: [ElementType]) -> RequestFailure? {
        guard let type = types.first(where: { $0.rawValue == elementType }) else {
            return .unsupportedEncoding(tag: tag, elementType: elementType)
        }
        guard byteCount % type.byteCount == 0 else {
            return .malformedBody(.sectionLength(tag: tag, bytes: UInt32(clamping: byteCount)))
        }
        return nil
    }

    /// The elements of a section that `keep` has checked for their type.
    func elements<T: BitwiseCopyable>(of type: T.Type, in body: RawSpan) -> [T] {
        body.column(at: offset, count: byteCount / MemoryLayout<T>.size, of: type)
    }

    /// Exactly `count` elements.
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

    /// A bitmap of exactly `count` booleans: bit i % 8 of byte i / 8.
    func bitmap(count: Int, in body: RawSpan) throws(RequestFailure) -> [Bool] {
        // Not (count + 7) / 8, which may overflow: the count comes from a peer.
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

/// The element type of a section's payload.
package enum ElementType: UInt8, Sendable, CaseIterable {
    case bytes = 0
    case u8 = 1
    case u16 = 2
    case u32 = 3
    case u64 = 4
    case i8 = 5
    case f16 = 6
    case bf16 = 7
    case f32 = 8
    case f64 = 9
    case utf8 = 10
    case i64 = 11

    /// Bytes of one element.
    package var byteCount: Int {
        switch self {
        case .bytes, .u8, .i8, .utf8: 1
        case .u16, .f16, .bf16: 2
        case .u32, .f32: 4
        case .u64, .f64, .i64: 8
        }
    }
}

/// A Swift type of the elements of a column.
protocol WireElement: BitwiseCopyable {
    static var elementType: ElementType { get }
}

extension UInt8: WireElement { static var elementType: ElementType { .u8 } }

extension UInt16: WireElement { static var elementType: ElementType { .u16 } }

extension UInt32: WireElement { static var elementType: ElementType { .u32 } }

extension UInt64: WireElement { static var elementType: ElementType { .u64 } }

extension Int64: WireElement { static var elementType: ElementType { .i64 } }

extension Float: WireElement { static var elementType: ElementType { .f32 } }

extension Double: WireElement { static var elementType: ElementType { .f64 } }

/// A section that names a model. Its bytes are checked before the values of the body, the form of the name after those
/// of the fixed part. In requests `SectionReader` reads it.
struct NameSection {
    private var section: Section?

    mutating func take(_ section: Section, _ reader: inout SectionReader) {
        self.section = reader.keep(section, as: .utf8)
    }

    /// The text, or nil when the section is absent.
    func text(in body: RawSpan) throws(RequestFailure) -> String? { try section?.string(in: body) }

    /// The text as a checked name; nil for nil.
    static func name(_ text: String?) throws(RequestFailure) -> ModelName? {
        guard let text else { return nil }
        guard let name = ModelName(text) else { throw .invalidArgument(.modelNameMalformed) }
        return name
    }

    /// The name, which must be present in a reply.
    func required(_ tag: UInt16, in body: RawSpan) throws(RequestFailure) -> ModelName {
        guard let name = try Self.name(text(in: body)) else { throw .malformedBody(.missingSection(tag)) }
        return name
    }
}

/// The tags of sections that every request may have. A message's own tags begin at 64.
enum CommonTag {
    static let model: UInt16 = 1
}
