import Synchronization

/// How far the audience is, for those who measure beside it.
final class StreamPhase: Sendable {
    enum Stage: Int, CaseIterable, Sendable {
        /// Nothing but the measuring itself.
        case idle
        /// From the request until the first rows.
        case scan
        /// Rows on their way.
        case rows
        case over
    }

    private let stage = Atomic<Int>(Stage.idle.rawValue)

    var now: Stage {
        get { Stage(rawValue: stage.load(ordering: .relaxed)) ?? .over }
        set { stage.store(newValue.rawValue, ordering: .relaxed) }
    }
}
