import KindredDomain
import KindredKernels
import KindredSystem

/// Selects the rows of an audience by scoring all rows: scores, then the cut by counting them, then the keys of the
/// rows above it. In steps.
final class FullSelection {
    private enum Phase {
        case scanning(FullScan)
        case cutting(FullScan, AudienceCut)
        case collecting(FullScan, KeyCollector)
        case ended
    }

    private let query: AudienceQuery
    private var phase: Phase

    init(_ query: AudienceQuery) throws(MemoryFailure) {
        self.query = query
        phase = .scanning(try FullScan(query))
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
        case .collecting(let scan, let collector): scan.byteCount + collector.byteCount
        case .ended: 0
        }
    }

    func step() throws(MemoryFailure) -> Step<SelectedKeys> {
        switch phase {
        case .scanning(let scan):
            guard scan.isComplete else { return .waiting(on: scan) }
            let cut = AudienceCut(scores: scan.scores, excluded: query.excluded, goal: query.goal)
            phase = .cutting(scan, cut)
            return .working
        case .cutting(let scan, let cut):
            return try cut.step(rowCount: LookalikeExpansion.rowsPerStep).then {
                (result) throws(MemoryFailure) in
                let collector = try KeyCollector(result, scores: scan.scores, excluded: query.excluded)
                phase = .collecting(scan, collector)
            }
        case .collecting(_, let collector):
            switch collector.step(rowCount: LookalikeExpansion.rowsPerWritingStep) {
            case .working: return .working
            case .waiting(on: let work): return .waiting(on: work)
            case .done(let keys):
                phase = .ended
                return .done(SelectedKeys(keys: keys, count: keys.count))
            }
        case .ended: preconditionFailure("a selection is stepped after its end")
        }
    }
}

/// The canonical score of every row, in tiles that any thread may take.
///
/// Rows are scored canonically at once. A float32 product first and a canonical score for the rows that pass would
/// read the vectors twice, and the canonical kernel is as fast as memory.
final class FullScan: SharedWork {
    private let query: AudienceQuery
    private let tiling: Tiling
    private let storage: MemoryRegion
    private let tiles: UnitCursor

    init(_ query: AudienceQuery) throws(MemoryFailure) {
        self.query = query
        tiling = query.side.tiling
        storage = try MemoryRegion(byteCount: query.side.table.count * MemoryLayout<Float>.stride)
        tiles = UnitCursor(count: tiling.tileCount)
    }

    func work(scratch: ScanScratch) -> Bool {
        guard let tile = tiles.take() else { return false }
        let rows = tiling.rows(ofTile: tile)
        let table = query.side.table
        let sums = scratch.sums.room(for: rows.count)
        query.ranking.vector.withElements { elements in
            Canonical.sums(
                query: elements, rows: table.vectors + rows.lowerBound * table.dimension,
                dimension: table.dimension, rowCount: rows.count, into: sums)
        }
        let scores = storage.mutableBytes.bindMemory(to: Float.self)
        for row in rows { scores[row] = query.score(sum: sums[row - rows.lowerBound], row: row) }
        tiles.finish()
        return true
    }

    var isComplete: Bool { tiles.isComplete }

    /// The scores of all rows; only once complete.
    var scores: UnsafeBufferPointer<Float> { storage.bytes.bindMemory(to: Float.self) }

    var byteCount: Int { storage.byteCount }
}
