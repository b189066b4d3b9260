/// FILTER: how many rows of a side pass a filter.
package struct FilterRequest: Sendable, Equatable {
    /// Nil: the server's default model.
    package var model: ModelName?
    /// The version that must answer, or 0 for the active one.
    package var version: UInt64
    package var side: Side
    package var filter: Filter

    package init(model: ModelName? = nil, version: UInt64 = 0, side: Side, filter: Filter) {
        self.model = model
        self.version = version
        self.side = side
        self.filter = filter
    }
}

/// The answer to FILTER.
package struct FilterResponse: Sendable, Equatable {
    package var model: ModelName
    package var version: UInt64
    /// Rows of the side.
    package var rowCount: UInt64
    package var rowsPassing: UInt64
    /// Time spent on the filter; 0 where it was kept.
    package var evaluateMicroseconds: UInt32
    /// True where the filter was evaluated before for the same values.
    package var isKept: Bool

    package init(
        model: ModelName, version: UInt64, rowCount: UInt64, rowsPassing: UInt64,
        evaluateMicroseconds: UInt32,
        isKept: Bool
    ) {
        self.model = model
        self.version = version
        self.rowCount = rowCount
        self.rowsPassing = rowsPassing
        self.evaluateMicroseconds = evaluateMicroseconds
        self.isKept = isKept
    }
}
