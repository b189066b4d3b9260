import KindredDomain

/// The sections of a filter and of its parameters, which RECOMMEND, SCORE and FILTER share.
struct FilterSections {
    enum Tag {
        static let filter: UInt16 = 104
        static let names: UInt16 = 106
        static let types: UInt16 = 108
        static let numbers: UInt16 = 109
        static let texts: UInt16 = 110
    }

    /// The sections' lists: each is well formed, and not yet compared with the others.
    struct Lists {
        fileprivate var names: TextList?
        fileprivate var types: [UInt8]?
        fileprivate var numbers: [UInt64]?
        fileprivate var texts: TextList?
        /// Nil where there is no filter.
        var filter: String?

        /// True where no section is there.
        var isEmpty: Bool {
            filter == nil && names == nil && types == nil && numbers == nil && texts == nil
        }

        /// The number of parameters.
        var count: Int { names?.count ?? 0 }
    }

    private var filter: Section?
    private var names = TextSections(tag: Tag.names)
    private var types: Section?
    private var numbers: Section?
    private var texts = TextSections(tag: Tag.texts)

    /// Keeps a section of a filter; false for any other.
    mutating func take(_ section: Section, _ reader: inout SectionReader) -> Bool {
        switch section.tag {
        case Tag.filter: filter = reader.keep(section, as: .utf8)
        case Tag.names...Tag.names + 1: names.take(section, &reader)
        case Tag.types: types = reader.keep(section, as: .u8)
        case Tag.numbers: numbers = reader.keep(section, as: .u64)
        case Tag.texts...Tag.texts + 1: texts.take(section, &reader)
        default: return false
        }
        return true
    }

    /// The lists, with their forms checked.
    func lists(in body: RawSpan) throws(RequestFailure) -> Lists {
        var lists = Lists()
        lists.filter = try filter?.string(in: body)
        lists.names = try names.list(in: body)
        lists.types = types?.elements(of: UInt8.self, in: body)
        lists.numbers = numbers?.elements(of: UInt64.self, in: body)
        lists.texts = try texts.list(in: body)
        return lists
    }
}

extension FilterSections.Lists {
    private typealias Tag = FilterSections.Tag

    /// Compares the numbers of the parameters' elements.
    func checkShape() throws(RequestFailure) {
        guard let names else {
            if types != nil { throw .malformedBody(.inconsistentSections(Tag.types)) }
            if numbers != nil { throw .malformedBody(.inconsistentSections(Tag.numbers)) }
            if texts != nil { throw .malformedBody(.inconsistentSections(Tag.texts)) }
            return
        }
        guard let types else { throw .malformedBody(.missingSection(Tag.types)) }
        guard let numbers else { throw .malformedBody(.missingSection(Tag.numbers)) }
        guard types.count == names.count else { throw .malformedBody(.inconsistentSections(Tag.types)) }
        guard numbers.count == names.count else { throw .malformedBody(.inconsistentSections(Tag.numbers)) }
        guard let texts else {
            guard types.contains(ParameterType.text.rawValue) else { return }
            throw .malformedBody(.missingSection(Tag.texts))
        }
        guard texts.count == names.count else { throw .malformedBody(.inconsistentSections(Tag.texts)) }
    }

    /// Throws LIMIT_EXCEEDED for a filter that is too long, then for too many parameters, then for texts of parameters
    /// that are too long together.
    func checkLimits(_ limits: Limits) throws(RequestFailure) {
        if let filter { try limits.check(.filterBytes, filter.utf8.count, atMost: limits.filterBytesMax) }
        try limits.check(.filterValues, count, atMost: limits.filterValuesMax)
        try limits.check(.filterValueBytes, texts?.bytes.count ?? 0, atMost: limits.filterBytesMax)
    }

    /// The filter with its parameters; nil where there is none. The caller has checked the shape. Throws
    /// INVALID_ARGUMENT for the first parameter that is wrong, and for parameters without a filter.
    func wholeFilter() throws(RequestFailure) -> Filter? {
        let parameters = try parameters()
        guard let filter else {
            guard let first = parameters.first else { return nil }
            let unused = FilterFailure(.valueWithoutFilter(first.name, type: first.value.typeName), at: 0)
            throw .invalidArgument(.filter(unused, text: ""))
        }
        return Filter(filter, parameters: parameters)
    }

    /// The parameters. The caller has checked the shape. Throws INVALID_ARGUMENT for the first one that is wrong.
    func parameters() throws(RequestFailure) -> [FilterParameter] {
        guard let names, let types, let numbers else { return [] }
        var parameters: [FilterParameter] = []
        parameters.reserveCapacity(names.count)
        var seen: Set<String> = []
        for index in 0..<names.count {
            let name = String(decoding: names[index], as: UTF8.self)
            guard FilterParameter.isName(names[index]) else {
                throw .invalidArgument(.parameterName(name, index: index))
            }
            guard seen.insert(name).inserted else {
                throw .invalidArgument(.parameterRepeated(name, index: index))
            }
            guard let type = ParameterType(rawValue: types[index]) else {
                throw .invalidArgument(
                    .unknownValue(field: .parameterType, value: UInt64(widening: types[index])))
            }
            let value: AttributeValue
            switch type {
            case .null: value = .null
            case .integer: value = .integer(Int64(bitPattern: numbers[index]))
            case .real:
                let real = Double(bitPattern: numbers[index])
                guard !real.isNaN else { throw .invalidArgument(.parameterNotANumber(name, index: index)) }
                value = .real(real)
            case .text: value = .text(Array(texts?[index] ?? []))
            }
            parameters.append(FilterParameter(name, value))
        }
        return parameters
    }
}

/// The types of parameters on the wire.
enum ParameterType: UInt8 {
    case null = 0
    case integer = 1
    case real = 2
    case text = 3
}

extension ByteWriter {
    /// Appends a filter and its parameters.
    mutating func appendFilter(_ filter: String?, _ parameters: [FilterParameter]) {
        typealias Tag = FilterSections.Tag
        if let filter { appendString(filter, tag: Tag.filter, critical: true) }
        guard !parameters.isEmpty else { return }
        appendTexts(TextList(parameters.map(\.name)), tag: Tag.names, critical: true)
        appendSection(parameters.map { $0.value.wireType.rawValue }, tag: Tag.types, critical: true)
        appendSection(parameters.map(\.value.wireNumber), tag: Tag.numbers, critical: true)
        guard parameters.contains(where: { $0.value.wireType == .text }) else { return }
        var texts = TextList()
        for parameter in parameters {
            if case .text(let bytes) = parameter.value {
                texts.append(bytes)
            } else {
                texts.append(EmptyCollection())
            }
        }
        appendTexts(texts, tag: Tag.texts, critical: true)
    }
}

extension AttributeValue {
    fileprivate var wireType: ParameterType {
        switch self {
        case .null: .null
        case .integer: .integer
        case .real: .real
        case .text: .text
        }
    }

    /// The bits of a number; 0 for the others.
    fileprivate var wireNumber: UInt64 {
        switch self {
        case .integer(let value): UInt64(bitPattern: value)
        case .real(let value): value.bitPattern
        case .null, .text: 0
        }
    }
}
