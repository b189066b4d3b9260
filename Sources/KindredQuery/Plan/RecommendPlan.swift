import KindredDomain

/// A planned request: its queries that can be scanned, and the failures of the others.
///
/// An object, because scan and answer both hold it: as a value, each would count references to all of its members.
package final class RecommendPlan: Sendable {
    /// A query of the request that has no plan.
    package struct Failure: Sendable {
        /// Its number in the request.
        package let query: Int
        package let reason: RequestFailure
    }

    package let generation: Generation
    package let target: Side
    /// The side of the generation that the target names.
    package let side: GenerationSide
    /// In the order of the request, without the failed ones.
    package let queries: [PlannedQuery]
    /// In the order of the request.
    package let failures: [Failure]
    /// What happens to the rows that the scans find.
    package let rank: RankStage
    package let wantsScores: Bool
    package let columns: [CatalogColumn]

    init(
        generation: Generation, target: Side, side: GenerationSide, queries: [PlannedQuery],
        failures: [Failure], rank: RankStage, wantsScores: Bool, columns: [CatalogColumn]
    ) {
        self.generation = generation
        self.target = target
        self.side = side
        self.queries = queries
        self.failures = failures
        self.rank = rank
        self.wantsScores = wantsScores
        self.columns = columns
    }

    /// A plan of those queries alone that a fetch of the rank stage scans.
    package func further(_ fetch: RequestRanking.Fetch) -> RecommendPlan {
        RecommendPlan(
            generation: generation, target: target, side: side, queries: fetch.queries, failures: [],
            rank: rank, wantsScores: wantsScores, columns: columns)
    }

    /// Queries of the request.
    package var queryCount: Int { queries.count + failures.count }
}
