/// When what has changed is published again where nobody waits for it. A value.
package struct PublicationPace {
    /// 2,000 versions that are refused in a row are a few lists, not 2,000.
    private static let pauseNanoseconds: UInt64 = 50_000_000
    /// Publishing takes at most one in so many parts of the time.
    private static let share: UInt64 = 10

    /// Nanoseconds: the earliest time of the next one.
    package private(set) var next: UInt64 = 0

    package init() {}

    /// Something was published between two times.
    package mutating func published(from start: UInt64, to end: UInt64) {
        next = end &+ max(Self.pauseNanoseconds, Self.share &* (end - min(start, end)))
    }
}
