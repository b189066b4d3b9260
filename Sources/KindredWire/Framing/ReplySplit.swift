import KindredDomain

/// Where a reply that exceeds one body is broken: between queries, or between ids.
enum ReplySplit {
    /// The stretches of `0 ..< count`, each as long as its body allows, at least one.
    ///
    /// `byteCount` gives a stretch's body and grows with it. Throws LIMIT_EXCEEDED when one query alone does
    /// not fit, before anything is written.
    static func parts(
        count: Int, bodyBytesMax: UInt32, byteCount: (Range<Int>) -> Int
    ) throws(RequestFailure) -> [Range<Int>] {
        let limit = Int(bodyBytesMax)
        var parts: [Range<Int>] = []
        var first = 0
        while first < count {
            // The greatest end that fits: the size grows with the end, so halve the interval.
            var low = first
            var high = count
            while low < high {
                let middle = low + (high - low + 1) / 2
                if byteCount(first..<middle) <= limit { low = middle } else { high = middle - 1 }
            }
            guard low > first else {
                let found = UInt64(byteCount(first..<min(first + 1, count)))
                throw .limitExceeded(.responseBytes, found: found, limit: UInt64(bodyBytesMax))
            }
            parts.append(first..<low)
            first = low
        }
        guard !parts.isEmpty else {
            throw .limitExceeded(
                .responseBytes, found: UInt64(byteCount(0..<0)), limit: UInt64(bodyBytesMax))
        }
        return parts
    }
}
