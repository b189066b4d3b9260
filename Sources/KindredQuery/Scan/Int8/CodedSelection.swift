import KindredDomain
import KindredSystem

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
        case .ended: 0
        }
    }

    func step() throws(MemoryFailure) -> SelectionProgress {
        switch phase {
        case .sampling(let sample):
            guard let finding = try sample.step(rowCount: LookalikeExpansion.rowsPerWritingStep) else {
                break
            }
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
            let keys = rescore.keys
            if case .best(let wanted) = goal, keys.count < wanted { return .unsuitable }
            phase = .ended
            switch goal {
            case .best(let wanted): return .selected(try AudienceSort(keys), count: wanted)
            case .scoring: return .selected(try AudienceSort(keys), count: keys.count)
            }
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
            return .selected(try AudienceSort(.none()), count: 0)
        }
        phase = .rescoring(try AudienceRescore(query, candidates))
        return .working
    }
}
