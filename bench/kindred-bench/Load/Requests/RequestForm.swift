import KindredDomain

/// A request's kind with its sizes.
enum RequestForm: Equatable, Sendable {
    case ping
    case user
    case item
    case basket(members: Int)
    /// Numbers of excluded ids and of candidates; one of the two may be 0.
    case filtered(excluded: Int, candidates: Int)
    case batch(size: Int)
    case lookalike(seeds: Int, size: AudienceSize)
    case ruled(RuleForm)

    var kind: RequestKind {
        switch self {
        case .ping: .ping
        case .user: .user
        case .item: .item
        case .basket: .basket
        case .filtered: .filtered
        case .batch: .batch
        case .lookalike: .lookalike
        case .ruled(let form): form.kind
        }
    }

    /// The sides whose ids the request contains.
    var sides: [Side] {
        switch self {
        case .ping: []
        case .user, .batch, .lookalike: [.users]
        case .item, .basket: [.items]
        case .filtered: [.users, .items]
        case .ruled(let form): form.sides
        }
    }

    /// Number of queries of a request.
    var queryCount: Int {
        switch self {
        case .batch(let size): size
        case .ruled(let form): form.queryCount
        case .ping, .user, .item, .basket, .filtered, .lookalike: 1
        }
    }

    /// The form as text.
    var text: String {
        switch self {
        case .ping, .user, .item: kind.rawValue
        case .basket(let members): "basket of \(members)"
        case .filtered(let excluded, let candidates):
            "filtered (\(excluded) excluded, \(candidates) candidates)"
        case .batch(let size): "batch of \(size)"
        case .lookalike(let seeds, .share(let partsPerMillion)):
            "look-alike (\(seeds) seeds, \(Double(partsPerMillion) / 10_000) % of all users)"
        case .lookalike(let seeds, .count(let count)): "look-alike (\(seeds) seeds, \(count) users)"
        case .ruled(let form): form.text
        case .lookalike(let seeds, .minimumScore(let score)): "look-alike (\(seeds) seeds, score >= \(score))"
        }
    }
}
