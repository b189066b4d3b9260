import KindredDomain
import KindredModel

/// One look-alike expansion, from seeds to audience, in steps that no event loop notices.
///
/// Seeds are inserted as they arrive; then `step` is called until it returns `.finished`. While it returns
/// `.scanning`, any thread may help with the work it names. Same seeds, same generation: same audience.
package struct LookalikeExpansion {
    /// What `step` came to.
    package enum Progress {
        case working
        /// A phase whose units are for whoever has time: not the same object for every phase.
        case scanning(any AudienceWork)
        case finished(Audience)
    }

    /// What an expansion is at, for whoever measures it.
    package enum Stage: String, Sendable, CaseIterable {
        case averaging, sampling, sieving, counting, rescoring, collecting, scoring, cutting, sorting,
            building
    }

    private enum Phase {
        case averaging(SeedCentroid)
        case sifting(CodedSelection, AudienceQuery)
        case scoring(FullSelection)
        case sorting(AudienceSort, count: Int)
        case building(AudienceBuilder, AudienceSort)
        case finished
    }

    package let generation: Generation
    package private(set) var seeds: SeedSet
    /// Rows whose score or whose bound was computed.
    package private(set) var rowsScanned: UInt64 = 0
    private let request: LookalikeRequest
    private let side: GenerationSide
    private let resolver: IDResolver
    private let rule: AudienceRule
    private var firstSeed: ExternalID?
    private var phase: Phase?

    /// Rows or keys, and elements of seeds, of one step: some tens of microseconds.
    static let rowsPerStep = 8_192
    /// The same for steps that write to fresh memory, whose pages are made as they go, or all over memory.
    static let rowsPerWritingStep = 2_048
    private static let elementsPerStep = 65_536

    /// An expansion without seeds yet.
    package init(
        request: LookalikeRequest, generation: Generation, limits: Limits, rule: AudienceRule = AudienceRule()
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
        self.rule = rule
        resolver = IDResolver(table: side.table)
        seeds = SeedSet(rowCount: side.table.count, limits: limits)
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

    /// What the next step goes on with; nil before the first and after the last.
    package var stage: Stage? {
        switch phase {
        case .averaging: .averaging
        case .sifting(let selection, _): selection.stage
        case .scoring(let selection): selection.stage
        case .sorting: .sorting
        case .building: .building
        case .finished, nil: nil
        }
    }

    /// Bytes held now, beside the generation.
    package var byteCount: UInt64 {
        let held: Int
        switch phase {
        case .sifting(let selection, _): held = selection.byteCount
        case .scoring(let selection): held = selection.byteCount
        case .sorting(let sort, _): held = sort.byteCount
        case .building(let builder, let sort): held = sort.byteCount + builder.byteCount
        case .averaging, .finished, nil: held = 0
        }
        return UInt64(seeds.rows.count) / 8 + UInt64(held)
    }

    /// Does the next piece of work. May be called while others still work on what `.scanning` named.
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
        switch current {
        case .averaging(var centroid):
            if centroid.step(seedCount: Self.elementsPerStep / side.table.dimension, table: side.table) {
                phase = try select(makeQuery(centroid))
            } else {
                phase = .averaging(centroid)
            }
        case .sifting(let selection, let query):
            let progress = try selection.step()
            rowsScanned = UInt64(selection.rowsScanned)
            if case .unsuitable = progress {
                phase = try selectFromAll(query)
            } else {
                return follow(progress, or: current)
            }
        case .scoring(let selection): return follow(try selection.step(), or: current)
        case .sorting(let sort, let count):
            phase = current
            switch sort.step() {
            case .working: break
            case .scanning(let work): return .scanning(work)
            case .sorted:
                phase = .building(try AudienceBuilder(sort, count: count, ids: side.table.ids), sort)
            }
        case .building(let builder, let sort):
            switch builder.step() {
            case .working: phase = .building(builder, sort)
            case .scanning(let work):
                phase = .building(builder, sort)
                return .scanning(work)
            case .finished(let audience):
                phase = .finished
                return .finished(audience)
            }
        case .finished:
            preconditionFailure("an expansion is stepped after its end")
        }
        return .working
    }

    /// Goes on to sorting once a selection has selected; stays with `current` until then.
    private mutating func follow(_ progress: SelectionProgress, or current: Phase) -> Progress {
        phase = current
        switch progress {
        case .scanning(let work): return .scanning(work)
        case .selected(let sort, let count): phase = .sorting(sort, count: count)
        case .working: break
        case .unsuitable: preconditionFailure("everybody can always be scored")
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

    private func makeQuery(_ centroid: SeedCentroid) throws -> AudienceQuery {
        let mean = centroid.finish()!
        let ranking = RankingVector(
            mean, by: request.similarity ?? .cosine, metric: generation.metric,
            dimension: generation.dimension)
        guard let ranking else { throw RequestFailure.invalidArgument(.seedsCancel) }
        return AudienceQuery(side: side, ranking: ranking)
    }

    private var goal: AudienceGoal {
        guard let wanted = Self.rowCountMax(of: request, over: side) else {
            guard case .minimumScore(let score) = request.size else { preconditionFailure("no other size") }
            return .scoring(atLeast: score)
        }
        return .best(Int(min(wanted, rowsEligible)))
    }

    private mutating func select(_ query: AudienceQuery) throws -> Phase {
        guard CodedSelection.isWorthwhile(goal: goal, rowCount: side.table.count, rule: rule) else {
            return try selectFromAll(query)
        }
        return .sifting(try CodedSelection(query, goal: goal, excluded: excluded, rule: rule), query)
    }

    private mutating func selectFromAll(_ query: AudienceQuery) throws -> Phase {
        rowsScanned = UInt64(side.table.count)
        return .scoring(try FullSelection(query, goal: goal, excluded: excluded))
    }
}
