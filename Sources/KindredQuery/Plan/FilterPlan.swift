import KindredDomain
import KindredFilter

/// How many rows of a side pass a filter, found in steps.
package struct FilterPlan {
    private let masks: FilterMasks
    private let rowCount: Int
    /// Lives until the rows are counted, so that whoever holds the last reference to its memory hands it over.
    private let generation: Generation

    /// Checks the filter and its values.
    package init(
        request: FilterRequest, generation: Generation, limits: Limits
    ) throws(RequestFailure) {
        guard let side = generation.side(request.side) else {
            throw .invalidArgument(.sideMissing(request.side))
        }
        self.generation = generation
        rowCount = side.table.count
        // A filter with `seed.` columns is refused here: there is no query.
        masks = try FilterMasks(
            [request.filter.text], parameters: request.filter.parameters, over: request.side, of: generation,
            limits: limits)
    }

    /// Whether the filter was evaluated before for the same values.
    package var isKept: Bool { masks.isKept(0) }

    /// The time until the rows are counted, in look-ups of one id, before the first step.
    package var lookups: Int { masks.lookups(queryCount: 1) }

    /// Bytes of evaluating the filter, before the first step.
    package var byteCount: Int { masks.byteCount(queryCount: 1, perQuery: 1) }

    /// Whether the last step found nothing to do, since another request evaluates the filter.
    package var isWaiting: Bool { masks.isWaiting }

    /// How the filter was found.
    package var filterCounts: FilterCounts { masks.counts }

    /// Goes on for about as long as looking up `idCount` ids takes.
    package mutating func step(idCount: Int) throws(RequestFailure) -> Step<FilterResponse> {
        var budget = idCount
        guard try masks.resolveShared(&budget) else { return .working }
        return .done(
            FilterResponse(
                model: generation.name, version: generation.version, rowCount: UInt64(rowCount),
                rowsPassing: UInt64(masks.mask(0).count), evaluateMicroseconds: 0, isKept: isKept))
    }
}
