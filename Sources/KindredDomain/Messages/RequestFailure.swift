/// Why a request, or one query of it, was not answered. A closed set; each case has a status code on the wire.
///
/// `description` is a sentence for people, with the offending value and the allowed ones.
package enum RequestFailure: Error, Sendable, Equatable {
    case invalidArgument(InvalidArgument)
    /// The name is empty where the request has none and there is no default model. `known` are the existing names.
    case unknownModel(String, known: NameList = [])
    case unknownID(ExternalID, Side)
    /// The model has none of the `count` candidates; `first` is the first of them.
    case noKnownCandidate(count: Int, first: ExternalID, Side)
    /// The model has none of the `count` seeds; `first` is the first of them.
    case noKnownSeed(count: UInt64, first: ExternalID)
    case dimensionMismatch(found: UInt64, expected: UInt64)
    case limitExceeded(LimitName, found: UInt64, limit: UInt64)
    case unsupportedType(UInt8)
    case unsupportedTag(UInt16)
    case unsupportedEncoding(tag: UInt16, elementType: UInt8)
    case duplicateRequestID(UInt64)
    /// `onDisk` are the model's versions in the repository, ascending. `requested` may be one that is not loaded.
    case versionGone(requested: UInt64, serving: UInt64, onDisk: [UInt64] = [])
    case malformedBody(MalformedBody)
    case overloaded(retryAfterMilliseconds: UInt32)
    case deadlineExceeded(milliseconds: UInt32)
    case noModelReady
    /// The request names no model, and the default one is not loaded.
    case defaultModelNotReady(ModelName)
    case draining
    case slowConsumer(bytes: UInt64, milliseconds: UInt32)
    case cancelled
    case conflict(expected: UInt64, active: UInt64)
    /// There is no version to roll back to. `onDisk` are the model's versions in the repository, ascending.
    case noPreviousVersion(ModelName, serving: UInt64 = 0, onDisk: [UInt64] = [])
    case internalError(reference: UInt64)
    case modelCorrupt(version: UInt64, reason: String)
}

/// An argument outside its range.
package enum InvalidArgument: Sendable, Equatable {
    case kIsZero
    case noQueries
    case unknownValue(field: FieldName, value: UInt64)
    case vectorNotFinite(element: Int, value: Float)
    case normTooLarge(Double)
    case emptyBasket
    case weightNotFinite(member: Int, value: Float)
    /// The weights' absolute values sum to 0, or the weighted members cancel to the zero vector.
    case weightsCancel
    case zeroVectorUnderCosine
    case seedsCancel
    case minimumScoreNotFinite(Float)
    /// A numeric id for a side whose ids are texts.
    case numberForTextIDs(UInt64, Side)
    /// A text that is no plain decimal, for a side whose ids are numbers.
    case textForNumberIDs([UInt8], Side)
    case textIDLength(Int)
    case textIDNotUTF8
    case numberIDTooLarge(UInt64)
    /// `known` are the existing names. `isSet`: it is a table of values, which results do not show.
    case unknownColumn(String, Side, known: [String] = [], isSet: Bool = false)
    case sideMissing(Side)
    case modelNameMalformed
    case sizeIsZero
    case shareTooLarge(UInt64)
    case noSeeds
    case noCandidates
    case windowTooLarge(UInt64)
    /// Members of a blend or of a fold-in that make no vector.
    case members(MembersFailure)
    /// A filter that is refused, with its text. The name says which one it is, where the request has several.
    case filter(FilterFailure, text: String, named: String? = nil)
    /// A parameter's name is none. `index` is its place among the parameters.
    case parameterName(String, index: Int)
    case parameterRepeated(String, index: Int)
    case parameterNotANumber(String, index: Int)
    /// Boosts, caps or diversity that are refused.
    case rule(RuleFailure)
    /// Seeds of a look-alike that make no weight vector.
    case scorer(ScorerFailure)
    case noSeenPairs
    /// The version has no popularity, or the target is users.
    case noPopularity(Side)
    /// Seen items are left out of queries by user only.
    case seenWithoutUser
    /// A query by vector has no items that a result could be near to.
    case becauseWithoutItems
}

/// Fields whose value comes from a closed set.
package enum FieldName: String, Sendable, Equatable {
    case queryKind = "query kind"
    case target
    case similarity
    case unknownIDPolicy = "unknown-id policy"
    case scorer
    case sizeKind = "size kind"
    case side
    case options
    case parameterType = "parameter type"
    case boostEffect = "boost effect"
}

/// The rule that a body's bytes break.
package enum MalformedBody: Sendable, Equatable {
    /// The body ends before the fixed part or a section does.
    case truncated
    case fixedLength(UInt16)
    case tagOrder(UInt16)
    /// The bytes of a section are no whole number of elements.
    case sectionLength(tag: UInt16, bytes: UInt32)
    case paddingNotZero(tag: UInt16)
    case missingSection(UInt16)
    /// Two sections that exclude each other, or a list whose parts disagree.
    case inconsistentSections(UInt16)
    /// Offsets that do not begin with 0, descend, or do not end with the count.
    case offsets(tag: UInt16)
    case textNotUTF8(tag: UInt16)
    case emptyBody
}

/// Limits that a request can exceed.
package enum LimitName: String, Sendable, Equatable {
    case requestsInFlight = "requests in flight"
    case queriesPerBatch = "queries per batch"
    case k
    case resultsPerRequest = "results per request"
    case dimension
    case basketMembers = "basket members"
    case excludedIDs = "excluded ids"
    case candidates
    case listedIDsPerRequest = "excluded ids and candidates per request"
    case vectorIDs = "ids per request"
    case vectorElementsPerRequest = "vector elements per request"
    case columnsPerRequest = "columns per request"
    case seeds
    case windowBytes = "window bytes"
    case streamsPerConnection = "streams per connection"
    case timeoutMilliseconds = "timeout in milliseconds"
    case responseBytes = "bytes of one query's reply"
    case replyBytes = "bytes of a reply"
    case columnNameBytes = "bytes of a column name"
    case filterBytes = "bytes of a filter"
    case filterNodes = "operators, columns and values of a filter"
    case filterDepth = "nesting of a filter"
    case filterValues = "bound values"
    case filterValueBytes = "bytes of the texts of bound values"
    case boosts
    case caps
    case pool
    case offsetAndK = "offset + k"
    case rankedRows = "rows to rank, of all queries together (ask fewer queries at a time)"
    case maskBytes = "bytes of the masks of filters (ask fewer queries, or with fewer filters)"
    case modelListBytes = "bytes of the list of all models (ask for one by its name)"
}

extension RequestFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidArgument(let argument): argument.description
        case .unknownModel("", let known):
            "no model is named and this server has no default one: name a model" + known.text
        case .unknownModel(let name, let known):
            "unknown model '\(name)': not in this server's repository" + known.text
        case .unknownID(let id, let side): "unknown \(side.singular) '\(id)': the model does not have it"
        case .noKnownCandidate(let count, let first, let side):
            "none of the \(count) candidates (the first is '\(first)') is in the model's \(side)"
        case .noKnownSeed(let count, let first):
            "none of the \(count) seeds (the first is '\(first)') is a user of the model"
        case .dimensionMismatch(let found, let expected):
            "vector of dimension \(found): the model's is \(expected)"
        case .limitExceeded(let name, let found, let limit): "\(name.rawValue): \(found), at most \(limit)"
        case .unsupportedType(let type): "message type 0x\(String(type, radix: 16)) is not known here"
        case .unsupportedTag(let tag): "critical section \(tag) is not known here"
        case .unsupportedEncoding(let tag, let elementType):
            "section \(tag) has element type \(elementType), which it cannot have"
        case .duplicateRequestID(let id): "request id \(id) is not greater than the ones before it"
        case .versionGone(let requested, let serving, let onDisk):
            Self.describe(gone: requested, serving: serving, onDisk: onDisk)
        case .malformedBody(let body): "malformed body: \(body.description)"
        case .overloaded(let milliseconds): "overloaded: try again in \(milliseconds) ms"
        case .deadlineExceeded(let milliseconds): "not answered within \(milliseconds) ms"
        case .noModelReady:
            "no version of the model is ready: the list of models and the server's log say why"
        case .defaultModelNotReady(let name):
            "the default model '\(name)' is not ready: name another, or start the server with --default-model"
        case .draining: "the server is shutting down: connect again"
        case .slowConsumer(let bytes, let milliseconds):
            "the stream's reader took \(bytes) bytes in \(milliseconds) ms"
        case .cancelled: "cancelled by the client"
        case .conflict(let expected, let active): "version \(active) is active, not \(expected)"
        case .noPreviousVersion(let name, let serving, let onDisk):
            Self.describe(noPreviousOf: name, serving: serving, onDisk: onDisk)
        case .internalError(let reference):
            "internal error \(String(reference, radix: 16)), see the server's log"
        case .modelCorrupt(let version, let reason): "version \(version) was refused: \(reason)"
        }
    }
}

extension RequestFailure {
    /// Greatest number of versions in a message. It names the newest.
    private static let versionsNamedMax = 10

    private static func describe(gone requested: UInt64, serving: UInt64, onDisk: [UInt64]) -> String {
        let serves = serving == 0 ? "no version serves" : "version \(serving) serves"
        if onDisk.contains(requested) {
            return "version \(requested) is on disk but not loaded; \(serves): "
                + "begin pages again, or activate version \(requested) to serve it to all requests"
        }
        return "version \(requested) is not here (\(list(onDisk))); \(serves)"
    }

    private static func describe(noPreviousOf name: ModelName, serving: UInt64, onDisk: [UInt64]) -> String {
        let start = "model '\(name)' has no previous version: "
        guard let older = onDisk.last(where: { $0 < serving }) else {
            return start + "activate one by its number (\(list(onDisk)))"
        }
        return start + "the next older one is version \(older): activate it (\(list(onDisk)))"
    }

    private static func list(_ versions: [UInt64]) -> String {
        guard !versions.isEmpty else { return "none is on disk" }
        let hidden = versions.count - min(versions.count, versionsNamedMax)
        let named = versions.dropFirst(hidden).map(String.init).joined(separator: ", ")
        return "on disk: \(named)" + (hidden == 0 ? "" : " and \(hidden) older")
    }
}

extension InvalidArgument: CustomStringConvertible {
    package var description: String {
        switch self {
        case .kIsZero: "k is 0: at least 1"
        case .noQueries: "no queries: at least 1"
        case .unknownValue(let field, let value):
            "\(field.rawValue) has the value \(value), which is not known here"
        case .vectorNotFinite(let element, let value):
            "the \(Ordinal.text(element)) element of the vector is \(value): not finite"
        case .normTooLarge(let norm): "the vector's norm is \(norm): at most 2^60"
        case .emptyBasket: "the basket is empty: at least 1 member; under fallback it gets popular items"
        case .weightNotFinite(let member, let value):
            "the weight of the \(Ordinal.text(member)) member is \(value): not finite"
        case .weightsCancel: "the basket's weights cancel: the weighted mean is the zero vector"
        case .zeroVectorUnderCosine: "the query is the zero vector, which has no cosine: ask for dot"
        case .seedsCancel: "the mean of the seeds is the zero vector, which has no cosine: ask for dot"
        case .minimumScoreNotFinite(let value): "the minimum score is \(value): not finite"
        case .numberForTextIDs(let value, let side):
            "numeric id \(value): the ids of the model's \(side) are texts"
        case .textForNumberIDs(let bytes, let side):
            "text id '\(String(decoding: bytes, as: UTF8.self))': the ids of the model's \(side) are numbers"
        case .textIDLength(let count): "a text id of \(count) bytes: 1 to 256"
        case .textIDNotUTF8: "a text id is not UTF-8"
        case .numberIDTooLarge(let value): "numeric id \(value): at most 2^63 - 1"
        case .unknownColumn(let name, _, let known, isSet: true):
            "unknown column '\(name)': it is a table of values, which results do not show"
                + NameList(inOrder: NearNames.sorted(known, near: name)).text
        case .unknownColumn(let name, let side, let known, isSet: false):
            Self.describe(unknownColumn: name, side, known)
        case .sideMissing(let side): "the model has no \(side)"
        case .modelNameMalformed: "the model's name does not match \(ModelName.rule)"
        case .sizeIsZero: "the audience's size is 0: at least 1"
        case .shareTooLarge(let value): "a share of \(value) parts per million: at most 1000000"
        case .noSeeds: "no seeds: at least 1"
        case .noCandidates: "no candidates: at least 1"
        case .windowTooLarge(let value): "a window of \(value) bytes beyond what was received"
        case .members(let failure): failure.description
        case .filter(let failure, let text, let name):
            (name.map { "\($0): " } ?? "") + failure.description(in: text)
        case .parameterName(let name, _):
            "'\(name)' is no name of a value: letters, digits and _, no digit first"
        case .parameterRepeated(let name, _): "two values for :\(name)"
        case .parameterNotANumber(let name, _): "the value of :\(name) is NaN: a number, or NULL"
        case .rule(let failure): failure.description
        case .scorer(let failure): failure.description
        case .noSeenPairs: "the version has no seen pairs: kindred pack --seen writes them"
        case .noPopularity(.items):
            "the version has no popularity: kindred pack --popularity or --seen writes it"
        case .noPopularity(.users): "users have no popularity: ask for items, or leave out unknown ids"
        case .seenWithoutUser:
            "only items that users have seen can be left out: ask for items, by user or by a blend with users"
        case .becauseWithoutItems: "a vector has no items of its own: ask by user, item, basket or clicks"
        }
    }

    private static func describe(unknownColumn name: String, _ side: Side, _ known: [String]) -> String {
        let near = NearNames.sorted(known, near: name)
        let guess = NearNames.guess(near, for: name).map { "; did you mean '\($0)'?" } ?? ""
        return "unknown column '\(name)': not in the catalog of the model's \(side)" + guess
            + NameList(inOrder: near).text
    }
}

extension MalformedBody: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated: "it ends inside its fixed part or a section"
        case .fixedLength(let value): "a fixed part of \(value) bytes is too short or no multiple of 8"
        case .tagOrder(let tag): "section \(tag) is not in strictly ascending order"
        case .sectionLength(let tag, let bytes):
            "section \(tag) has \(bytes) bytes, no whole number of elements"
        case .paddingNotZero(let tag): "the padding of section \(tag) is not zero"
        case .missingSection(let tag): "section \(tag) is missing"
        case .inconsistentSections(let tag): "section \(tag) does not agree with the rest of the body"
        case .offsets(let tag): "the offsets of section \(tag) do not ascend from 0 to the count"
        case .textNotUTF8(let tag): "section \(tag) is not UTF-8"
        case .emptyBody: "the body is empty"
        }
    }
}
