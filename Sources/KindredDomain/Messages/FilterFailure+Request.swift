extension FilterFailure {
    /// The failure of the request with this filter: LIMIT_EXCEEDED where the filter is beyond a limit. `name` says
    /// which filter it is, where the request has several.
    package func requestFailure(in text: String, named name: String? = nil) -> RequestFailure {
        switch reason {
        case .tooLong(let bytes, let limit): Self.exceeded(.filterBytes, bytes, limit)
        case .tooManyNodes(let limit): Self.exceeded(.filterNodes, limit + 1, limit)
        case .tooDeep(let limit): Self.exceeded(.filterDepth, limit + 1, limit)
        case .tooManyValues(let count, let limit): Self.exceeded(.filterValues, count, limit)
        case .syntax, .empty, .unsupported, .unknownColumn, .seedWithoutRow, .unknownSet, .setAsColumn,
            .columnAsSet, .incomparableColumn, .incomparableCap, .missingValue, .unusedValue,
            .valueWithoutFilter, .repeatedValue, .noCatalog:
            .invalidArgument(.filter(self, text: text, named: name))
        }
    }

    /// The failure with all values that the request binds, where one is missing.
    package func naming(_ bound: [FilterParameter]) -> FilterFailure {
        guard case .missingValue(let name, _) = reason else { return self }
        return .missing(name, bound: bound, at: position)
    }

    /// A name without a value. `bound` are the values that there are.
    package static func missing(_ name: String, bound: [FilterParameter], at position: Int) -> FilterFailure {
        let types = Dictionary(
            bound.map { ($0.name, $0.value.typeName) }, uniquingKeysWith: { first, _ in first })
        let shown = NearNames.sorted(types.keys, near: name).map { "\($0) (\(types[$0] ?? ""))" }
        return FilterFailure(.missingValue(name, bound: shown), at: position)
    }

    private static func exceeded(_ name: LimitName, _ found: Int, _ limit: Int) -> RequestFailure {
        .limitExceeded(name, found: UInt64(clamping: found), limit: UInt64(clamping: limit))
    }
}
