import KindredClient
import KindredDomain
import KindredWire

/// The answers of a hostile peer to RECOMMEND.
struct RecommendLies {
    let lie: Lie?
    let header: FrameHeader
    let peer: PeerConnection

    func answer(queries: Int) {
        if queries == 1 {
            var frame = HostileFrame(.recommend(one()), to: header)
            if lie == .statusOfNoClass, let statuses = frame.payload(of: 73) {
                frame.store(UInt16(0x0905), at: statuses)
            }
            peer.write(raw: frame.bytes)
        } else {
            answerBatch()
        }
    }

    private func prices(_ count: Int) -> ResultColumn {
        ResultColumn(
            name: "price", values: .reals((0..<count).map { Double($0) }),
            present: [Bool](repeating: true, count: count))
    }

    // MARK: One query

    private func one() -> RecommendResponse {
        var ids: [UInt64] = [101, 102, 103, 104, 105]
        var response = RecommendResponse(
            origin: AnswerOrigin(model: HostileCall.model, version: HostileCall.version),
            outcomes: [QueryOutcome(rowsEligible: 10, rowsScanned: 10)], offsets: [0, 5], ids: .empty,
            scores: [0.9, 0.8, 0.7, 0.7, 0.5], columns: [prices(5)])
        switch lie {
        case .otherModel: response.origin.model = ModelName("other")!
        case .otherVersion: response.origin.version += 1
        case .versionZero: response.origin.version = 0
        case .moreThanK:
            ids.append(106)
            response.scores.append(0.4)
            response.offsets = [0, 6]
            response.columns = [prices(6)]
        case .failedQueryWithResults: response.outcomes = [QueryOutcome(failure: .unknownID(7, .items))]
        case .statusOfNoClass:
            response.outcomes = [QueryOutcome(failure: .unknownID(7, .items))]
            (ids, response.scores, response.offsets) = ([], [], [0, 0])
            response.columns = [prices(0)]
        case .scoreNotANumber: response.scores[2] = .nan
        case .scoreInfinite: response.scores[0] = .infinity
        case .scoresAscending: response.scores.reverse()
        case .tiesOutOfOrder: ids.swapAt(2, 3)
        case .repeatedID: ids[4] = 101
        case .scoresMissing: response.scores = []
        case .excludedID: ids[4] = 50
        case .notACandidate: ids[4] = 999
        case .memberOfTheQuery: ids[4] = 7
        case .belowTheMinimum: response.scores[4] = 0.05
        case .columnMissing: response.columns = []
        case .columnTooMany: response.columns.append(prices(5))
        default: break
        }
        response.ids = lie == .idsOfTheOtherKind ? .text(TextList(ids.map { "i\($0)" })) : .numbers(ids)
        return response
    }

    // MARK: A batch, one frame for each query

    private func part(_ query: Int, ids: IDList? = nil, withScores: Bool = true) -> RecommendResponse {
        let first = 101 + 2 * UInt64(query)
        return RecommendResponse(
            origin: AnswerOrigin(model: HostileCall.model, version: HostileCall.version),
            outcomes: [QueryOutcome(rowsEligible: 10, rowsScanned: 10)], offsets: [0, 2],
            ids: ids ?? .numbers([first, first + 1]), scores: withScores ? [0.9, 0.8] : [],
            columns: [prices(2)])
    }

    private func frame(_ response: RecommendResponse, first: Int, isEnd: Bool) -> HostileFrame {
        var frame = HostileFrame(.recommend(response), to: header)
        frame.store(UInt32(first), at: 24)
        frame.header.flags = isEnd ? .end : []
        return frame
    }

    private func answerBatch() {
        var parts = (0..<3).map { part($0) }
        switch lie {
        case .versionChangesBetweenFrames: parts[1].origin.version += 1
        case .modelChangesBetweenFrames: parts[1].origin.model = ModelName("other")!
        case .tooFewQueries: parts.removeLast()
        case .tooManyQueries: parts.append(part(3))
        case .fewerThanEligible:
            parts[0].ids = .numbers([101])
            parts[0].scores = [0.9]
            parts[0].offsets = [0, 1]
            parts[0].columns = [prices(1)]
        case .scoresMissingInSecondFrame:
            // First a frame without results and with an empty list of scores, then results without scores.
            parts[0] = part(0, ids: .empty)
            parts[0].scores = []
            parts[0].outcomes = [QueryOutcome(rowsEligible: 0, rowsScanned: 0)]
            parts[0].offsets = [0, 0]
            parts[0].columns = [prices(0)]
            parts[1] = part(1, withScores: false)
            parts[2] = parts[0]
        case .idKindChangesBetweenFrames: parts[1] = part(1, ids: .text(TextList(["a", "b"])))
        case .columnTypeChangesBetweenFrames:
            parts[1].columns = [
                ResultColumn(name: "price", values: .integers([1, 2]), present: [true, true])
            ]
        default: break
        }
        var frames = parts.indices.map { frame(parts[$0], first: $0, isEnd: $0 == parts.count - 1) }
        switch lie {
        case .framesOutOfOrder: frames[1].store(UInt32(2), at: 24)
        case .endMissing: frames[2].header.flags = []
        case .endTooEarly: frames[1].header.flags = .end
        case .endlessContinuation:
            let empty = RecommendResponse(
                origin: parts[0].origin, outcomes: [], offsets: [0], ids: .empty, scores: [],
                columns: [prices(0)])
            peer.write(raw: frames[0].bytes)
            let more = frame(empty, first: 1, isEnd: false).bytes
            return peer.flood(Array(repeatElement(more, count: 100).joined()))
        default: break
        }
        if lie == .endMissing { frames.removeLast() }
        peer.write(raw: frames.flatMap(\.bytes))
    }
}
