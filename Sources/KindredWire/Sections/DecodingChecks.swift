import KindredDomain

extension RawSpan {
    /// A value of a closed set at a byte offset, or INVALID_ARGUMENT.
    func choice<T: RawRepresentable<UInt8>>(
        at offset: Int, _ field: FieldName
    ) throws(RequestFailure) -> T {
        let number = integer(at: offset, as: UInt8.self)
        guard let value = T(rawValue: number) else {
            throw .invalidArgument(.unknownValue(field: field, value: UInt64(widening: number)))
        }
        return value
    }

    /// A similarity at a byte offset; nil for 0, the default.
    func similarity(at offset: Int) throws(RequestFailure) -> Similarity? {
        if integer(at: offset, as: UInt8.self) == 0 { return nil }
        return try choice(at: offset, .similarity)
    }

    /// The option bits at a byte offset. All must be known: an ignored option would change the answer.
    func options(at offset: Int, known: UInt16) throws(RequestFailure) -> UInt16 {
        let options = integer(at: offset, as: UInt16.self)
        guard options & ~known == 0 else {
            throw .invalidArgument(.unknownValue(field: .options, value: UInt64(widening: options)))
        }
        return options
    }
}

extension Limits {
    /// Throws LIMIT_EXCEEDED when `found` is more than `limit`.
    func check(_ name: LimitName, _ found: UInt64, atMost limit: UInt64) throws(RequestFailure) {
        if found > limit { throw .limitExceeded(name, found: found, limit: limit) }
    }

    /// Throws LIMIT_EXCEEDED when a count is more than `limit`.
    func check(_ name: LimitName, _ count: Int, atMost limit: UInt32) throws(RequestFailure) {
        try check(name, UInt64(clamping: count), atMost: UInt64(widening: limit))
    }

    /// Checks the number of candidates or excluded ids of every query. Adds the lengths of the lists to `total`, each
    /// once for every query that it applies to.
    func check(
        _ name: LimitName, _ lists: RaggedIDs, queries: Int, atMost limit: UInt32, _ total: inout UInt64
    ) throws(RequestFailure) {
        if lists.offsets == nil {
            try check(name, lists.ids.count, atMost: limit)
            // No overflow: at most 2^32 ids and 2^10 queries, which are checked.
            total += UInt64(clamping: lists.ids.count) * UInt64(clamping: queries)
        } else {
            for query in 0..<queries {
                try check(name, lists.range(ofQuery: query).count, atMost: limit)
            }
            total += UInt64(clamping: lists.ids.count)
        }
    }
}
