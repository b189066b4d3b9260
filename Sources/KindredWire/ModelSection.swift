import KindredDomain

/// Bodies that have no section but the model's name.
enum ModelSection {
    /// Checks a body of at least `fixedLengthMin` fixed bytes and returns the model it names.
    static func decode(_ body: RawSpan, fixedLengthMin: Int) throws(RequestFailure) -> ModelName? {
        var sections = try SectionReader(body, fixedLengthMin: fixedLengthMin)
        var model = NameSection()
        while let section = try sections.next(in: body) {
            switch section.tag {
            case CommonTag.model: model.take(section, &sections)
            default: try section.skip()
            }
        }
        return try NameSection.name(model.text(in: body))
    }
}
