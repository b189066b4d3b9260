import KindredClient

/// A false answer of a server. Every frame is well-formed unless the name says otherwise.
///
/// The Python client's tests use the same names.
enum Lie: String, CaseIterable, Sendable {
    // The answer to RECOMMEND.
    case otherModel = "another model"
    case otherVersion = "another version"
    case versionZero = "version 0"
    case versionChangesBetweenFrames = "a second part of another version"
    case modelChangesBetweenFrames = "a second part of another model"
    case tooFewQueries = "a query too few"
    case tooManyQueries = "a query too many"
    case moreThanK = "more results than k"
    case fewerThanEligible = "fewer results than were eligible"
    case failedQueryWithResults = "results of a query that failed"
    case statusOfNoClass = "a status of no class"
    case scoreNotANumber = "a score that is no number"
    case scoreInfinite = "an infinite score"
    case scoresAscending = "ascending scores"
    case tiesOutOfOrder = "a tie with descending ids"
    case repeatedID = "an id twice, with another score"
    case scoresMissing = "no scores"
    case scoresMissingInSecondFrame = "a second part without scores"
    case idsOfTheOtherKind = "ids of the other kind"
    case idKindChangesBetweenFrames = "a second part with ids of the other kind"
    case excludedID = "an excluded id"
    case notACandidate = "an id that is no candidate"
    case memberOfTheQuery = "the item itself"
    case belowTheMinimum = "a score below the minimum"
    case columnMissing = "a column is missing"
    case columnTooMany = "a column too many"
    case columnTypeChangesBetweenFrames = "a second part with a column of another type"
    case framesOutOfOrder = "a second part that begins elsewhere"
    case endMissing = "END is missing"
    case endTooEarly = "END too early"
    case endlessContinuation = "parts without queries, endless"

    // SCORE and GET_VECTORS.
    case scoreCountWrong = "fewer scores than candidates"
    case candidateScoreNotANumber = "a candidate's score that is no number"
    case scoresOfOtherModel = "scores of another model"
    case vectorCountWrong = "ids too few"
    case vectorNotFinite = "a vector that is not finite"
    case vectorsOfDimensionZero = "vectors of no dimension"
    case vectorsOfOtherVersion = "vectors of another version"

    // LOOKALIKE.
    case audienceBeyondSize = "an audience of more rows than asked"
    case audienceWithoutEnd = "an audience without end"
    case audienceShorterThanEligible = "fewer rows than asked"
    case audienceGap = "rows with a gap"
    case audienceOutOfOrder = "rows that ascend"
    case audienceOutOfOrderAcrossFrames = "rows that ascend from part to part"
    case audienceTieAcrossFrames = "a tie from part to part with descending ids"
    case audienceScoreNotANumber = "a row's score that is no number"
    case audienceScoresMissing = "rows without scores"
    case audienceBelowMinimum = "a row below the minimum score"
    case audienceKindsMixed = "ids of two kinds"
    case audienceHasASeed = "a seed among the rows"
    case audienceChecksumWrong = "another checksum"
    case audienceRowsWrong = "another number of rows"
    case audienceSeedsReceivedWrong = "another number of seeds"
    case audienceSeedCountsWrong = "seeds that do not add up"
    case audienceTooManyExamples = "more examples than unmatched seeds"
    case audienceOfOtherModel = "an audience of another model"
    case audienceOfOtherVersion = "an audience of another version"
    case audienceRepeatsAUser = "a user in two parts"
    case audienceOfNoSeed = "an audience of no seed"
    case audienceExampleNotSent = "an unmatched seed that was not sent"
    case audienceBeyondShare = "more rows than the share"
    case audienceOverrunsWindow = "rows beyond the window"
    case audienceEndlessEmptyData = "DATA without rows, endless"
    case audienceSlowEmptyData = "DATA without rows, now and then"
    case audienceStalls = "rows that stop coming"
    case audienceSlowRows = "rows one by one, slowly"
    case audienceSlowBytes = "rows byte by byte"
    case audienceSeedsNotRead = "a server that does not read"
    case audienceDataWithEnd = "DATA with END"

    // The others.
    case pongOfAnotherPing = "a pong of another ping"
    case modelNamesRepeated = "a model twice"
    case modelCountWrong = "another number of models"
    case twoDefaultModels = "two default models"
    case statsNamesRepeated = "a counter twice"
    case healthServesNothing = "serving without a model"
    case activatedAnother = "another version became active"
    case activatedUnpinned = "another version was pinned"
    case rolledBackToNone = "a rollback to nothing"

    // Frames.
    case otherType = "a reply of another type"
    case otherRequestID = "a reply to a request never made"
    case twoReplies = "two replies"
    case unknownType = "a frame of a type that nobody knows"
    case headerChecksumWrong = "another CRC"
    case bodyTooLarge = "a body of two gigabytes"
    case lengthUneven = "a body of 9 bytes"
    case bodyTruncated = "the server closes in the middle of a frame"
    case bodyEndsEarly = "a section that is longer than the body"
    case silence = "silence"
    case slowReply = "a byte now and then"
    case errorWithoutEnd = "an error without END"
    case errorOfNoClass = "an error of no class"
    case goAwayFlood = "GOAWAY without end"
    case pongFlood = "pongs without end"
    case oldIDFlood = "frames of an old request without end"
    case windowFromServer = "WINDOW of a server"
    case goAwayForARequest = "GOAWAY of a request"
    case goAwayWithOK = "GOAWAY with the status OK"
    case goAwayThenSilence = "GOAWAY, then silence"

    // The opening.
    case otherProtocol = "another magic"
    case prefaceNeverEnds = "half a preface"
    case slowPreface = "a preface byte by byte"
    case prefaceRefusesForEver = "a preface that refuses for 49 days"
    case helloNeverComes = "silence instead of HELLO"
    case helloTwice = "HELLO twice"
    case helloOfOtherID = "HELLO of another request"
    case helloOtherMinor = "HELLO of a later version"
    case helloFeatures = "HELLO with features nobody wanted"
    case helloTooLarge = "HELLO of more than 16 KiB"
    case helloRaisesBodies = "HELLO that raises body_bytes_max, and a body that uses it"
    case helloWithoutRequests = "HELLO that allows no request"
    case helloWithoutBodies = "HELLO that allows no body"
    case helloWithoutTimeout = "HELLO that allows no time"
    case helloWithoutRows = "HELLO that allows no rows"
    case helloWithoutWindow = "HELLO that allows no window"

    /// The names of the errors that the lie may cause.
    var errors: Set<String> {
        switch self {
        case .endMissing, .silence, .slowReply, .audienceStalls, .audienceSlowRows, .audienceWithoutEnd,
            .audienceSlowBytes,
            .audienceSeedsNotRead, .goAwayThenSilence:
            ["DEADLINE_EXCEEDED"]
        case .audienceSlowEmptyData: ["DEADLINE_EXCEEDED", "PROTOCOL_ERROR"]
        case .bodyTruncated, .goAwayWithOK: ["CONNECTION_LOST"]
        // The deadline of the call may come first.
        case .prefaceNeverEnds, .slowPreface, .helloNeverComes: ["CONNECTION_LOST", "DEADLINE_EXCEEDED"]
        case .prefaceRefusesForEver: ["OVERLOADED"]
        default: ["PROTOCOL_ERROR"]
        }
    }

    /// The call that this lie answers.
    var call: HostileCall {
        switch self {
        case .versionChangesBetweenFrames, .modelChangesBetweenFrames, .scoresMissingInSecondFrame,
            .idKindChangesBetweenFrames, .columnTypeChangesBetweenFrames, .framesOutOfOrder, .endMissing,
            .endTooEarly, .endlessContinuation, .tooFewQueries, .tooManyQueries,
            .fewerThanEligible:
            .recommendBatch
        case .scoreCountWrong, .candidateScoreNotANumber, .scoresOfOtherModel: .score
        case .vectorCountWrong, .vectorNotFinite, .vectorsOfDimensionZero, .vectorsOfOtherVersion: .vectors
        case .audienceBelowMinimum, .audienceWithoutEnd: .audienceByScore
        case .audienceSeedsNotRead: .audienceOfManySeeds
        case .modelNamesRepeated, .modelCountWrong, .twoDefaultModels: .models
        case .statsNamesRepeated, .slowReply, .bodyTruncated, .bodyEndsEarly: .stats
        case .healthServesNothing, .errorWithoutEnd, .errorOfNoClass: .health
        case .activatedAnother, .activatedUnpinned: .activate
        case .rolledBackToNone: .rollback
        case .pongOfAnotherPing, .otherType, .otherRequestID, .unknownType, .headerChecksumWrong,
            .bodyTooLarge, .lengthUneven, .silence, .goAwayFlood, .pongFlood, .oldIDFlood, .windowFromServer,
            .goAwayForARequest, .goAwayWithOK, .goAwayThenSilence:
            .ping
        case .twoReplies: .pingTwice
        case .helloWithoutRows, .helloWithoutWindow: .audience
        case .otherProtocol, .prefaceNeverEnds, .slowPreface, .prefaceRefusesForEver, .helloNeverComes,
            .helloTwice,
            .helloOfOtherID, .helloOtherMinor, .helloFeatures, .helloTooLarge, .helloRaisesBodies,
            .helloWithoutRequests, .helloWithoutBodies, .helloWithoutTimeout:
            .ping
        case .audienceBeyondShare: .audienceByShare
        case _ where "\(self)".hasPrefix("audience"): .audience
        default: .recommend
        }
    }
}
