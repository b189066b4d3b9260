import KindredDomain
import KindredKernels
import KindredModel

/// One look-alike expansion, from seeds to audience, in steps that no event loop notices.
///
/// Seeds are inserted as they arrive; then `step` is called until it returns `.finished`. While it returns
/// `.scanning`, any thread may help with the scan it names. Same seeds, same generation: same audience.
package struct LookalikeExpansion {
    /// What `step` came to.
    package enum Progress {
        case working
        /// Everybody is being scored: the units of this scan are for whoever has time.
        case scanning(AudienceScan)
        case finished(Audience)
    }

    private enum Phase {
        case averaging(SeedCentroid)
        case scanning(AudienceScan)
        case cutting(AudienceCut)
        case collecting(AudienceSort, threshold: UInt32)
        case sorting(AudienceSort)
        case building(AudienceBuilder, AudienceSort)
        case finished
    }

    package let generation: Generation
    package private(set) var seeds: SeedSet
    private let request: LookalikeRequest
    private let side: GenerationSide
    private let resolver: IDResolver
    private var firstSeed: ExternalID?
    private var scan: AudienceScan?
    private var phase: Phase?

    /// Rows or keys, and elements of seeds, of one step: some tens of microseconds.
    private static let rowsPerStep = 8_192
    /// The same for steps that write to fresh memory, whose pages are made as they go, or all over memory.
    private static let rowsPerWritingStep = 2_048
    /// The same for steps that look ids up in the order of the scores, most of them in no cache.
    private static let rowsPerBuildingStep = 1_024
    private static let elementsPerStep = 65_536

    /// An expansion without seeds yet.
    package init(
        request: LookalikeRequest, generation: Generation, limits: Limits
    ) throws(RequestFailure) {
        guard let side = generation.users else { throw .invalidArgument(.sideMissing(.users)) }
        switch request.size {
        case .count(0), .share(partsPerMillion: 0): throw .invalidArgument(.sizeIsZero)
        case .share(let parts) where UInt64(parts) > Limits.shareMax:
            throw .invalidArgument(.shareTooLarge(UInt64(parts)))
        case .minimumScore(let score) where !score.isFinite:
            throw .invalidArgument(.minimumScoreNotFinite(score))
        default: break
        }
        self.request = request
        self.generation = generation
        self.side = side
        resolver = IDResolver(table: side.table)
        seeds = SeedSet(rowCount: side.table.count, limits: limits)
    }

    /// Bytes that an expansion holds at most while it works: scores, keys twice, ids and scores of the result.
    package static func byteCount(over generation: Generation) -> UInt64 {
        guard let table = generation.users?.table else { return 0 }
        return UInt64(table.count) * 28 + UInt64(table.ids.textByteCount)
    }

    /// Adds seeds; before the first `step`.
    package mutating func insert(_ ids: IDList, _ range: Range<Int>) throws(RequestFailure) {
        if firstSeed == nil, !range.isEmpty { firstSeed = ids[range.lowerBound] }
        try seeds.insert(ids, range, resolver: resolver)
    }

    /// Rows that could be in the audience.
    package var rowsEligible: UInt64 {
        UInt64(side.table.count) - (request.includesSeeds ? 0 : seeds.matchedCount)
    }

    /// Rows that were scored.
    package var rowsScanned: UInt64 { UInt64(side.table.count) }

    /// Does the next piece of work. Not while others still work on the scan of `.scanning`, unless to ask again.
    package mutating func step() throws(RequestFailure) -> Progress {
        do {
            return try advance()
        } catch let failure as RequestFailure {
            throw failure
        } catch {
            throw .overloaded(retryAfterMilliseconds: 1_000)
        }
    }

    private var excluded: Bitmap? { request.includesSeeds ? nil : seeds.rows }

    private mutating func advance() throws -> Progress {
        let current = try phase ?? begin()
        phase = nil
        switch current {
        case .averaging(var centroid):
            if centroid.step(seedCount: Self.elementsPerStep / side.table.dimension, table: side.table) {
                let scan = try startScan(centroid)
                phase = .scanning(scan)
                return .scanning(scan)
            }
            phase = .averaging(centroid)
        case .scanning(let scan):
            guard scan.isComplete else {
                phase = .scanning(scan)
                return .scanning(scan)
            }
            self.scan = scan
            phase = .cutting(makeCut(scan))
        case .cutting(var cut):
            if let result = cut.step(rowCount: Self.rowsPerStep) {
                phase = .collecting(try AudienceSort(result), threshold: result.threshold)
            } else {
                phase = .cutting(cut)
            }
        case .collecting(var sort, let threshold):
            let isCollected = sort.collect(
                rowCount: Self.rowsPerWritingStep, scores: scan!.scores, excluded: excluded,
                threshold: threshold)
            if isCollected {
                scan = nil
                phase = .sorting(sort)
            } else {
                phase = .collecting(sort, threshold: threshold)
            }
        case .sorting(var sort):
            if sort.sort(keyCount: Self.rowsPerWritingStep) {
                let builder = try AudienceBuilder(
                    count: sort.count, ids: side.table.ids, spare: sort.memory.spare)
                phase = .building(builder, sort)
            } else {
                phase = .sorting(sort)
            }
        case .building(var builder, let sort):
            if builder.step(keyCount: Self.rowsPerBuildingStep, keys: sort.keys, table: side.table) {
                phase = .finished
                return .finished(builder.finish())
            }
            phase = .building(builder, sort)
        case .finished:
            preconditionFailure("an expansion is stepped after its end")
        }
        return .working
    }

    private func begin() throws -> Phase {
        guard let firstSeed else { throw RequestFailure.invalidArgument(.noSeeds) }
        guard seeds.matchedCount > 0 else {
            throw RequestFailure.noKnownSeed(count: seeds.receivedCount, first: firstSeed)
        }
        return .averaging(SeedCentroid(seeds: seeds.rows, dimension: generation.dimension))
    }

    private func startScan(_ centroid: SeedCentroid) throws -> AudienceScan {
        let mean = centroid.finish()!
        guard request.similarity ?? .cosine == .cosine else {
            return try AudienceScan(side: side, query: mean, scoring: .dot)
        }
        guard mean.norm > 0 else { throw RequestFailure.invalidArgument(.seedsCancel) }
        if generation.metric == .cosine {
            return try AudienceScan(
                side: side, query: mean.normalised(dimension: generation.dimension), scoring: .dot)
        }
        return try AudienceScan(side: side, query: mean, scoring: .cosine)
    }

    private func makeCut(_ scan: AudienceScan) -> AudienceCut {
        let count: UInt64
        switch request.size {
        case .minimumScore(let score):
            return AudienceCut(scores: scan.scores, excluded: excluded, minimumScore: score)
        case .count(let wanted): count = wanted
        case .share(let parts):
            count = max(1, UInt64(parts) * UInt64(side.table.count) / Limits.shareMax)
        }
        return AudienceCut(
            scores: scan.scores, excluded: excluded, count: Int(min(count, rowsEligible)))
    }
}
