extension Range where Bound == Int {
    /// The first index of the range for which `belongsToSuffix` is true, or `upperBound` where there is none. The
    /// predicate must be false up to some index and true from there on. Calls it about log2(count) times.
    ///
    /// Public and inlined, because searches run for every id: the compiler inlines nothing less into other modules.
    @inlinable @inline(__always)
    public func partitioningIndex(where belongsToSuffix: (Int) -> Bool) -> Int {
        var low = lowerBound
        var high = upperBound
        while low < high {
            let middle = low + (high - low) / 2
            if belongsToSuffix(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
