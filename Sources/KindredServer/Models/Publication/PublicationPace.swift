/// Decides when changes that no request waits for are published. A value.
package struct PublicationPace {
    /// A pause, so that many refused versions in a row are published in a few lists.
    private static let pauseNanoseconds: UInt64 = 50_000_000
    /// Publishing takes at most one in so many nanoseconds.
    private static let share: UInt64 = 10

    /// Something has changed since it was published last.
    private var hasNews = false
    /// Nanoseconds: the earliest time of the next publication.
    private var earliest: UInt64 = 0

    package init() {}

    /// Something may have changed.
    package mutating func note() { hasNews = true }

    /// When to publish, in nanoseconds; nil where nothing has changed.
    package var dueAt: UInt64? { hasNews ? earliest : nil }

    /// Everything was published, between two times.
    package mutating func published(from start: UInt64, to end: UInt64) {
        hasNews = false
        earliest = end &+ max(Self.pauseNanoseconds, Self.share &* (end - min(start, end)))
    }
}
