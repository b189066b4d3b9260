internal import KindredDomain

/// Checks the rows of a look-alike against its request as they arrive.
///
/// Keeps up to `Limits.idsCheckedMax` seeds and as many ids of rows, to check that no seed is in the audience and no
/// user twice. `StreamState` checks the rows' continuity and their checksum.
struct AudienceCheck: Sendable {
    private let request: LookalikeRequest
    private var seedsSent: UInt64 = 0
    private var keepsSeeds: Bool
    private var numberSeeds = IDSet()
    private var textSeeds = IDSet()
    private var rows: UInt64 = 0
    /// The ids of the rows so far; nil when there are too many.
    private var seen: IDSet? = IDSet()
    private var last: (id: IDList, score: Float)?
    private var kind: IDKind?

    init(_ request: LookalikeRequest) {
        self.request = request
        keepsSeeds = !request.includesSeeds
        noteSeeds(request.seeds)
    }

    /// Adds seeds that are sent.
    mutating func noteSeeds(_ seeds: IDList) {
        seedsSent += UInt64(seeds.count)
        guard keepsSeeds else { return }
        guard seedsSent <= Limits.idsCheckedMax else {
            keepsSeeds = false
            (numberSeeds, textSeeds) = (IDSet(), IDSet())
            return
        }
        if seeds.isEmpty { return }
        if seeds.kind == .number { numberSeeds.append(seeds) } else { textSeeds.append(seeds) }
    }

    /// Throws PROTOCOL_ERROR when the rows cannot be the next ones of the audience.
    mutating func check(_ chunk: AudienceRows) throws(KindredError) {
        guard !chunk.ids.isEmpty else { return }
        rows += UInt64(chunk.ids.count)
        if case .count(let size) = request.size, rows > size {
            throw .wrongAnswer("an audience of \(size) was asked for, \(rows) rows came")
        }
        try begin(chunk.ids.kind)
        guard chunk.scores.count == (request.wantsScores ? chunk.ids.count : 0) else {
            throw .wrongAnswer("\(chunk.ids.count) rows came with \(chunk.scores.count) scores")
        }
        if request.wantsScores { try checkOrder(chunk) }
        if rows > Limits.idsCheckedMax { seen = nil }
        seen?.append(chunk.ids)
        if let seen, seen.count != rows { throw .wrongAnswer("an id comes twice") }
        guard keepsSeeds else { return }
        let seeds = kind == .number ? numberSeeds : textSeeds
        if let index = (0..<chunk.ids.count).first(where: { seeds.contains(chunk.ids, $0) }) {
            throw .wrongAnswer("'\(chunk.ids[index])' is a seed, which are left out")
        }
    }

    /// Throws PROTOCOL_ERROR when the summary does not agree with the seeds sent and the rows received.
    func check(_ summary: LookalikeSummary) throws(KindredError) {
        try ReplyCheck.check(summary.origin, model: request.model, version: request.version)
        guard summary.seedsReceived == seedsSent else {
            throw .wrongAnswer("\(seedsSent) seeds were sent, \(summary.seedsReceived) are said to have come")
        }
        let counts = [summary.seedsMatched, summary.seedsDuplicate, summary.seedsUnmatched]
        var rest = seedsSent
        for count in counts {
            guard count <= rest else { throw Self.wrongCounts(summary) }
            rest -= count
        }
        guard rest == 0 else { throw Self.wrongCounts(summary) }
        guard summary.seedsMatched > 0 else {
            throw .wrongAnswer("no seed is among the model's users, and there is an audience")
        }
        guard UInt64(summary.unmatchedExamples.count) <= summary.seedsUnmatched else {
            throw .wrongAnswer(
                "\(summary.unmatchedExamples.count) unmatched seeds are named of \(summary.seedsUnmatched)")
        }
        try checkExamples(summary.unmatchedExamples)
        let wanted = size(summary)
        guard wanted.map({ rows == min($0, summary.rowsEligible) }) ?? (rows <= summary.rowsEligible) else {
            throw .wrongAnswer(
                "\(rows) rows came of \(summary.rowsEligible) eligible ones where the size is \(request.size)"
            )
        }
    }

    /// The number of rows that the size asks for; nil where the scores decide.
    private func size(_ summary: LookalikeSummary) -> UInt64? {
        switch request.size {
        case .count(let size): return size
        case .share(let partsPerMillion):
            // A share of all users: the eligible ones and the seeds that are left out.
            let seeds = request.includesSeeds ? 0 : summary.seedsMatched
            let (users, isTooMany) = summary.rowsEligible.addingReportingOverflow(seeds)
            let product = users.multipliedFullWidth(by: UInt64(partsPerMillion))
            guard !isTooMany, product.high < Limits.shareMax else { return nil }
            return max(1, Limits.shareMax.dividingFullWidth(product).quotient)
        case .minimumScore: return nil
        }
    }

    private func checkExamples(_ examples: IDList) throws(KindredError) {
        guard keepsSeeds else { return }
        for index in 0..<examples.count {
            // A chunk with seeds of both kinds is sent as texts.
            var isSent = numberSeeds.contains(examples, index) || textSeeds.contains(examples, index)
            if !isSent, case .text(let text) = examples[index], let number = ExternalID.plainDecimal(text) {
                isSent = numberSeeds.contains(.numbers([number]), 0)
            }
            guard isSent else { throw .wrongAnswer("the unmatched seed '\(examples[index])' was not sent") }
        }
    }

    /// Notes the kind of the model's ids, which the first rows have.
    private mutating func begin(_ kind: IDKind) throws(KindredError) {
        guard self.kind != kind else { return }
        guard self.kind == nil else { throw .wrongAnswer("the rows have ids of both kinds") }
        self.kind = kind
        guard keepsSeeds else { return }
        if kind == .text {
            guard numberSeeds.ids.isEmpty else {
                throw .wrongAnswer("the seeds are numbers, the answer's ids are texts")
            }
        } else if case .text(let list) = textSeeds.ids {
            numberSeeds.append(.numbers((0..<list.count).compactMap { ExternalID.plainDecimal(list[$0]) }))
        }
    }

    private mutating func checkOrder(_ chunk: AudienceRows) throws(KindredError) {
        let count = chunk.ids.count
        if let last {
            try checkPair(
                (chunk.scores[0], last.score),
                isAscending: { last.id.isBefore(chunk.ids) })
        }
        for index in 1..<max(1, count) {
            try checkPair(
                (chunk.scores[index], chunk.scores[index - 1]),
                isAscending: { chunk.ids.isAscending(index - 1, index) })
        }
        guard chunk.scores[0].isFinite, chunk.scores[count - 1].isFinite else {
            throw .wrongAnswer("a score is not finite")
        }
        if case .minimumScore(let minimum) = request.size, chunk.scores[count - 1] < minimum {
            throw .wrongAnswer("a row scores \(chunk.scores[count - 1]), below \(minimum)")
        }
        last = (IDList([chunk.ids[count - 1]]), chunk.scores[count - 1])
    }

    /// Throws unless the second row follows the first; also where a score is not a number.
    private func checkPair(
        _ pair: (score: Float, before: Float), isAscending: () -> Bool
    ) throws(KindredError) {
        guard pair.before > pair.score || pair.before == pair.score && isAscending() else {
            throw .wrongAnswer("rows are out of order: \(pair.before) before \(pair.score)")
        }
    }

    private static func wrongCounts(_ summary: LookalikeSummary) -> KindredError {
        .wrongAnswer(
            "\(summary.seedsMatched) seeds matched, \(summary.seedsDuplicate) duplicate and "
                + "\(summary.seedsUnmatched) unmatched are not \(summary.seedsReceived)")
    }
}

extension IDList {
    /// True when the only id of this list comes before the first of `next`, which is of the same kind.
    fileprivate func isBefore(_ next: IDList) -> Bool { self[0] < next[0] }
}
