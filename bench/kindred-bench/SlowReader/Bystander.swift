/// Sends one small request after another beside an audience.
struct Bystander: Sendable {
    /// Between an answer and the next request: what asks without any pause takes the processors that the server
    /// needs, where both share them.
    private static let pause = Duration.milliseconds(1)

    let phase: StreamPhase
    let request: @Sendable (_ number: Int) async throws -> Void

    /// Runs until the phase is `over`.
    func run() async -> BystanderTally {
        var tally = BystanderTally()
        var number = 0
        while phase.now != .over, tally.goesOn {
            let begun = phase.now
            let start = ContinuousClock.now
            do {
                try await request(number)
                tally.add(ContinuousClock.now - start, begun: begun, ended: phase.now)
                try await Task.sleep(for: Self.pause)
            } catch {
                tally.fail(error)
            }
            number += 1
        }
        return tally
    }
}
