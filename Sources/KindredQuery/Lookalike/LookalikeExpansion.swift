import KindredDomain
import KindredModel

/// One look-alike expansion, from seeds to audience, in steps that are short beside a slice of an event loop.
///
/// Seeds are inserted as they arrive; then `step` is called until it is done. While it waits on work, any thread may
/// help with that. The same seeds and generation give the same audience.
package struct LookalikeExpansion {
    /// The part of an expansion that is going on, for measurements.
    package enum Stage: String, Sendable, CaseIterable {
        case averaging, sampling, sieving, counting, rescoring, collecting, scoring, cutting, sorting,
            building
    }

    private enum Phase {
        case fitting(ScorerFit)
        /// By codes.
        case selecting(Int8Selection, AudienceQuery)
        case selectingFromAll(FullSelection)
        case sorting(AudienceSort, count: Int)
        case building(AudienceBuilder)
        case finished
    }

    package let generation: Generation
    package private(set) var seeds: SeedSet
    /// Rows whose score or whose bound was computed.
    package private(set) var rowsScanned: UInt64 = 0
    private let request: LookalikeRequest
    private let side: GenerationSide
    private let resolver: IDResolver
    private let rule: SelectionRule
    private var firstSeed: ExternalID?
    /// Nil before the first step.
    private var phase: Phase?

    /// Rows or keys of one step: some tens of microseconds.
    static let rowsPerStep = 8_192
    /// The same for steps that write to fresh memory, whose pages the system makes as they go, or that write all over
    /// memory.
    static let rowsPerWritingStep = 2_048
    /// Multiply-adds of one step of a fit.
    private static let elementsPerStep = 65_536

    /// An expansion without seeds yet.
    package init(
        request: LookalikeRequest, generation: Generation, limits: Limits,
        rule: SelectionRule = SelectionRule()
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

    /// The part that the next step goes on with; nil before the first and after the last step.
    package var stage: Stage? {
        switch phase {
        case .fitting: .averaging
        case .selecting(let selection, _): selection.stage
        case .selectingFromAll(let selection): selection.stage
        case .sorting: .sorting
        case .building: .building
        case .finished, nil: nil
        }
    }

    /// Bytes held now, beside the generation.
    package var byteCount: UInt64 {
        let held: Int
        switch phase {
        case .selecting(let selection, _): held = selection.byteCount
        case .selectingFromAll(let selection): held = selection.byteCount
        case .sorting(let sort, _): held = sort.byteCount
        case .building(let builder): held = builder.byteCount
        case .fitting(let fit): held = fit.byteCount
        case .finished, nil: held = 0
        }
        return UInt64(seeds.rows.count) / 8 + UInt64(held)
    }

    /// Does the next piece of work. May be called while other threads still do units of it.
    package mutating func step() throws(RequestFailure) -> Step<Audience> {
        do {
            return try advance()
        } catch let failure as RequestFailure {
            throw failure
        } catch {
            throw .overloaded(retryAfterMilliseconds: Limits.retryMilliseconds)
        }
    }

    private mutating func advance() throws -> Step<Audience> {
        switch try phase ?? begin() {
        case .fitting(var fit):
            let step = try fit.step(budget: Self.elementsPerStep)
            phase = .fitting(fit)
            return try step.then { (vector) throws in phase = try select(makeQuery(vector)) }
        case .selecting(let selection, let query):
            let step = try selection.step()
            rowsScanned = UInt64(selection.rowsScanned)
            return try step.then { (selected) throws in
                if let selected { try sort(selected) } else { phase = try selectFromAll(query) }
            }
        case .selectingFromAll(let selection):
            return try selection.step().then { (selected) throws in try sort(selected) }
        case .sorting(let sort, let count):
            return try sort.step().then { (keys) throws in
                phase = .building(try AudienceBuilder(keys, count: count, ids: side.table.ids))
            }
        case .building(let builder):
            let step = builder.step()
            if case .done = step { phase = .finished }
            return step
        case .finished:
            preconditionFailure("an expansion is stepped after its end")
        }
    }

    private func begin() throws -> Phase {
        guard let firstSeed else { throw RequestFailure.invalidArgument(.noSeeds) }
        guard seeds.matchedCount > 0 else {
            throw RequestFailure.noKnownSeed(count: seeds.receivedCount, first: firstSeed)
        }
        guard let statistics = generation.userStatistics else {
            throw RequestFailure.invalidArgument(.sideMissing(.users))
        }
        let input = FitInput(
            seeds: WeightedSeeds(rows: seeds.rows, count: Int(seeds.matchedCount)), users: side.table,
            statistics: statistics, foldIn: generation.foldInFactors?.parameters)
        switch request.scorer {
        case .centroid: return .fitting(try ScorerFit(.centroid, input))
        }
    }

    private func makeQuery(_ vector: QueryVector) throws -> AudienceQuery {
        let ranking = RankingVector(
            vector, by: request.similarity ?? .cosine, metric: generation.metric,
            dimension: generation.dimension)
        guard let ranking else { throw RequestFailure.invalidArgument(.seedsCancel) }
        return AudienceQuery(
            side: side, ranking: ranking, goal: goal, excluded: request.includesSeeds ? nil : seeds.rows)
    }

    private var goal: AudienceGoal {
        guard let wanted = Self.rowCountMax(of: request, over: side) else {
            guard case .minimumScore(let score) = request.size else { preconditionFailure("no other size") }
            return .scoring(atLeast: score)
        }
        return .best(Int(min(wanted, rowsEligible)))
    }

    private mutating func select(_ query: AudienceQuery) throws -> Phase {
        guard rule.mayUseCodes(goal: query.goal, rowCount: side.table.count) else {
            return try selectFromAll(query)
        }
        return .selecting(try Int8Selection(query, rule: rule), query)
    }

    private mutating func selectFromAll(_ query: AudienceQuery) throws -> Phase {
        rowsScanned = UInt64(side.table.count)
        return .selectingFromAll(try FullSelection(query))
    }

    private mutating func sort(_ selected: SelectedKeys) throws {
        phase = .sorting(try AudienceSort(selected.keys), count: selected.count)
    }
}
