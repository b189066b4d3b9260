package import KindredDomain

/// What a look-alike stream gives its reader next.
package enum StreamEvent: Sendable, Equatable {
    case rows(AudienceRows)
    case end(LookalikeSummary)
    case failed(KindredError)
}
