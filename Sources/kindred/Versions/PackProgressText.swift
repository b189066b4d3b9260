import KindredPack
import KindredTerminal

extension PackProgress {
    /// Runs a pack with its progress shown on the terminal. `body` hands the closure to the packer.
    static func shown<Report>(
        during body: (_ show: @escaping (PackProgress) -> Void) throws -> Report
    ) rethrows -> Report {
        let line = ProgressLine()
        defer { line.clear() }
        return try body { line.show($0.text) }
    }

    /// The step in words, with its size or its share.
    private var text: String {
        switch self {
        case .reading(let side, let rows): "reading \(rows.groupedDigits) \(side)"
        case .sorting(let side, let rows): "sorting \(rows.groupedDigits) \(side)"
        case .writing(let side, let done, let rows): "writing \(side): \(done * 100 / max(rows, 1)) %"
        case .coding(let side, let done, let rows): "coding \(side): \(done * 100 / max(rows, 1)) %"
        case .summarising(let side, let rows): "summing up \(rows.groupedDigits) \(side)"
        case .readingPairs(let done, let count): "reading seen pairs: \(done * 100 / max(count, 1)) %"
        case .writingPairs(let done, let count): "writing seen pairs: \(done * 100 / max(count, 1)) %"
        case .copyingCatalog: "copying the catalog"
        case .checking: "checking what was written"
        case .publishing: "publishing"
        }
    }
}
