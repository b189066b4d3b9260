import KindredKernels
import KindredSystem
import Synchronization

/// How fast a scan kernel multiplies codes where nothing reaches the threshold, so that nothing is kept.
final class ScanProbe: Sendable {
    /// Where the codes come from.
    enum Place: String, CaseIterable, Encodable, Sendable {
        /// Half of the second cache, again and again.
        case cache
        /// A table much larger than the last cache, a stretch after the other.
        case memory
    }

    static let queryCounts = [1, 4, 32]

    /// Blocks that a kernel is given at once: a stretch of some hundred kibibytes, as the engine does.
    private static let blocksPerScanMax = 512
    private static let queryMax = queryCounts.max()!

    let dimension: Int
    let place: Place
    private let crew: Crew
    /// Of a thread, about: so many that starting threads is no part of the figure.
    private let productsPerCall: Int
    private let groups: Int
    /// Of each thread.
    private let blockCount: Int
    private let codes: MemoryRegion
    private let blocks: MemoryRegion
    private let queries: ProbeQueries
    private let hits: MemoryRegion
    /// The next block of each thread, in memory.
    private let cursors: MemoryRegion
    private let kept = Atomic<Int>(0)
    private let calls = Atomic<Int>(0)

    init(
        dimension: Int, place: Place, productsPerCall: Int, crew: Crew, machine: Machine
    ) throws {
        self.dimension = dimension
        self.place = place
        self.crew = crew
        self.productsPerCall = productsPerCall
        groups = (dimension + 3) / 4
        let blockBytes = 64 * groups + MemoryLayout<CodeBlock>.stride
        let level: MemoryLevel = place == .cache ? .l2 : .dram
        let bytes = level.probeByteCount(threads: crew.count, of: machine) ?? 128 << 10
        blockCount = max(bytes / blockBytes, 1)
        codes = try MemoryRegion(byteCount: crew.count * blockCount * 64 * groups)
        blocks = try MemoryRegion(
            byteCount: crew.count * blockCount * MemoryLayout<CodeBlock>.stride)
        hits = try MemoryRegion(
            byteCount: crew.count * Self.blocksPerScanMax * 16 * Self.queryMax
                * MemoryLayout<CodeHit>.stride)
        cursors = try MemoryRegion(byteCount: crew.count * 64)
        queries = try ProbeQueries(count: Self.queryMax, dimension: dimension)
        var source = RandomSource(seed: 2)
        let words = codes.mutableBytes.bindMemory(to: UInt64.self)
        // Codes are in 1 ... 255, and odd ones are as good as any.
        for index in words.indices { words[index] = source.next() | 0x0101_0101_0101_0101 }
        let block = CodeBlock(
            scale: 1, inverse_scale: 1, error: 0, coded_norm: 0, norm_min: 0, norm_max: 0)
        blocks.mutableBytes.bindMemory(to: CodeBlock.self).update(repeating: block)
    }

    /// One call of a kernel: every thread scans its own codes.
    func run(_ kernel: ScanKernel, queryCount: Int) {
        let perCall = blocksPerCall(queryCount)
        crew.run { [self] thread in
            let cursor = (cursors.baseAddress! + thread * 64).assumingMemoryBound(to: Int.self)
            var left = perCall
            var found = 0
            while left > 0 {
                if cursor.pointee >= blockCount { cursor.pointee = 0 }
                let count = min(left, Self.blocksPerScanMax, blockCount - cursor.pointee)
                found &+= scan(
                    kernel, queryCount: queryCount, thread: thread, first: cursor.pointee, count: count)
                cursor.pointee += count
                left -= count
            }
            kept.wrappingAdd(found, ordering: .relaxed)
        }
        calls.wrappingAdd(perCall * crew.count, ordering: .relaxed)
    }

    private func scan(_ kernel: ScanKernel, queryCount: Int, thread: Int, first: Int, count: Int) -> Int {
        func part<Element>(_ region: MemoryRegion, _: Element.Type) -> UnsafeMutablePointer<Element> {
            (region.baseAddress! + region.byteCount / crew.count * thread).assumingMemoryBound(
                to: Element.self)
        }
        let table = CodeTableView(
            codes: part(codes, UInt8.self), blocks: part(blocks, CodeBlock.self), groups: groups,
            row_count: blockCount * CodeEncoder.blockRows)
        return kernel.scan(
            table, blocks: first..<first + count, queries: queries.columns, count: queryCount,
            into: part(hits, CodeHit.self))
    }

    private func blocksPerCall(_ queryCount: Int) -> Int {
        max(1, productsPerCall / (64 * groups * queryCount))
    }

    /// Multiply-adds a second of all threads.
    func products(_ samples: Samples, queryCount: Int) -> Figure {
        Figure(
            perCall: Double(blocksPerCall(queryCount) * crew.count * 64 * groups * queryCount),
            samples: samples)
    }

    /// Bytes of codes and of what is stored with a block, a second of all threads.
    func bytes(_ samples: Samples, queryCount: Int) -> Figure {
        let perBlock = 64 * groups + MemoryLayout<CodeBlock>.stride
        return Figure(perCall: Double(blocksPerCall(queryCount) * crew.count * perBlock), samples: samples)
    }

    /// Rows kept, which should be none, and blocks scanned.
    var checksum: UInt64 {
        UInt64(kept.load(ordering: .relaxed)) << 48 | UInt64(calls.load(ordering: .relaxed))
    }
}
