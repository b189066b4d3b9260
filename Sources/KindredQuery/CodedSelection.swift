import KindredDomain
import KindredKernels

/// Finds the rows of an audience by their codes: a threshold from a sample, one pass over the codes that marks who
/// may reach it, canonical scores of those. In steps.
///
/// Every row that reaches the threshold is found, so the best rows are there as soon as as many as are wanted reach
/// it. Where too few do, or where too many would have to be scored, everybody is to be scored instead.
final class CodedSelection {
    private enum Phase {
        case sampling(AudienceSample)
        case sieving(AudienceSieve)
        case counting(AudienceCandidates)
        case rescoring(AudienceRescore)
        case collecting(AudienceRescore, AudienceSort, unit: Int)
        case ended
    }

    private let query: AudienceQuery
    private let goal: AudienceGoal
    private let excluded: Bitmap?
    private let rule: AudienceRule
    private var phase: Phase
    /// Rows that were compared by their codes.
    private(set) var rowsScanned = 0

    /// Words of marks looked at in one step.
    private static let wordsPerStep = 16_384

    init(_ query: AudienceQuery, goal: AudienceGoal, excluded: Bitmap?, rule: AudienceRule)
        throws(MemoryFailure)
    {
        self.query = query
        self.goal = goal
        self.excluded = excluded
        self.rule = rule
        phase = .sampling(try AudienceSample(query, goal: goal, excluded: excluded, rule: rule))
    }

    /// Whether the codes can be worth looking at; a sample decides then.
    static func isWorthwhile(goal: AudienceGoal, rowCount: Int, rule: AudienceRule) -> Bool {
        guard rowCount >= rule.codedRowsMin else { return false }
        switch goal {
        case .best(let wanted):
            return wanted > 0 && Double(wanted) <= rule.candidateShareMax * Double(rowCount)
        case .scoring: return true
        }
    }

    var stage: LookalikeExpansion.Stage? {
        switch phase {
        case .sampling: .sampling
        case .sieving: .sieving
        case .counting: .counting
        case .rescoring: .rescoring
        case .collecting: .collecting
        case .ended: nil
        }
    }

    /// Bytes held now.
    var byteCount: Int {
        switch phase {
        case .sampling(let sample): sample.byteCount
        case .sieving(let sieve): sieve.marks.byteCount
        case .counting(let candidates): candidates.marks.byteCount
        case .rescoring(let rescore): rescore.byteCount
        case .collecting(let rescore, let sort, _):
            rescore.byteCount + sort.byteCount - rescore.keys.byteCount
        case .ended: 0
        }
    }

    func step() throws(MemoryFailure) -> SelectionProgress {
        switch phase {
        case .sampling(let sample):
            guard let finding = sample.step(rowCount: LookalikeExpansion.rowsPerWritingStep) else { break }
            guard finding.candidateShare <= rule.candidateShareMax else { return .unsuitable }
            let sieve = try AudienceSieve(query, threshold: finding.threshold)
            rowsScanned = sieve.rowCount
            phase = .sieving(sieve)
        case .sieving(let sieve):
            guard sieve.isComplete else { return .scanning(sieve) }
            phase = .counting(
                AudienceCandidates(sieve, excluded: excluded, dimension: query.side.table.dimension))
        case .counting(let candidates):
            guard candidates.step(wordCount: Self.wordsPerStep) else { break }
            return try startRescoring(candidates)
        case .rescoring(let rescore):
            guard rescore.isComplete else { return .scanning(rescore) }
            var keyCount = 0
            for unit in 0..<rescore.unitCount { keyCount += rescore.keyRange(ofUnit: unit).count }
            if case .best(let wanted) = goal, keyCount < wanted { return .unsuitable }
            let sort = try AudienceSort(
                capacity: keyCount, minimumScore: rescore.threshold, from: rescore.keys)
            phase = .collecting(rescore, sort, unit: 0)
        case .collecting(let rescore, let sort, let unit):
            return collect(rescore, into: sort, from: unit)
        case .ended: preconditionFailure("a selection is stepped after its end")
        }
        return .working
    }

    private func startRescoring(_ candidates: AudienceCandidates) throws(MemoryFailure) -> SelectionProgress {
        let rowCount = Double(query.side.table.count)
        guard Double(candidates.count) <= rule.candidateShareMax * rowCount else { return .unsuitable }
        guard candidates.count > 0 else {
            if case .best(let wanted) = goal, wanted > 0 { return .unsuitable }
            phase = .ended
            let none = try AudienceSort(capacity: 0, minimumScore: 0)
            none.endCollecting()
            return .selected(none, count: 0)
        }
        phase = .rescoring(try AudienceRescore(query, candidates))
        return .working
    }

    /// Moves the keys of some units together, so that they follow each other.
    private func collect(
        _ rescore: AudienceRescore, into sort: AudienceSort, from first: Int
    ) -> SelectionProgress {
        let keys = rescore.keys.bytes.bindMemory(to: UInt64.self).baseAddress!
        var unit = first
        var left = LookalikeExpansion.rowsPerWritingStep
        while unit < rescore.unitCount, left > 0 {
            let range = rescore.keyRange(ofUnit: unit)
            for index in range { sort.append(keys[index]) }
            left -= range.count + 1
            unit += 1
        }
        guard unit == rescore.unitCount else {
            phase = .collecting(rescore, sort, unit: unit)
            return .working
        }
        sort.endCollecting()
        phase = .ended
        switch goal {
        case .best(let wanted): return .selected(sort, count: wanted)
        case .scoring: return .selected(sort, count: sort.count)
        }
    }
}
