import KindredDomain

extension LookalikeRequest {
    private static let fixedLength = 40
    private static let seedsTag: UInt16 = 64

    private enum Option {
        static let withoutScores: UInt16 = 1
        static let includeSeeds: UInt16 = 2
    }

    private enum SizeKind: UInt8 {
        case count = 1
        case share = 2
        case minimumScore = 3
    }

    init(decoding body: RawSpan, limits: Limits) throws(RequestFailure) {
        var sections = try SectionReader(request: body, fixedLengthMin: Self.fixedLength)
        var seedSections = IDSections(tag: Self.seedsTag)
        while let section = try sections.next(in: body) {
            switch section.tag {
            case Self.seedsTag...Self.seedsTag + 2: seedSections.take(section, &sections)
            default: try section.skip()
            }
        }
        let seeds = try seedSections.ids(in: body, limits: limits)

        let scorer: LookalikeScorer = try body.choice(at: 2, .scorer)
        let similarity = try body.similarity(at: 3)
        let sizeKind: SizeKind = try body.choice(at: 4, .sizeKind)
        let options = try body.options(at: 6, known: Option.withoutScores | Option.includeSeeds)
        let model = try sections.modelName()
        if let seeds { try limits.check(.seeds, UInt64(clamping: seeds.count), atMost: limits.seedsMax) }
        self.init(size: try Self.size(sizeKind, in: body))
        self.model = model
        self.scorer = scorer
        self.similarity = similarity
        self.seeds = seeds ?? .empty
        wantsScores = options & Option.withoutScores == 0
        includesSeeds = options & Option.includeSeeds != 0
        version = body.integer(at: 16, as: UInt64.self)
        windowBytes = body.integer(at: 24, as: UInt64.self)
        guard windowBytes <= limits.windowBytesMax else {
            throw .invalidArgument(.windowTooLarge(windowBytes))
        }
    }

    private static func size(_ kind: SizeKind, in body: RawSpan) throws(RequestFailure) -> AudienceSize {
        let value = body.integer(at: 8, as: UInt64.self)
        switch kind {
        case .count:
            guard value > 0 else { throw .invalidArgument(.sizeIsZero) }
            return .count(value)
        case .share:
            guard value > 0 else { throw .invalidArgument(.sizeIsZero) }
            guard value <= Limits.shareMax, let share = UInt32(exactly: value) else {
                throw .invalidArgument(.shareTooLarge(value))
            }
            return .share(partsPerMillion: share)
        case .minimumScore:
            let score = body.float(at: 32)
            guard score.isFinite else { throw .invalidArgument(.minimumScoreNotFinite(score)) }
            return .minimumScore(score)
        }
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(scorer.rawValue, at: fixed + 2)
        writer.store(similarity?.rawValue ?? 0, at: fixed + 3)
        let options = (wantsScores ? 0 : Option.withoutScores) | (includesSeeds ? Option.includeSeeds : 0)
        writer.store(options, at: fixed + 6)
        switch size {
        case .count(let count):
            writer.store(SizeKind.count.rawValue, at: fixed + 4)
            writer.store(count, at: fixed + 8)
        case .share(let partsPerMillion):
            writer.store(SizeKind.share.rawValue, at: fixed + 4)
            writer.store(UInt64(widening: partsPerMillion), at: fixed + 8)
        case .minimumScore(let score):
            writer.store(SizeKind.minimumScore.rawValue, at: fixed + 4)
            writer.store(score.bitPattern, at: fixed + 32)
        }
        writer.store(version, at: fixed + 16)
        writer.store(windowBytes, at: fixed + 24)
        writer.appendModel(model)
        if !seeds.isEmpty { writer.appendIDs(seeds, tag: Self.seedsTag, critical: true) }
    }
}
