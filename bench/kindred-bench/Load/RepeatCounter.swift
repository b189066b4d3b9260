import KindredTerminal

/// Requests that the server answers, whoever asks, with answers that it has kept, from now on.
struct RepeatCounter {
    private let target: LoadTarget
    private let before: UInt64?

    init(_ target: LoadTarget) async throws {
        self.target = target
        before = try await target.repeatedCount()
    }

    /// Nil where the server does not tell.
    func count() async throws -> Int? {
        guard let before, let after = try await target.repeatedCount() else { return nil }
        return Int(truncatingIfNeeded: after &- before)
    }

    /// What a report says of a count; nothing where every answer was computed.
    static func lines(_ count: Int?) -> [String] {
        guard let count, count > 0 else { return [] }
        return ["repeated   \(count.groupedDigits) requests were answered with kept answers"]
    }
}
