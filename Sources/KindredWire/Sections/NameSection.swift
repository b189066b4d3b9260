import KindredDomain

/// A section that names a model. Its bytes are checked before anything else of a body's values, the name's
/// form after the values of the fixed part. In requests the `SectionReader` has it.
struct NameSection {
    private var section: Section?

    mutating func take(_ section: Section, _ reader: inout SectionReader) {
        self.section = reader.keep(section, as: .utf8)
    }

    /// The text, or nil when it is absent.
    func text(in body: RawSpan) throws(RequestFailure) -> String? { try section?.string(in: body) }

    /// The name that a text is; nil for nil.
    static func name(_ text: String?) throws(RequestFailure) -> ModelName? {
        guard let text else { return nil }
        guard let name = ModelName(text) else { throw .invalidArgument(.modelNameMalformed) }
        return name
    }

    /// The name, which a reply must have.
    func required(_ tag: UInt16, in body: RawSpan) throws(RequestFailure) -> ModelName {
        guard let name = try Self.name(text(in: body)) else { throw .malformedBody(.missingSection(tag)) }
        return name
    }
}
