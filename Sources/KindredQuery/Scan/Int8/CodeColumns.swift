import KindredKernels

/// The queries that one thread still scans for, as the columns that the kernels read.
///
/// They lie in memory of whoever scans, which outlives them.
struct CodeColumns {
    /// Where they lie in the memory of a layout.
    struct Places {
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

        /// Room for `count` queries of `stride` codes.
        init(in layout: inout ColumnLayout, count: Int, stride: Int) {
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

    private let stride: Int
    private let codes: UnsafeMutablePointer<Int8>
    private let offsets: UnsafeMutablePointer<Int32>
    private let floors: UnsafeMutablePointer<Float>
    private let floorsPerNorm: UnsafeMutablePointer<Float>
    private let norms: UnsafeMutablePointer<Float>
    private let errors: UnsafeMutablePointer<Float>
    private let masks: UnsafeMutablePointer<UnsafePointer<UInt16>?>
    private var hasMasks = false
    /// The threshold that each floor was made of.
    let thresholds: UnsafeMutablePointer<Float>
    /// The least norm of a row that can reach the threshold. Norms are no bound of a cosine.
    let leastNorms: UnsafeMutablePointer<Double>
    /// Rows kept in the current call.
    let keptCounts: UnsafeMutablePointer<Int>

    /// Columns at their places in the memory of the layout.
    init(_ places: Places, in memory: UnsafeMutableRawPointer) {
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

    /// Puts a query at a position.
    mutating func set(
        _ position: Int, query: CodedQuery, codes source: UnsafePointer<Int8>, threshold: Float,
        mask: UnsafePointer<UInt16>?
    ) {
        (codes + position * stride).initialize(from: source, count: stride)
        offsets[position] = query.code.offset
        norms[position] = Self.roundedUp(query.code.norm)
        errors[position] = Self.roundedUp(query.code.error)
        masks[position] = mask
        if mask != nil { hasMasks = true }
        setThreshold(position, threshold, of: query)
    }

    func setThreshold(_ position: Int, _ threshold: Float, of query: CodedQuery) {
        let floor = KernelThreshold(threshold: threshold, of: query)
        floors[position] = floor.constant
        floorsPerNorm[position] = floor.perNorm
        thresholds[position] = threshold
        leastNorms[position] =
            query.similarity == .dot ? DiscardRule.leastNorm(threshold: threshold, queryNorm: query.norm) : 0
    }

    /// Puts the query at one position over that at another.
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

    /// Runs the kernel for the queries at `members`; the number of hits, which count queries from 0.
    func scan(
        _ table: CodeTableView, blocks: Range<Int>, members: Range<Int>, kernel: ScanKernel,
        into hits: UnsafeMutablePointer<CodeHit>
    ) -> Int {
        kernel.scan(table, blocks: blocks, queries: view(members), count: members.count, into: hits)
    }

    /// What `scan` finds for the queries at `members`, by products with the blocks that are known already, and the
    /// blocks' bounds.
    func keep(
        _ products: UnsafePointer<Int32>, _ table: CodeTableView, bounds: UnsafePointer<BlockColumns>,
        blocks: Range<Int>, members: Range<Int>, kernel: ScanKernel,
        into hits: UnsafeMutablePointer<CodeHit>
    ) -> Int {
        kernel.keep(
            products, table, columns: bounds, blocks: blocks, queries: view(members), count: members.count,
            into: hits)
    }

    /// The queries from the first of `members` on, as the kernels take them.
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
