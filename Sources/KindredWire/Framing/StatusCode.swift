import KindredDomain

/// The outcome of a request or of a connection. The high byte is its class.
///
/// This file alone has the numbers of statuses, details and status flags.
package enum StatusCode: UInt16, Sendable, CaseIterable {
    case ok = 0x0000
    // The caller's mistake.
    case invalidArgument = 0x0101
    case unknownModel = 0x0102
    case unknownID = 0x0103
    case dimensionMismatch = 0x0104
    case limitExceeded = 0x0105
    case unsupportedType = 0x0106
    case unsupportedTag = 0x0107
    case unsupportedEncoding = 0x0108
    case duplicateRequestID = 0x0109
    case versionGone = 0x010A
    case malformedBody = 0x010B
    // The caller's identity.
    case unauthenticated = 0x0201
    case permissionDenied = 0x0202
    // The server's capacity.
    case overloaded = 0x0301
    case rateLimited = 0x0302
    case deadlineExceeded = 0x0303
    case noModelReady = 0x0304
    case draining = 0x0305
    case slowConsumer = 0x0306
    // The state of the request or the model.
    case cancelled = 0x0401
    case conflict = 0x0402
    // The server's fault.
    case internalError = 0x0501
    case modelCorrupt = 0x0502
    // The protocol; ends the connection.
    case badMagic = 0x0601
    case badHeaderCRC = 0x0602
    case frameTooLarge = 0x0604
    case badLength = 0x0605
    case unexpectedFrame = 0x0606
    case flowControl = 0x0607
    case handshakeTimeout = 0x0608
    case idleTimeout = 0x0609
    case excessiveControl = 0x060A
    case unsupportedFlag = 0x060B
    case slowPeer = 0x060C

    /// The name in the specification, in logs and in metrics.
    package var name: String {
        switch self {
        case .ok: "OK"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .unknownModel: "UNKNOWN_MODEL"
        case .unknownID: "UNKNOWN_ID"
        case .dimensionMismatch: "DIMENSION_MISMATCH"
        case .limitExceeded: "LIMIT_EXCEEDED"
        case .unsupportedType: "UNSUPPORTED_TYPE"
        case .unsupportedTag: "UNSUPPORTED_TAG"
        case .unsupportedEncoding: "UNSUPPORTED_ENCODING"
        case .duplicateRequestID: "DUPLICATE_REQUEST_ID"
        case .versionGone: "VERSION_GONE"
        case .malformedBody: "MALFORMED_BODY"
        case .unauthenticated: "UNAUTHENTICATED"
        case .permissionDenied: "PERMISSION_DENIED"
        case .overloaded: "OVERLOADED"
        case .rateLimited: "RATE_LIMITED"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .noModelReady: "NO_MODEL_READY"
        case .draining: "DRAINING"
        case .slowConsumer: "SLOW_CONSUMER"
        case .cancelled: "CANCELLED"
        case .conflict: "CONFLICT"
        case .internalError: "INTERNAL"
        case .modelCorrupt: "MODEL_CORRUPT"
        case .badMagic: "BAD_MAGIC"
        case .badHeaderCRC: "BAD_HEADER_CRC"
        case .frameTooLarge: "FRAME_TOO_LARGE"
        case .badLength: "BAD_LENGTH"
        case .unexpectedFrame: "UNEXPECTED_FRAME"
        case .flowControl: "FLOW_CONTROL"
        case .handshakeTimeout: "HANDSHAKE_TIMEOUT"
        case .idleTimeout: "IDLE_TIMEOUT"
        case .excessiveControl: "EXCESSIVE_CONTROL"
        case .unsupportedFlag: "UNSUPPORTED_FLAG"
        case .slowPeer: "SLOW_PEER"
        }
    }

    /// What a client may do. Clients act on these flags, never on the code.
    package var flags: StatusFlags {
        switch self {
        case .overloaded, .rateLimited: [.retryable, .notProcessed]
        case .noModelReady, .draining: [.retryable, .notProcessed, .retryElsewhere]
        case .deadlineExceeded, .internalError: .retryable
        case .handshakeTimeout, .idleTimeout, .slowPeer: [.connectionClosing, .retryable]
        case .badMagic, .badHeaderCRC, .frameTooLarge, .badLength, .unexpectedFrame, .flowControl,
            .excessiveControl, .unsupportedFlag:
            .connectionClosing
        case .ok, .invalidArgument, .unknownModel, .unknownID, .dimensionMismatch, .limitExceeded,
            .unsupportedType, .unsupportedTag, .unsupportedEncoding, .duplicateRequestID, .versionGone,
            .malformedBody, .unauthenticated, .permissionDenied, .slowConsumer, .cancelled, .conflict,
            .modelCorrupt:
            []
        }
    }
}

/// What a client may do about a status.
package struct StatusFlags: OptionSet, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The same request may succeed later.
    package static let retryable = StatusFlags(rawValue: 1)
    /// The request changed nothing and may be sent again whatever it asked for.
    package static let notProcessed = StatusFlags(rawValue: 2)
    /// Another server may answer it now.
    package static let retryElsewhere = StatusFlags(rawValue: 4)
    /// The connection closes after this frame.
    package static let connectionClosing = StatusFlags(rawValue: 8)
}

/// The reason within a status.
package enum DetailCode: UInt16, Sendable, CaseIterable {
    case none = 0
    case kIsZero = 1
    case noQueries = 2
    case unknownValue = 3
    case vectorNotFinite = 4
    case normTooLarge = 5
    case emptyBasket = 6
    case weightNotFinite = 7
    case weightsCancel = 8
    case zeroVectorUnderCosine = 9
    case seedsCancel = 10
    case minScoreNotFinite = 11
    case numberForTextIDs = 12
    case textForNumberIDs = 13
    case textIDLength = 14
    case textIDNotUTF8 = 15
    case numberIDTooLarge = 16
    case unknownColumn = 17
    case sideMissing = 18
    case modelNameMalformed = 19
    case sizeIsZero = 20
    case shareTooLarge = 21
    case noSeeds = 22
    case noCandidates = 23
    case windowTooLarge = 24
    case noKnownCandidate = 25
    case noKnownSeed = 26
    case noPreviousVersion = 27
    case versionOnDisk = 28
    case filterSyntax = 29
    case filterUnsupported = 30
    case filterColumn = 31
    case filterSet = 32
    case filterSeed = 33
    case filterIncomparable = 34
    case parameterMissing = 35
    case parameterUnused = 36
    case parameterRepeated = 37
    case parameterName = 38
    case parameterNotANumber = 39
    case boostValue = 40
    case boostedScore = 41
    case capIsZero = 42
    case diversityRange = 43
    case poolTooSmall = 44
    case noSeenPairs = 45
    case noPopularity = 46
    case noFoldIn = 47
    case seenWithoutUser = 48
    case becauseWithoutItems = 49
    case foldInWeight = 50
    case foldInUnsolvable = 51
}

extension RequestFailure {
    /// The status code on the wire.
    package var status: StatusCode {
        switch self {
        case .invalidArgument: .invalidArgument
        case .unknownModel: .unknownModel
        case .unknownID, .noKnownCandidate, .noKnownSeed: .unknownID
        case .dimensionMismatch: .dimensionMismatch
        case .limitExceeded: .limitExceeded
        case .unsupportedType: .unsupportedType
        case .unsupportedTag: .unsupportedTag
        case .unsupportedEncoding: .unsupportedEncoding
        case .duplicateRequestID: .duplicateRequestID
        case .versionGone: .versionGone
        case .malformedBody: .malformedBody
        case .overloaded: .overloaded
        case .deadlineExceeded: .deadlineExceeded
        case .noModelReady, .defaultModelNotReady: .noModelReady
        case .draining: .draining
        case .slowConsumer: .slowConsumer
        case .cancelled: .cancelled
        case .conflict, .noPreviousVersion: .conflict
        case .internalError: .internalError
        case .modelCorrupt: .modelCorrupt
        }
    }

    /// The reason within the status.
    package var detail: DetailCode {
        switch self {
        case .invalidArgument(let argument): argument.detail
        case .noKnownCandidate: .noKnownCandidate
        case .noKnownSeed: .noKnownSeed
        case .noPreviousVersion: .noPreviousVersion
        case .versionGone(let requested, _, let onDisk) where onDisk.contains(requested): .versionOnDisk
        case .unknownModel, .unknownID, .dimensionMismatch, .limitExceeded, .unsupportedType, .unsupportedTag,
            .unsupportedEncoding, .duplicateRequestID, .versionGone, .malformedBody, .overloaded,
            .deadlineExceeded, .noModelReady, .defaultModelNotReady, .draining, .slowConsumer, .cancelled,
            .conflict, .internalError, .modelCorrupt:
            .none
        }
    }
}

extension InvalidArgument {
    /// The number of the reason.
    package var detail: DetailCode {
        switch self {
        case .kIsZero: .kIsZero
        case .noQueries: .noQueries
        case .unknownValue: .unknownValue
        case .vectorNotFinite: .vectorNotFinite
        case .normTooLarge: .normTooLarge
        case .emptyBasket: .emptyBasket
        case .weightNotFinite: .weightNotFinite
        case .weightsCancel: .weightsCancel
        case .zeroVectorUnderCosine: .zeroVectorUnderCosine
        case .seedsCancel: .seedsCancel
        case .minimumScoreNotFinite: .minScoreNotFinite
        case .numberForTextIDs: .numberForTextIDs
        case .textForNumberIDs: .textForNumberIDs
        case .textIDLength: .textIDLength
        case .textIDNotUTF8: .textIDNotUTF8
        case .numberIDTooLarge: .numberIDTooLarge
        case .unknownColumn: .unknownColumn
        case .sideMissing: .sideMissing
        case .modelNameMalformed: .modelNameMalformed
        case .sizeIsZero: .sizeIsZero
        case .shareTooLarge: .shareTooLarge
        case .noSeeds: .noSeeds
        case .noCandidates: .noCandidates
        case .windowTooLarge: .windowTooLarge
        case .members(let failure): failure.detail
        case .filter(let failure, _, _): failure.detail
        case .parameterName: .parameterName
        case .parameterRepeated: .parameterRepeated
        case .parameterNotANumber: .parameterNotANumber
        case .rule(let failure): failure.detail
        case .scorer(let failure): failure.detail
        case .noSeenPairs: .noSeenPairs
        case .noPopularity: .noPopularity
        case .seenWithoutUser: .seenWithoutUser
        case .becauseWithoutItems: .becauseWithoutItems
        }
    }
}

extension MembersFailure {
    /// The number of the reason.
    package var detail: DetailCode {
        switch self {
        case .emptyBlend, .emptyFoldIn: .emptyBasket
        case .blendWeightNotFinite: .weightNotFinite
        case .blendVectorNotFinite: .vectorNotFinite
        case .blendNormTooLarge: .normTooLarge
        case .blendCancels, .foldInCancels: .weightsCancel
        case .foldInNotOffered: .noFoldIn
        case .foldInWeight: .foldInWeight
        case .foldInUnsolvable: .foldInUnsolvable
        }
    }
}

extension ScorerFailure {
    /// The number of the reason.
    package var detail: DetailCode {
        switch self {
        case .seedWeight: .weightNotFinite
        case .foldInNotOffered: .noFoldIn
        case .noDirection: .seedsCancel
        case .normTooLarge: .normTooLarge
        case .noPositiveSeed, .noOtherUsers, .noVariation, .unsolvable: .none
        }
    }
}

extension RuleFailure {
    /// The number of the reason. A rule beyond a limit is LIMIT_EXCEEDED, which has no detail.
    package var detail: DetailCode {
        switch self {
        case .boostNotFinite, .factorNotPositive: .boostValue
        case .boostsOverflow: .boostedScore
        case .capIsZero: .capIsZero
        case .diversityOutOfRange: .diversityRange
        case .poolTooSmall: .poolTooSmall
        case .tooManyBoosts, .tooManyCaps, .poolTooLarge, .windowTooLarge: .none
        }
    }
}

extension FilterFailure {
    /// The number of the reason. A filter beyond a limit is LIMIT_EXCEEDED, which has no detail.
    package var detail: DetailCode {
        switch reason {
        case .syntax, .empty: .filterSyntax
        case .unsupported: .filterUnsupported
        case .unknownColumn, .setAsColumn, .noCatalog: .filterColumn
        case .seedWithoutRow: .filterSeed
        case .unknownSet, .columnAsSet: .filterSet
        case .incomparableColumn, .incomparableCap: .filterIncomparable
        case .missingValue: .parameterMissing
        case .unusedValue, .valueWithoutFilter: .parameterUnused
        case .repeatedValue: .parameterRepeated
        case .tooLong, .tooManyNodes, .tooDeep, .tooManyValues: .none
        }
    }
}
