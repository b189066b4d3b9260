import KindredDomain
import KindredSystem

/// Finds the rows of an audience by scoring everybody: all scores, the cut by counting them, the keys of those in.
/// In steps.
final class FullSelection {
    private enum Phase {
        case scanning(AudienceScan)
        case cutting(AudienceScan, AudienceCut)
        case collecting(AudienceScan, AudienceCollection)
        case ended
    }

    private let goal: AudienceGoal
    private let excluded: Bitmap?
    private var phase: Phase

    init(_ query: AudienceQuery, goal: AudienceGoal, excluded: Bitmap?) throws(MemoryFailure) {
        self.goal = goal
        self.excluded = excluded
        phase = .scanning(try AudienceScan(query))
    }

    var stage: LookalikeExpansion.Stage? {
        switch phase {
        case .scanning: .scoring
        case .cutting: .cutting
        case .collecting: .collecting
        case .ended: nil
        }
    }

    /// Bytes held now.
    var byteCount: Int {
        switch phase {
        case .scanning(let scan), .cutting(let scan, _): scan.byteCount
        case .collecting(let scan, let collection): scan.byteCount + collection.byteCount
        case .ended: 0
        }
    }

    func step() throws(MemoryFailure) -> SelectionProgress {
        switch phase {
        case .scanning(let scan):
            guard scan.isComplete else { return .scanning(scan) }
            phase = .cutting(scan, AudienceCut(scores: scan.scores, excluded: excluded, goal: goal))
        case .cutting(let scan, let cut):
            guard let result = cut.step(rowCount: LookalikeExpansion.rowsPerStep) else { break }
            phase = .collecting(scan, try AudienceCollection(result))
        case .collecting(let scan, let collection):
            let isCollected = collection.step(
                rowCount: LookalikeExpansion.rowsPerWritingStep, scores: scan.scores, excluded: excluded)
            guard isCollected else { break }
            phase = .ended
            return .selected(try AudienceSort(collection.keys), count: collection.count)
        case .ended: preconditionFailure("a selection is stepped after its end")
        }
        return .working
    }
}
