import KindredDomain

/// One query, ready to scan: everything in rows and vectors, nothing external.
package struct PlannedQuery: Sendable {
    /// How the rows are found.
    package enum Path: Sendable {
        /// Every row, in tiles, by BLAS with canonical rescoring.
        case blas
        /// Every row's codes, in blocks of descending norm, with canonical rescoring.
        case int8
        /// The listed rows alone, each once, by canonical score.
        case gather([UInt32])
    }

    package var vector: QueryVector
    /// How a canonical sum becomes a score.
    package var scoring: Similarity
    /// Results wanted, at least 1.
    package var k: Int
    /// Inclusive; minus infinity where there is none.
    package var minimumScore: Float
    package var exclusions: Exclusions
    /// The rows that may be in the answer, where not all may. A gathered query's list says it already.
    package var eligible: RowMask?
    package var path: Path
    /// Rows that could be in the answer.
    package var rowsEligible: Int

    package init(
        vector: QueryVector, scoring: Similarity, k: Int, minimumScore: Float = -.infinity,
        exclusions: Exclusions = Exclusions(), eligible: RowMask? = nil, path: Path = .blas,
        rowsEligible: Int
    ) {
        self.vector = vector
        self.scoring = scoring
        self.k = k
        self.minimumScore = minimumScore
        self.exclusions = exclusions
        self.eligible = eligible
        self.path = path
        self.rowsEligible = rowsEligible
    }
}

/// Rows that must not appear: a list that several queries may share, and the query's own.
package struct Exclusions: Sendable {
    package var shared: RowSet?
    /// The query's own list, or its members; nil or empty where there are none.
    package var own: RowSet?

    package init(shared: RowSet? = nil, own: RowSet? = nil) {
        self.shared = shared
        self.own = own
    }

    package var isEmpty: Bool { shared == nil && own == nil }

    package func contains(_ row: UInt32) -> Bool {
        (shared?.contains(row) ?? false) || (own?.contains(row) ?? false)
    }

    /// Distinct rows.
    package var count: Int {
        guard let own else { return shared?.count ?? 0 }
        guard let shared else { return own.count }
        return shared.count + own.rows.count { !shared.contains($0) }
    }
}
