import KindredKernels

/// Coded queries as the columns that the scan kernels read.
///
/// The columns lie in memory of the scanner, which outlives them.
package struct Int8Columns {
    /// The places of the columns in the memory of a layout.
    package struct Places {
        fileprivate let count: Int
        fileprivate let stride: Int
        fileprivate let codes: ColumnLayout.Column<Int8>
        fileprivate let offsets: ColumnLayout.Column<Int32>
        fileprivate let floors: ColumnLayout.Column<Float>
        fileprivate let floorsPerNorm: ColumnLayout.Column<Float>
        fileprivate let norms: ColumnLayout.Column<Float>
        fileprivate let errors: ColumnLayout.Column<Float>
        fileprivate let masks: ColumnLayout.Column<UnsafePointer<UInt16>?>
        fileprivate let thresholds: ColumnLayout.Column<Float>
        fileprivate let leastNorms: ColumnLayout.Column<Double>
        fileprivate let keptCounts: ColumnLayout.Column<Int>

        /// Columns for `count` queries of `stride` bytes of codes.
        package init(in layout: inout ColumnLayout, count: Int, stride: Int) {
            self.count = count
            self.stride = stride
            codes = layout.add(Int8.self, count: count * stride)
            offsets = layout.add(Int32.self, count: count)
            floors = layout.add(Float.self, count: count)
            floorsPerNorm = layout.add(Float.self, count: count)
            norms = layout.add(Float.self, count: count)
            errors = layout.add(Float.self, count: count)
            masks = layout.add(UnsafePointer<UInt16>?.self, count: count)
            thresholds = layout.add(Float.self, count: count)
            leastNorms = layout.add(Double.self, count: count)
            keptCounts = layout.add(Int.self, count: count)
        }
    }

    /// Queries that there is room for.
    private let count: Int
    private let stride: Int
    private let codes: UnsafeMutablePointer<Int8>
    private let offsets: UnsafeMutablePointer<Int32>
    private let floors: UnsafeMutablePointer<Float>
    private let floorsPerNorm: UnsafeMutablePointer<Float>
    private let norms: UnsafeMutablePointer<Float>
    private let errors: UnsafeMutablePointer<Float>
    private let masks: UnsafeMutablePointer<UnsafePointer<UInt16>?>
    private var hasMasks = false
    /// The score threshold that each kernel threshold was made of.
    let thresholds: UnsafeMutablePointer<Float>
    /// The least norm of a row that can reach the threshold; 0 under cosine, where norms are no bound.
    let leastNorms: UnsafeMutablePointer<Double>
    /// Rows kept in the current call of a kernel.
    let keptCounts: UnsafeMutablePointer<Int>

    /// Columns at their places in the memory of a layout.
    package init(_ places: Places, in memory: UnsafeMutableRawPointer) {
        count = places.count
        stride = places.stride
        codes = memory.elements(places.codes)
        offsets = memory.elements(places.offsets)
        floors = memory.elements(places.floors)
        floorsPerNorm = memory.elements(places.floorsPerNorm)
        norms = memory.elements(places.norms)
        errors = memory.elements(places.errors)
        masks = memory.elements(places.masks)
        thresholds = memory.elements(places.thresholds)
        leastNorms = memory.elements(places.leastNorms)
        keptCounts = memory.elements(places.keptCounts)
        keptCounts.initialize(repeating: 0, count: places.count)
    }

    /// Puts a query at a position. `source` has the stride's bytes of codes.
    package mutating func set(
        _ position: Int, query: Int8Query, codes source: UnsafePointer<Int8>, threshold: Float,
        madeOf scoreThreshold: Float? = nil, mask: UnsafePointer<UInt16>?
    ) {
        precondition(position < count, "there are columns for \(count) queries")
        (codes + position * stride).initialize(from: source, count: stride)
        offsets[position] = query.code.offset
        norms[position] = Self.roundedUp(query.code.norm)
        errors[position] = Self.roundedUp(query.code.error)
        masks[position] = mask
        if mask != nil { hasMasks = true }
        setThreshold(position, threshold, madeOf: scoreThreshold ?? threshold, of: query)
    }

    /// Gives the query at a position a new threshold of canonical scores, which was made of a threshold of scores:
    /// with boosts they differ.
    func setThreshold(
        _ position: Int, _ threshold: Float, madeOf scoreThreshold: Float, of query: Int8Query
    ) {
        let kernelThreshold = KernelThreshold(threshold: threshold, of: query)
        floors[position] = kernelThreshold.constant
        floorsPerNorm[position] = kernelThreshold.perNorm
        thresholds[position] = scoreThreshold
        leastNorms[position] =
            query.similarity == .dot ? DiscardRule.leastNorm(threshold: threshold, queryNorm: query.norm) : 0
    }

    /// Replaces the query at `position` by the query at `last`.
    func move(from last: Int, to position: Int) {
        (codes + position * stride).update(from: codes + last * stride, count: stride)
        offsets[position] = offsets[last]
        floors[position] = floors[last]
        floorsPerNorm[position] = floorsPerNorm[last]
        norms[position] = norms[last]
        errors[position] = errors[last]
        masks[position] = masks[last]
        thresholds[position] = thresholds[last]
        leastNorms[position] = leastNorms[last]
        keptCounts[position] = keptCounts[last]
    }

    /// Scans blocks for the queries at `members`. Returns the number of hits, whose query numbers count from the first
    /// member. `hits` has room for 16 x blocks x members.
    func scan(
        _ table: CodeTableView, blocks: Range<Int>, members: Range<Int>, kernel: ScanKernel,
        into hits: UnsafeMutablePointer<CodeHit>
    ) -> Int {
        kernel.scan(table, blocks: blocks, queries: view(members), count: members.count, into: hits)
    }

    /// The same hits from products with the blocks that are known already, and the blocks' bounds.
    func keep(
        _ products: UnsafePointer<Int32>, _ table: CodeTableView, bounds: UnsafePointer<BlockColumns>,
        blocks: Range<Int>, members: Range<Int>, kernel: ScanKernel,
        into hits: UnsafeMutablePointer<CodeHit>
    ) -> Int {
        kernel.keep(
            products, table, columns: bounds, blocks: blocks, queries: view(members), count: members.count,
            into: hits)
    }

    /// The columns from the first of `members` on, in the form of the kernels.
    func view(_ members: Range<Int>) -> CodeQueries {
        let first = members.lowerBound
        return CodeQueries(
            codes: codes + first * stride, code_stride: stride, offsets: offsets + first,
            floors: floors + first, floors_per_norm: floorsPerNorm + first, norms: norms + first,
            errors: errors + first, masks: hasMasks ? masks + first : nil)
    }

    private static func roundedUp(_ value: Double) -> Float {
        let rounded = Float(value)
        return Double(rounded) < value ? rounded.nextUp : rounded
    }
}
