import KindredDomain

/// Encodes and decodes the reply to MODEL_LIST: the attributes of all models as columns.
enum ModelStatusList {
    private static let fixedLength = 8
    private static let defaultFlag: UInt8 = 1
    private enum Tag {
        static let names: UInt16 = 64
        static let active: UInt16 = 66
        static let previous: UInt16 = 67
        static let pinned: UInt16 = 68
        static let dimension: UInt16 = 69
        static let metric: UInt16 = 70
        static let flags: UInt16 = 71
        static let items: UInt16 = 72
        static let users: UInt16 = 73
        static let itemIDKind: UInt16 = 74
        static let userIDKind: UInt16 = 75
        static let fingerprints: UInt16 = 76
        static let trainingIDs: UInt16 = 78
        static let loaded: UInt16 = 80
        static let loadedOffsets: UInt16 = 81
        static let refused: UInt16 = 82
        static let refusedOffsets: UInt16 = 83
        static let refusalReasons: UInt16 = 84
        static let itemColumns: UInt16 = 86
        static let itemColumnsOffsets: UInt16 = 88
        static let userColumns: UInt16 = 90
        static let userColumnsOffsets: UInt16 = 92
        static let available: UInt16 = 94
        static let availableOffsets: UInt16 = 95
        static let availableState: UInt16 = 96
        static let availableDimension: UInt16 = 97
        static let availableItems: UInt16 = 98
        static let availableUsers: UInt16 = 99
        static let availableItemColumns: UInt16 = 100
        static let availableItemColumnsOffsets: UInt16 = 102
        static let availableUserColumns: UInt16 = 104
        static let availableUserColumnsOffsets: UInt16 = 106
        static let itemColumnTypes: UInt16 = 108
        static let userColumnTypes: UInt16 = 109
        static let remarks: UInt16 = 110
        static let repositoryRemark: UInt16 = 112
    }

    /// The lists of texts.
    private struct ModelTexts {
        var names = TextSections(tag: Tag.names)
        var fingerprints = TextSections(tag: Tag.fingerprints, type: .bytes)
        var trainingIDs = TextSections(tag: Tag.trainingIDs)
        var refusalReasons = TextSections(tag: Tag.refusalReasons)
        var itemColumns = TextSections(tag: Tag.itemColumns)
        var userColumns = TextSections(tag: Tag.userColumns)
        var availableItemColumns = TextSections(tag: Tag.availableItemColumns)
        var availableUserColumns = TextSections(tag: Tag.availableUserColumns)
        var remarks = TextSections(tag: Tag.remarks)
    }

    static func encode(_ response: ModelListResponse, into writer: inout ByteWriter) {
        let models = response.models
        let fixed = writer.beginBody(fixedLength: fixedLength)
        writer.store(UInt32(clamping: models.count), at: fixed + 4)
        writer.appendTexts(TextList(models.map(\.name.description)), tag: Tag.names)
        writer.appendSection(models.map(\.active), tag: Tag.active)
        writer.appendSection(models.map(\.previous), tag: Tag.previous)
        writer.appendSection(models.map(\.pinned), tag: Tag.pinned)
        writer.appendSection(models.map(\.dimension), tag: Tag.dimension)
        writer.appendSection(models.map(\.metric.rawValue), tag: Tag.metric)
        writer.appendSection(models.map { $0.isDefault ? defaultFlag : 0 }, tag: Tag.flags)
        writer.appendSection(models.map(\.itemCount), tag: Tag.items)
        writer.appendSection(models.map(\.userCount), tag: Tag.users)
        writer.appendSection(models.map { $0.itemIDKind?.rawValue ?? 0 }, tag: Tag.itemIDKind)
        writer.appendSection(models.map { $0.userIDKind?.rawValue ?? 0 }, tag: Tag.userIDKind)
        var fingerprints = TextList()
        for model in models { fingerprints.append(model.fingerprint) }
        writer.appendTexts(fingerprints, tag: Tag.fingerprints, type: .bytes)
        writer.appendTexts(TextList(models.map(\.trainingID)), tag: Tag.trainingIDs)
        writer.appendSection(models.flatMap(\.loaded), tag: Tag.loaded)
        writer.appendSection(offsets(models.map(\.loaded.count)), tag: Tag.loadedOffsets)
        writer.appendSection(models.flatMap { $0.refusals.map(\.version) }, tag: Tag.refused)
        writer.appendSection(offsets(models.map(\.refusals.count)), tag: Tag.refusedOffsets)
        writer.appendTexts(TextList(models.flatMap { $0.refusals.map(\.reason) }), tag: Tag.refusalReasons)
        writer.appendTexts(TextList(models.flatMap(\.itemColumns)), tag: Tag.itemColumns)
        writer.appendSection(offsets(models.map(\.itemColumns.count)), tag: Tag.itemColumnsOffsets)
        writer.appendTexts(TextList(models.flatMap(\.userColumns)), tag: Tag.userColumns)
        writer.appendSection(offsets(models.map(\.userColumns.count)), tag: Tag.userColumnsOffsets)
        encodeAvailable(models, into: &writer)
        writer.appendSection(models.flatMap { $0.itemColumnTypes.map(\.rawValue) }, tag: Tag.itemColumnTypes)
        writer.appendSection(models.flatMap { $0.userColumnTypes.map(\.rawValue) }, tag: Tag.userColumnTypes)
        writer.appendTexts(TextList(models.map(\.remark)), tag: Tag.remarks)
        if !response.remark.isEmpty { writer.appendString(response.remark, tag: Tag.repositoryRemark) }
    }

    private static func encodeAvailable(_ models: [ModelStatus], into writer: inout ByteWriter) {
        let all = models.flatMap(\.available)
        writer.appendSection(all.map(\.version), tag: Tag.available)
        writer.appendSection(offsets(models.map(\.available.count)), tag: Tag.availableOffsets)
        writer.appendSection(all.map(\.state.rawValue), tag: Tag.availableState)
        writer.appendSection(all.map(\.details.dimension), tag: Tag.availableDimension)
        writer.appendSection(all.map(\.details.itemCount), tag: Tag.availableItems)
        writer.appendSection(all.map(\.details.userCount), tag: Tag.availableUsers)
        writer.appendTexts(TextList(all.flatMap(\.details.itemColumns)), tag: Tag.availableItemColumns)
        writer.appendSection(
            offsets(all.map(\.details.itemColumns.count)), tag: Tag.availableItemColumnsOffsets)
        writer.appendTexts(TextList(all.flatMap(\.details.userColumns)), tag: Tag.availableUserColumns)
        writer.appendSection(
            offsets(all.map(\.details.userColumns.count)), tag: Tag.availableUserColumnsOffsets)
    }

    private static func offsets(_ counts: [Int]) -> [UInt32] {
        var offsets: [UInt32] = [0]
        var sum = 0
        for count in counts {
            sum += count
            offsets.append(UInt32(clamping: sum))
        }
        return offsets
    }

    static func decode(_ body: RawSpan) throws(RequestFailure) -> ModelListResponse {
        var sections = try SectionReader(body, fixedLengthMin: fixedLength)
        var columns = ModelColumns()
        var texts = ModelTexts()
        var remark: Section?
        while let section = try sections.next(in: body) {
            switch section.tag {
            case Tag.names...Tag.names + 1: texts.names.take(section, &sections)
            case Tag.dimension, Tag.loadedOffsets, Tag.refusedOffsets, Tag.itemColumnsOffsets,
                Tag.userColumnsOffsets, Tag.availableOffsets, Tag.availableDimension,
                Tag.availableItemColumnsOffsets, Tag.availableUserColumnsOffsets:
                columns.take(section, &sections, as: .u32)
            case Tag.metric, Tag.flags, Tag.itemIDKind, Tag.userIDKind, Tag.availableState,
                Tag.itemColumnTypes, Tag.userColumnTypes:
                columns.take(section, &sections, as: .u8)
            case Tag.active, Tag.previous, Tag.pinned, Tag.items, Tag.users, Tag.loaded, Tag.refused,
                Tag.available, Tag.availableItems, Tag.availableUsers:
                columns.take(section, &sections, as: .u64)
            case Tag.fingerprints...Tag.fingerprints + 1: texts.fingerprints.take(section, &sections)
            case Tag.trainingIDs...Tag.trainingIDs + 1: texts.trainingIDs.take(section, &sections)
            case Tag.refusalReasons...Tag.refusalReasons + 1: texts.refusalReasons.take(section, &sections)
            case Tag.itemColumns...Tag.itemColumns + 1: texts.itemColumns.take(section, &sections)
            case Tag.userColumns...Tag.userColumns + 1: texts.userColumns.take(section, &sections)
            case Tag.availableItemColumns...Tag.availableItemColumns + 1:
                texts.availableItemColumns.take(section, &sections)
            case Tag.availableUserColumns...Tag.availableUserColumns + 1:
                texts.availableUserColumns.take(section, &sections)
            case Tag.remarks...Tag.remarks + 1: texts.remarks.take(section, &sections)
            case Tag.repositoryRemark: remark = sections.keep(section, as: .utf8)
            default: try section.skip()
            }
        }
        let names = try texts.names.required(in: body).strings
        // The count must match the names that arrived. Nothing is allocated for the count alone.
        guard body.integer(at: 4, as: UInt32.self) == UInt32(exactly: names.count) else {
            throw .malformedBody(.inconsistentSections(Tag.names))
        }
        var models: [ModelStatus] = []
        for text in names {
            guard let name = ModelName(text) else { throw .invalidArgument(.modelNameMalformed) }
            models.append(ModelStatus(name: name))
        }
        try decodeNumbers(columns, texts, into: &models, in: body)
        try decodeLists(columns, texts, into: &models, in: body)
        try decodeAvailable(columns, texts, into: &models, in: body)
        return ModelListResponse(models: models, remark: try remark?.string(in: body) ?? "")
    }

    private static func decodeNumbers(
        _ columns: ModelColumns, _ texts: ModelTexts, into models: inout [ModelStatus], in body: RawSpan
    ) throws(RequestFailure) {
        let count = models.count
        let active = try columns.numbers(Tag.active, of: UInt64.self, count: count, in: body)
        let previous = try columns.numbers(Tag.previous, of: UInt64.self, count: count, in: body)
        let pinned = try columns.numbers(Tag.pinned, of: UInt64.self, count: count, in: body)
        let dimension = try columns.numbers(Tag.dimension, of: UInt32.self, count: count, in: body)
        let metric = try columns.numbers(Tag.metric, of: UInt8.self, count: count, in: body)
        let flags = try columns.numbers(Tag.flags, of: UInt8.self, count: count, in: body)
        let items = try columns.numbers(Tag.items, of: UInt64.self, count: count, in: body)
        let users = try columns.numbers(Tag.users, of: UInt64.self, count: count, in: body)
        let itemKind = try columns.numbers(Tag.itemIDKind, of: UInt8.self, count: count, in: body)
        let userKind = try columns.numbers(Tag.userIDKind, of: UInt8.self, count: count, in: body)
        let fingerprints = try texts.fingerprints.required(count: count, in: body)
        let trainingIDs = try texts.trainingIDs.required(count: count, in: body).strings
        for index in 0..<count {
            models[index].active = active[index]
            models[index].previous = previous[index]
            models[index].pinned = pinned[index]
            models[index].dimension = dimension[index]
            models[index].isDefault = flags[index] & defaultFlag != 0
            models[index].itemCount = items[index]
            models[index].userCount = users[index]
            // A newer server's metric is read as the default one, its kind of ids as absent.
            models[index].metric = Similarity(rawValue: metric[index]) ?? .dot
            models[index].itemIDKind = IDKind(rawValue: itemKind[index])
            models[index].userIDKind = IDKind(rawValue: userKind[index])
            models[index].fingerprint = Array(fingerprints[index])
            models[index].trainingID = trainingIDs[index]
        }
    }

    private static func decodeLists(
        _ columns: ModelColumns, _ texts: ModelTexts, into models: inout [ModelStatus], in body: RawSpan
    ) throws(RequestFailure) {
        let loaded = try columns.numbers(Tag.loaded, of: UInt64.self, in: body)
        let loadedRanges = try columns.ranges(
            Tag.loadedOffsets, lists: models.count, elements: loaded.count, in: body)
        let refused = try columns.numbers(Tag.refused, of: UInt64.self, in: body)
        let refusedRanges = try columns.ranges(
            Tag.refusedOffsets, lists: models.count, elements: refused.count, in: body)
        let reasons = try texts.refusalReasons.required(count: refused.count, in: body).strings
        let itemColumns = try texts.itemColumns.required(in: body).strings
        let itemRanges = try columns.ranges(
            Tag.itemColumnsOffsets, lists: models.count, elements: itemColumns.count, in: body)
        let userColumns = try texts.userColumns.required(in: body).strings
        let userRanges = try columns.ranges(
            Tag.userColumnsOffsets, lists: models.count, elements: userColumns.count, in: body)
        for index in models.indices {
            models[index].loaded = Array(loaded[loadedRanges[index]])
            models[index].refusals = refusedRanges[index].map {
                ModelStatus.Refusal(version: refused[$0], reason: reasons[$0])
            }
            models[index].itemColumns = Array(itemColumns[itemRanges[index]])
            models[index].userColumns = Array(userColumns[userRanges[index]])
        }
        // A newer server's column type is read as text.
        let itemTypes = try columns.numbers(
            Tag.itemColumnTypes, of: UInt8.self, count: itemColumns.count, in: body
        ).map { ColumnType(rawValue: $0) ?? .text }
        let userTypes = try columns.numbers(
            Tag.userColumnTypes, of: UInt8.self, count: userColumns.count, in: body
        ).map { ColumnType(rawValue: $0) ?? .text }
        let remarks = try texts.remarks.required(count: models.count, in: body).strings
        for index in models.indices {
            models[index].itemColumnTypes = Array(itemTypes[itemRanges[index]])
            models[index].userColumnTypes = Array(userTypes[userRanges[index]])
            models[index].remark = remarks[index]
        }
    }

    private static func decodeAvailable(
        _ columns: ModelColumns, _ texts: ModelTexts, into models: inout [ModelStatus], in body: RawSpan
    ) throws(RequestFailure) {
        let versions = try columns.numbers(Tag.available, of: UInt64.self, in: body)
        let count = versions.count
        let ranges = try columns.ranges(Tag.availableOffsets, lists: models.count, elements: count, in: body)
        let states = try columns.numbers(Tag.availableState, of: UInt8.self, count: count, in: body)
        let dimensions = try columns.numbers(Tag.availableDimension, of: UInt32.self, count: count, in: body)
        let items = try columns.numbers(Tag.availableItems, of: UInt64.self, count: count, in: body)
        let users = try columns.numbers(Tag.availableUsers, of: UInt64.self, count: count, in: body)
        let itemColumns = try texts.availableItemColumns.required(in: body).strings
        let itemRanges = try columns.ranges(
            Tag.availableItemColumnsOffsets, lists: count, elements: itemColumns.count, in: body)
        let userColumns = try texts.availableUserColumns.required(in: body).strings
        let userRanges = try columns.ranges(
            Tag.availableUserColumnsOffsets, lists: count, elements: userColumns.count, in: body)
        for index in models.indices {
            models[index].available = ranges[index].map { place in
                // A newer server's state is read as the weakest one.
                var version = AvailableVersion(
                    version: versions[place], state: VersionState(rawValue: states[place]) ?? .onDisk)
                version.details.dimension = dimensions[place]
                version.details.itemCount = items[place]
                version.details.userCount = users[place]
                version.details.itemColumns = Array(itemColumns[itemRanges[place]])
                version.details.userColumns = Array(userColumns[userRanges[place]])
                return version
            }
        }
    }
}

/// The sections of a MODEL_LIST reply by tag. Version 1 sends all of them.
struct ModelColumns {
    private var sections: [UInt16: Section] = [:]

    mutating func take(_ section: Section, _ reader: inout SectionReader, as type: ElementType) {
        sections[section.tag] = reader.keep(section, as: type)
    }

    /// A column of numbers of any length.
    func numbers<T: WireElement>(
        _ tag: UInt16, of type: T.Type, in body: RawSpan
    ) throws(RequestFailure) -> [T] {
        guard let section = sections[tag] else { throw .malformedBody(.missingSection(tag)) }
        return section.elements(of: type, in: body)
    }

    /// A column of exactly `count` numbers.
    func numbers<T: WireElement>(
        _ tag: UInt16, of type: T.Type, count: Int, in body: RawSpan
    ) throws(RequestFailure) -> [T] {
        let numbers = try numbers(tag, of: type, in: body)
        guard numbers.count == count else { throw .malformedBody(.inconsistentSections(tag)) }
        return numbers
    }

    /// The ranges of a column of `elements` elements, one for each of `lists` models or versions.
    func ranges(
        _ tag: UInt16, lists: Int, elements: Int, in body: RawSpan
    ) throws(RequestFailure) -> [Range<Int>] {
        let offsets = try numbers(tag, of: UInt32.self, count: lists + 1, in: body)
        var ranges: [Range<Int>] = []
        for (first, end) in zip(offsets, offsets.dropFirst()) {
            guard first <= end else { throw .malformedBody(.offsets(tag: tag)) }
            ranges.append(Int(widening: first)..<Int(widening: end))
        }
        guard offsets.first == 0, let last = offsets.last, Int(widening: last) == elements else {
            throw .malformedBody(.offsets(tag: tag))
        }
        return ranges
    }
}
