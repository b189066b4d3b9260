/// Sends one small request after another beside an audience.
struct Bystander: Sendable {
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
            } catch {
                tally.fail(error)
            }
            number += 1
        }
        return tally
    }
}
