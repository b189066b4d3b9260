import KindredDomain
import KindredSystem

/// Selects the rows of an audience by their codes: a threshold from a sample, one scan of the codes that marks the rows
/// that may reach it, canonical scores of the marked rows. In steps.
///
/// Every row that reaches the threshold is marked, so the selection is complete as soon as as many rows as are wanted
/// reach it. Where too few reach it, or too many would have to be scored, the selection gives up and all rows have to
/// be scored.
final class Int8Selection {
    private enum Phase {
        case sampling(ThresholdSample)
        case scanning(CandidateScan)
        case counting(CandidateCounter)
        case rescoring(CandidateRescore)
        case ended
    }

    private let query: AudienceQuery
    private let rule: SelectionRule
    private var phase: Phase
    /// Rows that were compared by their codes.
    private(set) var rowsScanned = 0

    /// Words of marks that one step looks at.
    private static let wordsPerStep = 16_384

    init(_ query: AudienceQuery, rule: SelectionRule) throws(MemoryFailure) {
        self.query = query
        self.rule = rule
        phase = .sampling(try ThresholdSample(query, rule: rule))
    }

    var stage: LookalikeExpansion.Stage? {
        switch phase {
        case .sampling: .sampling
        case .scanning: .sieving
        case .counting: .counting
        case .rescoring: .rescoring
        case .ended: nil
        }
    }

    /// Bytes held now.
    var byteCount: Int {
        switch phase {
        case .sampling(let sample): sample.byteCount
        case .scanning(let scan): scan.marks.byteCount
        case .counting(let counter): counter.marks.byteCount
        case .rescoring(let rescore): rescore.byteCount
        case .ended: 0
        }
    }

    /// The output is nil where the selection gives up.
    func step() throws(MemoryFailure) -> Step<SelectedKeys?> {
        switch phase {
        case .sampling(let sample):
            switch try sample.step(rowCount: LookalikeExpansion.rowsPerWritingStep) {
            case .working: return .working
            case .waiting(on: let work): return .waiting(on: work)
            case .done(let finding):
                guard finding.candidateShare <= rule.candidateShareMax else { return .done(nil) }
                let scan = try CandidateScan(query, threshold: finding.threshold)
                rowsScanned = scan.rowCount
                phase = .scanning(scan)
                return .working
            }
        case .scanning(let scan):
            guard scan.isComplete else { return .waiting(on: scan) }
            phase = .counting(
                CandidateCounter(scan, excluded: query.excluded, dimension: query.side.table.dimension))
            return .working
        case .counting(let counter):
            switch counter.step(wordCount: Self.wordsPerStep) {
            case .working: return .working
            case .waiting(on: let work): return .waiting(on: work)
            case .done(let candidates): return try startRescoring(candidates)
            }
        case .rescoring(let rescore):
            guard rescore.isComplete else { return .waiting(on: rescore) }
            let keys = rescore.keys
            switch query.goal {
            case .best(let wanted):
                guard keys.count >= wanted else { return .done(nil) }
                phase = .ended
                return .done(SelectedKeys(keys: keys, count: wanted))
            case .scoring:
                phase = .ended
                return .done(SelectedKeys(keys: keys, count: keys.count))
            }
        case .ended: preconditionFailure("a selection is stepped after its end")
        }
    }

    private func startRescoring(_ candidates: Candidates) throws(MemoryFailure) -> Step<SelectedKeys?> {
        let rowCount = Double(query.side.table.count)
        guard Double(candidates.count) <= rule.candidateShareMax * rowCount else { return .done(nil) }
        guard candidates.count > 0 else {
            if case .best(let wanted) = query.goal, wanted > 0 { return .done(nil) }
            phase = .ended
            return .done(SelectedKeys(keys: try .none(), count: 0))
        }
        phase = .rescoring(try CandidateRescore(query, candidates))
        return .working
    }
}
