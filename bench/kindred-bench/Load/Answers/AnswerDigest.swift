import KindredDomain
import KindredWire

/// A digest of one answer. It does not depend on how results are split into frames, nor on times and rows scanned.
struct AnswerDigest {
    private(set) var version: UInt64 = 0
    /// A contradiction within the answer.
    private(set) var fault: String?

    private var checksum = AnswerChecksum()
    private var audience = AudienceChecksum()
    private var rowCount: UInt64 = 0

    var value: UInt64 { checksum.value }

    /// Adds the next frame of the answer.
    mutating func add(_ reply: ServerReply) {
        switch reply {
        case .pong(let opaque): checksum.add(opaque)
        case .recommend(let part):
            version = part.origin.version
            for (query, outcome) in part.outcomes.enumerated() {
                checksum.add(UInt64(outcome.status))
                if let count = outcome.rowsTaken { checksum.add(count) }
                let results = Int(part.offsets[query])..<Int(part.offsets[query + 1])
                checksum.add(UInt64(results.count))
                for result in results { add(part.ids[result], part.scores?[result]) }
            }
            if let because = part.because {
                for isFound in because.found { checksum.add(isFound ? 1 : 0) }
                for item in 0..<because.ids.count { add(because.ids[item], nil) }
            }
        case .data(let rows):
            if rows.firstRow != rowCount { fault = "rows from \(rows.firstRow) on, wanted \(rowCount)" }
            audience.update(rows.ids)
            for row in 0..<rows.ids.count { add(rows.ids[row], rows.scores.isEmpty ? nil : rows.scores[row]) }
            rowCount += UInt64(rows.ids.count)
        case .lookalike(let summary):
            version = summary.origin.version
            checksum.add(summary.seedsMatched)
            if summary.rows != rowCount { fault = "\(rowCount) rows, and a summary of \(summary.rows)" }
            if summary.checksum != audience.value { fault = "ids whose CRC-32 is not the summary's" }
        default: fault = "\(reply), which answers nothing"
        }
    }

    private mutating func add(_ id: ExternalID, _ score: Float?) {
        switch id {
        case .number(let number): checksum.add(number)
        case .text(let bytes):
            checksum.add(UInt64(bytes.count))
            for byte in bytes { checksum.add(UInt64(byte)) }
        }
        if let score { checksum.add(UInt64(score.bitPattern)) }
    }
}
