extension FilterFailure {
    /// The failure of the request with this filter: LIMIT_EXCEEDED where the filter is beyond a limit.
    package func requestFailure(in text: String) -> RequestFailure {
        switch reason {
        case .tooLong(let bytes, let limit): Self.exceeded(.filterBytes, bytes, limit)
        case .tooManyNodes(let limit): Self.exceeded(.filterNodes, limit + 1, limit)
        case .tooDeep(let limit): Self.exceeded(.filterDepth, limit + 1, limit)
        case .tooManyValues(let count, let limit): Self.exceeded(.filterValues, count, limit)
        case .syntax, .unsupported, .unknownColumn, .seedWithoutRow, .unknownSet, .incomparableColumn,
            .missingValue,
            .unusedValue, .repeatedValue, .noCatalog:
            .invalidArgument(.filter(self, text: text))
        }
    }

    private static func exceeded(_ name: LimitName, _ found: Int, _ limit: Int) -> RequestFailure {
        .limitExceeded(name, found: UInt64(clamping: found), limit: UInt64(clamping: limit))
    }
}
