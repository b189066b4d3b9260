import KindredDomain

/// The body of every reply whose status is not OK.
package struct ErrorReply: Sendable, Equatable {
    /// `StatusCode`'s number; a newer server may send others.
    package var status: UInt16
    /// What a client may do.
    package var flags: StatusFlags
    /// `DetailCode`'s number.
    package var detail: UInt16
    /// Wait before the next attempt; 0: none.
    package var retryAfterMilliseconds: UInt32
    /// The number of this failure in the server's log; 0: none.
    package var reference: UInt64
    /// The offending value, where it is a number.
    package var value: UInt64
    /// The greatest or least allowed value, where it is a number.
    package var limit: UInt64
    /// For people. Cut to `Limits.messageBytesMax` bytes on the wire.
    package var message: String

    package init(
        status: UInt16, flags: StatusFlags, detail: UInt16 = 0, retryAfterMilliseconds: UInt32 = 0,
        reference: UInt64 = 0, value: UInt64 = 0, limit: UInt64 = 0, message: String
    ) {
        self.status = status
        self.flags = flags
        self.detail = detail
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.reference = reference
        self.value = value
        self.limit = limit
        self.message = message
    }

    /// The error reply of a failure.
    package init(_ failure: RequestFailure) {
        let numbers = failure.wireNumbers
        self.init(
            status: failure.status.rawValue, flags: failure.status.flags, detail: failure.detail.rawValue,
            retryAfterMilliseconds: failure.retryAfterMilliseconds, reference: failure.reference,
            value: numbers.value, limit: numbers.limit, message: failure.description)
    }

    private static let fixedLength = 40

    init(decoding body: RawSpan, status: UInt16, flags: StatusFlags) throws(RequestFailure) {
        let message = try MessageSection.decode(body, fixedLengthMin: Self.fixedLength)
        self.init(
            status: status, flags: flags, detail: body.integer(at: 2, as: UInt16.self),
            retryAfterMilliseconds: body.integer(at: 4, as: UInt32.self),
            reference: body.integer(at: 8, as: UInt64.self), value: body.integer(at: 16, as: UInt64.self),
            limit: body.integer(at: 24, as: UInt64.self), message: message)
    }

    func encode(into writer: inout ByteWriter) {
        let fixed = writer.beginBody(fixedLength: Self.fixedLength)
        writer.store(detail, at: fixed + 2)
        writer.store(retryAfterMilliseconds, at: fixed + 4)
        writer.store(reference, at: fixed + 8)
        writer.store(value, at: fixed + 16)
        writer.store(limit, at: fixed + 24)
        MessageSection.append(message, into: &writer)
    }
}

extension RequestFailure {
    fileprivate var retryAfterMilliseconds: UInt32 {
        switch self {
        case .overloaded(let milliseconds): milliseconds
        case .draining, .noModelReady, .defaultModelNotReady: Limits.retryMilliseconds
        default: 0
        }
    }

    fileprivate var reference: UInt64 {
        if case .internalError(let reference) = self { reference } else { 0 }
    }

    /// The offending value and the allowed one, where they are numbers; else 0.
    var wireNumbers: (value: UInt64, limit: UInt64) {
        switch self {
        case .invalidArgument(let argument): argument.wireNumbers
        case .unknownID(.number(let id), _): (id, 0)
        case .noKnownCandidate(let count, _, _): (UInt64(clamping: count), 0)
        case .noKnownSeed(let count, _): (count, 0)
        case .dimensionMismatch(let found, let expected): (found, expected)
        case .limitExceeded(_, let found, let limit): (found, limit)
        case .unsupportedType(let type): (UInt64(widening: type), 0)
        case .unsupportedTag(let tag): (UInt64(widening: tag), 0)
        case .unsupportedEncoding(let tag, _): (UInt64(widening: tag), 0)
        case .duplicateRequestID(let id): (id, 0)
        case .versionGone(let requested, let serving, _): (requested, serving)
        case .malformedBody(let body): (body.wireValue, 0)
        case .deadlineExceeded(let milliseconds): (UInt64(widening: milliseconds), 0)
        case .slowConsumer(let bytes, _): (bytes, 0)
        case .conflict(let expected, let active): (active, expected)
        case .modelCorrupt(let version, _): (version, 0)
        case .unknownID(.text, _), .unknownModel, .overloaded, .noModelReady, .defaultModelNotReady,
            .draining, .cancelled, .noPreviousVersion, .internalError:
            (0, 0)
        }
    }
}

extension InvalidArgument {
    fileprivate var wireNumbers: (value: UInt64, limit: UInt64) {
        switch self {
        case .kIsZero, .noQueries, .emptyBasket, .sizeIsZero, .noSeeds, .noCandidates: (0, 1)
        case .unknownValue(_, let value): (value, 0)
        case .vectorNotFinite(let index, _), .weightNotFinite(let index, _): (UInt64(clamping: index), 0)
        case .normTooLarge(let norm):
            (UInt64(exactly: norm.rounded(.down)) ?? .max, UInt64(exactly: Limits.normMax) ?? .max)
        case .numberForTextIDs(let id, _): (id, 0)
        case .textIDLength(let count): (UInt64(clamping: count), UInt64(widening: Limits.standard.idBytesMax))
        case .numberIDTooLarge(let id): (id, Limits.numberIDMax)
        case .sideMissing(let side): (UInt64(widening: side.rawValue), 0)
        case .shareTooLarge(let share): (share, Limits.shareMax)
        case .windowTooLarge(let bytes): (bytes, Limits.standard.windowBytesMax)
        case .filter(let failure, _, _): (UInt64(clamping: failure.position), 0)
        case .parameterName(_, let index), .parameterRepeated(_, let index),
            .parameterNotANumber(_, let index):
            (UInt64(clamping: index), 0)
        case .rule(let failure): failure.wireNumbers
        case .scorer(let failure): failure.wireNumbers
        case .members(let failure): failure.wireNumbers
        case .weightsCancel, .zeroVectorUnderCosine, .seedsCancel, .minimumScoreNotFinite, .textForNumberIDs,
            .textIDNotUTF8, .unknownColumn, .modelNameMalformed, .noSeenPairs, .noPopularity,
            .seenWithoutUser,
            .becauseWithoutItems:
            (0, 0)
        }
    }
}

extension MembersFailure {
    fileprivate var wireNumbers: (value: UInt64, limit: UInt64) {
        switch self {
        case .emptyBlend, .emptyFoldIn: (0, 1)
        case .blendWeightNotFinite(.user(let index), _), .blendWeightNotFinite(.item(let index), _),
            .blendWeightNotFinite(.vector(let index), _), .foldInWeight(let index, _),
            .blendVectorNotFinite(_, let index, _), .foldInUnsolvable(let index):
            (UInt64(clamping: index), 0)
        case .blendNormTooLarge(_, let norm):
            (UInt64(exactly: norm.rounded(.down)) ?? .max, UInt64(exactly: Limits.normMax) ?? .max)
        case .blendCancels, .foldInCancels, .foldInNotOffered: (0, 0)
        }
    }
}

extension ScorerFailure {
    fileprivate var wireNumbers: (value: UInt64, limit: UInt64) {
        switch self {
        case .seedWeight(let seed, _): (UInt64(clamping: seed), 0)
        case .unsolvable(_, let equation): (UInt64(clamping: equation), 0)
        case .normTooLarge(_, let norm):
            (UInt64(exactly: norm.rounded(.down)) ?? .max, UInt64(exactly: Limits.normMax) ?? .max)
        case .foldInNotOffered, .noPositiveSeed, .noOtherUsers, .noVariation, .noDirection: (0, 0)
        }
    }
}

extension RuleFailure {
    fileprivate var wireNumbers: (value: UInt64, limit: UInt64) {
        switch self {
        case .boostNotFinite(let index, _), .factorNotPositive(let index, _): (UInt64(clamping: index), 0)
        case .capIsZero(let index): (UInt64(clamping: index), 1)
        case .diversityOutOfRange: (0, 1)
        case .poolTooSmall(let pool, let end): (UInt64(clamping: pool), UInt64(clamping: end))
        case .boostsOverflow: (0, 0)
        case .tooManyBoosts(let count, let limit), .tooManyCaps(let count, let limit):
            (UInt64(clamping: count), UInt64(clamping: limit))
        case .poolTooLarge(let count, let limit), .windowTooLarge(let count, let limit):
            (count, UInt64(clamping: limit))
        }
    }
}

extension MalformedBody {
    /// The wrong tag or length.
    fileprivate var wireValue: UInt64 {
        switch self {
        case .truncated, .emptyBody: 0
        case .fixedLength(let length): UInt64(widening: length)
        case .tagOrder(let tag), .sectionLength(let tag, _), .paddingNotZero(let tag),
            .missingSection(let tag),
            .inconsistentSections(let tag), .offsets(let tag), .textNotUTF8(let tag):
            UInt64(widening: tag)
        }
    }
}
