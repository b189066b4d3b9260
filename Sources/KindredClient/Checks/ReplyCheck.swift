internal import KindredDomain
package import KindredWire

/// Checks a whole answer against its request, so that a wrong answer becomes an error.
///
/// The decoder has checked the answer's form, `ReplyAssembler` its number of queries or ids. The checks here need the
/// request. They take one pass over the answer and one over each list of the request.
package enum ReplyCheck {
    /// Throws PROTOCOL_ERROR when `reply` does not fit `message`.
    package static func check(_ reply: ServerReply, answers message: ClientMessage) throws(KindredError) {
        switch (message, reply) {
        case (.recommend(let request), .recommend(let answer)):
            try RecommendCheck(request: request, answer: answer).check()
        case (.score(let request), .score(let answer)): try check(answer, answers: request)
        case (.vectors(let request), .vectors(let answer)): try check(answer, answers: request)
        case (.filter(let request), .filter(let answer)):
            let origin = AnswerOrigin(model: answer.model, version: answer.version)
            try check(origin, model: request.model, version: request.version)
            guard answer.rowsPassing <= answer.rowCount else {
                throw .wrongAnswer("\(answer.rowsPassing) of \(answer.rowCount) rows pass a filter")
            }
            guard !answer.isKept || answer.evaluateMicroseconds == 0 else {
                throw .wrongAnswer("a filter that was kept took \(answer.evaluateMicroseconds) us")
            }
        case (.ping(let value), .pong(let echo)):
            guard echo == value else { throw .wrongAnswer("PING \(value) is answered with \(echo)") }
        case (.modelList(let name), .modelList(let list)):
            try check(list.models)
            if let name, list.models.map(\.name) != [name] {
                throw .wrongAnswer("model '\(name)' was asked for, the list has \(list.models.count) models")
            }
        case (.modelLoad, .modelSwitch): break
        case (.modelSwitch(let request), .modelSwitch(let versions)): try check(versions, answers: request)
        case (.stats, .stats(let stats)):
            guard Set(stats.names).count == stats.names.count else {
                throw .wrongAnswer("two statistics have one name")
            }
        case (.health, .health(let health)):
            guard health.state != .serving || health.modelsReady > 0 else {
                throw .wrongAnswer("the server serves and has no model ready")
            }
        default: throw .wrongReply
        }
    }

    /// Throws unless the answer comes from the requested model and version.
    static func check(
        _ origin: AnswerOrigin, model: ModelName?, version: UInt64
    ) throws(KindredError) {
        if let model, origin.model != model {
            throw .wrongAnswer("model '\(model)' was asked, '\(origin.model)' answers")
        }
        guard origin.version != 0 else { throw .wrongAnswer("version 0 answers, which no version is") }
        guard version == 0 || origin.version == version else {
            throw .wrongAnswer("version \(version) was asked, version \(origin.version) answers")
        }
    }

    /// Throws unless the status is OK or of one of the protocol's classes.
    static func check(status: UInt16) throws(KindredError) {
        guard status == StatusCode.ok.rawValue || (1...6).contains(status >> 8) else {
            throw .wrongAnswer("status 0x\(String(status, radix: 16)) is of no class")
        }
    }

    private static func check(
        _ answer: ScoreReply, answers request: ScoreRequest
    ) throws(KindredError) {
        try check(answer.origin, model: request.scope.model, version: request.scope.version)
        for (query, outcome) in answer.outcomes.enumerated() {
            try check(status: outcome.status)
            let results = Int(answer.offsets[query])..<Int(answer.offsets[query + 1])
            let name = Ordinal.query(query, of: answer.outcomes.count)
            let expected = outcome.isAnswered ? request.candidates.range(ofQuery: query).count : 0
            guard results.count == expected else {
                throw .wrongAnswer("\(name) has \(results.count) scores where \(expected) are due")
            }
            for index in results where answer.found[index] && !answer.scores[index].isFinite {
                throw .wrongAnswer("\(name) has the score \(answer.scores[index])")
            }
        }
    }

    private static func check(
        _ answer: VectorsReply, answers request: VectorsRequest
    ) throws(KindredError) {
        try check(answer.origin, model: request.model, version: request.version)
        guard answer.dimension > 0 || !answer.found.contains(true) else {
            throw .wrongAnswer("vectors of dimension 0")
        }
        if let element = answer.elements.first(where: { !$0.isFinite }) {
            throw .wrongAnswer("a vector has the element \(element)")
        }
    }

    private static func check(_ models: [ModelStatus]) throws(KindredError) {
        guard Set(models.map(\.name)).count == models.count else {
            throw .wrongAnswer("two models have one name")
        }
        guard models.count(where: \.isDefault) <= 1 else { throw .wrongAnswer("two models are the default") }
    }

    private static func check(
        _ versions: ModelSwitchResponse, answers request: ModelSwitchRequest
    ) throws(KindredError) {
        let isDone =
            switch request.goal {
            case .version(let version): versions.active == version && versions.pinned == version
            // A model without a version that serves follows the newest too.
            case .latest: versions.pinned == 0
            case .previous: versions.active != 0 && versions.pinned == versions.active
            }
        guard isDone else {
            throw .wrongAnswer(
                "\(request.goal) was asked; the answer is version \(versions.active), "
                    + "pinned \(versions.pinned)")
        }
    }
}

extension KindredError {
    /// PROTOCOL_ERROR for an answer that does not fit its request.
    static func wrongAnswer(_ reason: String) -> KindredError {
        .protocolError(.malformedBody, "the reply does not answer the request: \(reason)")
    }
}
