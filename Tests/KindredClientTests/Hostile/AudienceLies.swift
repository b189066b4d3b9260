import KindredClient
import KindredDomain
import KindredWire

/// The answers of a hostile peer to LOOKALIKE: six rows in two frames, and their summary.
struct AudienceLies {
    let lie: Lie?
    let header: FrameHeader
    let peer: PeerConnection

    private static let none = AudienceRows(firstRow: 0, ids: .empty, scores: [])

    func answer() {
        switch lie {
        case .audienceWithoutEnd:
            var next: UInt64 = 0
            return peer.trickle(every: .milliseconds(5)) {
                defer { next += 10 }
                let ids = (next..<next + 10).map { 101 + $0 }
                return data(AudienceRows(firstRow: next, ids: .numbers(ids), scores: ids.map { _ in 0.9 }))
                    .bytes
            }
        case .audienceEndlessEmptyData:
            return peer.flood(Array(repeatElement(data(Self.none).bytes, count: 100).joined()))
        case .audienceSlowEmptyData: return peer.trickle { data(Self.none).bytes }
        case .audienceStalls: return peer.write(raw: data(chunks()[0]).bytes)
        case .audienceSlowRows:
            var next: UInt64 = 0
            return peer.trickle(every: .milliseconds(250)) {
                defer { next += 1 }
                let row = AudienceRows(
                    firstRow: next, ids: .numbers([101 + next]), scores: [1 - Float(next) / 10])
                return next < 6 ? data(row).bytes : nil
            }
        case .audienceSlowBytes:
            var rest = bytes()[...]
            return peer.trickle { rest.popFirst().map { [$0] } }
        default: peer.write(raw: bytes())
        }
    }

    private func data(_ rows: AudienceRows) -> HostileFrame { HostileFrame(.data(rows), to: header) }

    private func bytes() -> [UInt8] {
        let chunks = chunks()
        var frames = chunks.map { data($0) }
        if lie == .audienceDataWithEnd { frames[0].header.flags = .end }
        return frames.flatMap(\.bytes) + HostileFrame(.lookalike(summary(chunks)), to: header).bytes
    }

    private func chunks() -> [AudienceRows] {
        var ids: [[UInt64]] = [[101, 102, 103], [104, 105, 106]]
        var scores: [[Float]] = [[0.9, 0.8, 0.7], [0.7, 0.6, 0.5]]
        switch lie {
        case .audienceBeyondSize, .audienceBeyondShare:
            ids[1].append(107)
            scores[1].append(0.5)
        case .audienceShorterThanEligible:
            ids[1].removeLast()
            scores[1].removeLast()
        case .audienceOutOfOrder: scores[0].swapAt(0, 1)
        case .audienceOutOfOrderAcrossFrames: scores[1][0] = 0.75
        case .audienceTieAcrossFrames: (ids[0][2], ids[1][0]) = (104, 103)
        case .audienceScoreNotANumber: scores[1][1] = .nan
        case .audienceScoresMissing: scores = [[], []]
        case .audienceBelowMinimum: scores[1][2] = 0.4
        case .audienceHasASeed: ids[1][2] = 2
        case .audienceRepeatsAUser: ids[1][2] = 101
        case .audienceOverrunsWindow:
            ids[1] = Array(104..<40_104)
            scores[1] = ids[1].map { _ in 0.5 }
        default: break
        }
        var chunks: [AudienceRows] = []
        var first: UInt64 = 0
        for (ids, scores) in zip(ids, scores) {
            let list: IDList =
                lie == .audienceKindsMixed && first > 0
                ? .text(TextList(ids.map { "u\($0)" })) : .numbers(ids)
            chunks.append(AudienceRows(firstRow: first, ids: list, scores: scores))
            first += UInt64(ids.count)
        }
        if lie == .audienceGap { chunks[1].firstRow += 1 }
        return chunks
    }

    private func summary(_ chunks: [AudienceRows]) -> LookalikeSummary {
        var summary = LookalikeSummary(
            origin: AnswerOrigin(model: HostileCall.model, version: HostileCall.version))
        var checksum = AudienceChecksum()
        for chunk in chunks {
            checksum.update(chunk.ids)
            summary.rows += UInt64(chunk.ids.count)
        }
        summary.checksum = checksum.value
        summary.seedsReceived = 4
        summary.seedsMatched = 2
        summary.seedsDuplicate = 1
        summary.seedsUnmatched = 1
        summary.rowsEligible = 18
        summary.unmatchedExamples = .numbers([99_999])
        switch lie {
        case .audienceChecksumWrong: summary.checksum ^= 1
        case .audienceRowsWrong: summary.rows += 1
        case .audienceSeedsReceivedWrong: (summary.seedsReceived, summary.seedsUnmatched) = (5, 2)
        case .audienceSeedCountsWrong: summary.seedsDuplicate = 0
        case .audienceTooManyExamples: summary.unmatchedExamples = .numbers([99_999, 1])
        case .audienceExampleNotSent: summary.unmatchedExamples = .numbers([77])
        case .audienceOfNoSeed: (summary.seedsMatched, summary.seedsUnmatched) = (0, 3)
        case .audienceOfOtherModel: summary.origin.model = ModelName("other")!
        case .audienceOfOtherVersion: summary.origin.version += 1
        default: break
        }
        return summary
    }
}
