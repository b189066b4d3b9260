import KindredDomain
import KindredKernels
import KindredQuery

/// All users ranked by brute force: canonical scores of all rows, sorted as integers.
struct BruteForceRanking {
    private let keys: [UInt64]

    /// Ranks the users for the vector of `AudienceRunner.seedRow`, by inner product.
    init(_ users: FlatUsers) {
        let table = users.table
        let query = table.vector(ofRow: AudienceRunner.seedRow)
        var keys = (0..<table.count).map { row in
            let row = UInt32(row)
            let sum = Canonical.sum(query, table.vector(ofRow: row), count: table.dimension)
            return RankingKey(score: Canonical.score(sum: sum), row: row).rawValue
        }
        keys.sort()
        self.keys = keys
        withExtendedLifetime(users) {}
    }

    /// Number of audience rows with a wrong place, id or score.
    func mismatches(_ audience: Audience) -> Int {
        guard case .numbers(let memory) = audience.ids else { return audience.count }
        let ids = memory.bytes.bindMemory(to: UInt64.self)
        let scores = audience.scores
        var count = 0
        for position in 0..<audience.count {
            let key = RankingKey(rawValue: keys[position])
            let isRight =
                ids[position] == UInt64(key.row) * FlatUsers.idStep
                && scores[position].bitPattern == key.score.bitPattern
            if !isRight { count += 1 }
        }
        withExtendedLifetime(audience) {}
        return count
    }
}
