import KindredDomain
import KindredQuery
import KindredTerminal

/// Runs look-alike expansions. All threads of a team work on the shared phases, as event loops would.
final class AudienceRunner {
    /// The result and the times of one expansion.
    struct Measured {
        let audience: Audience
        let rowsScanned: UInt64
        var seconds = 0.0
        var stages: [LookalikeExpansion.Stage: Double] = [:]
    }

    /// The row of the only seed, whose vector is the query.
    static let seedRow: UInt32 = 0

    private let users: FlatUsers
    private let team: ThreadTeam
    private let rule: AudienceRule
    private let scratches: Scratches

    init(users: FlatUsers, team: ThreadTeam, scan: ScanMode) {
        self.users = users
        self.team = team
        rule = AudienceRule(scan)
        scratches = Scratches(count: team.count)
    }

    /// Finds the best `count` users by inner product, including the seed.
    func run(count: Int) throws -> Measured {
        var request = LookalikeRequest(size: .count(UInt64(count)))
        request.similarity = .dot
        request.includesSeeds = true
        var expansion = try LookalikeExpansion(
            request: request, generation: users.generation, limits: .standard, rule: rule)
        try expansion.insert(.numbers([UInt64(Self.seedRow) * FlatUsers.idStep]), 0..<1)
        var stages: [LookalikeExpansion.Stage: Double] = [:]
        var stage = LookalikeExpansion.Stage.averaging
        let start = ContinuousClock.now
        var stageStart = start
        while true {
            let progress = try expansion.step()
            if let next = expansion.stage, next != stage {
                let now = ContinuousClock.now
                stages[stage, default: 0] += (now - stageStart).inSeconds
                (stage, stageStart) = (next, now)
            }
            switch progress {
            case .working: break
            case .scanning(let work):
                let scratches = scratches
                team.run { thread in scratches.work(on: work, thread: thread) }
            case .finished(let audience):
                let end = ContinuousClock.now
                stages[stage, default: 0] += (end - stageStart).inSeconds
                return Measured(
                    audience: audience, rowsScanned: expansion.rowsScanned, seconds: (end - start).inSeconds,
                    stages: stages)
            }
        }
    }
}

/// Working memory of each thread of a team.
private final class Scratches: @unchecked Sendable {
    private let all: [ScanScratch]

    init(count: Int) { all = (0..<count).map { _ in ScanScratch() } }

    func work(on work: any AudienceWork, thread: Int) { while work.work(scratch: all[thread]) {} }
}
