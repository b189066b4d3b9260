import KindredDomain

/// A planned request: its queries that can be scanned, and what becomes of the others.
///
/// An object, because scan and answer both hold it: as a value, each would count references to all of its members.
package final class RecommendPlan: Sendable {
    /// A query of the request that is not scanned.
    package struct Other: Sendable {
        package enum Kind: Sendable {
            case failure(RequestFailure)
            /// Nothing of it is known, and it has no rows.
            case empty
            /// Nothing of it is known. The most popular of these rows are its answer.
            case popular(Eligibility)
        }

        /// Its number in the request.
        package let query: Int
        package let kind: Kind
    }

    package let generation: Generation
    package let target: Side
    /// The side of the generation that the target names.
    package let side: GenerationSide
    /// In the order of the request, without the others.
    package let queries: [PlannedQuery]
    /// In the order of the request.
    package let others: [Other]
    /// What happens to the rows that the scans find.
    package let rank: RankStage
    package let wantsScores: Bool
    package let columns: [CatalogColumn]
    /// The unknown ids of each query of the request; nil under the strict policy.
    package let unknownCounts: [UInt32]?
    /// For each of `queries` the items that results may be near to; nil where the request does not ask.
    package let ownItems: [OwnItems]?

    init(
        generation: Generation, target: Side, side: GenerationSide, queries: [PlannedQuery], others: [Other],
        rank: RankStage, wantsScores: Bool, columns: [CatalogColumn], unknownCounts: [UInt32]? = nil,
        ownItems: [OwnItems]? = nil
    ) {
        self.generation = generation
        self.target = target
        self.side = side
        self.queries = queries
        self.others = others
        self.rank = rank
        self.wantsScores = wantsScores
        self.columns = columns
        self.unknownCounts = unknownCounts
        self.ownItems = ownItems
    }

    /// A plan of those queries alone that a fetch of the rank stage scans.
    package func further(_ fetch: RequestRanking.Fetch) -> RecommendPlan {
        RecommendPlan(
            generation: generation, target: target, side: side, queries: fetch.queries, others: [],
            rank: rank, wantsScores: wantsScores, columns: columns)
    }

    /// Whether the answer needs a rank stage: rules that re-order rows, or popular rows.
    package var needsRanking: Bool {
        !rank.isPlain
            || others.contains { other in
                if case .popular = other.kind { true } else { false }
            }
    }

    /// Queries that have failed.
    package var failureCount: Int {
        others.count { other in
            if case .failure = other.kind { true } else { false }
        }
    }

    /// Rows that the scans of all queries find, at most.
    package var foundCountMax: Int {
        queries.reduce(0) { $0 + min($1.fetchCount, side.table.count) }
    }

    /// Queries of the request.
    package var queryCount: Int { queries.count + others.count }
}
