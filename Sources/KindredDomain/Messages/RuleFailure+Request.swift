extension RuleFailure {
    /// The failure of the request: LIMIT_EXCEEDED for a number beyond its limit.
    package var requestFailure: RequestFailure {
        switch self {
        case .tooManyBoosts(let count, let limit): Self.exceeded(.boosts, count, limit)
        case .tooManyCaps(let count, let limit): Self.exceeded(.caps, count, limit)
        case .poolTooLarge(let count, let limit): Self.exceeded(.pool, Int(clamping: count), limit)
        case .windowTooLarge(let end, let limit): Self.exceeded(.offsetAndK, Int(clamping: end), limit)
        default: .invalidArgument(.rule(self))
        }
    }

    private static func exceeded(_ name: LimitName, _ count: Int, _ limit: Int) -> RequestFailure {
        .limitExceeded(name, found: UInt64(clamping: count), limit: UInt64(clamping: limit))
    }
}
