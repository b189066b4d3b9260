import KindredKernels
import KindredSystem
import Synchronization

/// Measures the speed of a scan kernel where no row reaches the threshold.
final class ScanProbe: Sendable {
    /// The memory that holds the codes.
    enum Place: String, CaseIterable, Encodable, Sendable {
        /// Half of the second-level cache, read repeatedly.
        case cache
        /// A table much larger than the last-level cache, read in stretches.
        case memory
    }

    static let queryCounts = [1, 4, 32]

    /// Blocks of one kernel call, as in the engine.
    private static let blocksPerScanMax = 512
    private static let queryMax = queryCounts.max()!

    let dimension: Int
    let place: Place
    private let team: ThreadTeam
    /// Approximate multiply-adds of one thread in a call, so that starting threads does not matter.
    private let productsPerCall: Int
    private let groups: Int
    /// Blocks of each thread.
    private let blockCount: Int
    private let codes: MemoryRegion
    private let blocks: MemoryRegion
    private let queries: ProbeQueries
    private let hits: MemoryRegion
    /// The index of each thread's next block.
    private let cursors: MemoryRegion
    private let kept = Atomic<Int>(0)
    private let calls = Atomic<Int>(0)

    init(
        dimension: Int, place: Place, productsPerCall: Int, team: ThreadTeam, machine: Machine
    ) throws {
        self.dimension = dimension
        self.place = place
        self.team = team
        self.productsPerCall = productsPerCall
        groups = (dimension + 3) / 4
        let blockBytes = 64 * groups + MemoryLayout<CodeBlock>.stride
        let level: MemoryLevel = place == .cache ? .l2 : .dram
        let bytes = level.probeByteCount(threads: team.count, of: machine) ?? 128 << 10
        blockCount = max(bytes / blockBytes, 1)
        codes = try MemoryRegion(byteCount: team.count * blockCount * 64 * groups)
        blocks = try MemoryRegion(
            byteCount: team.count * blockCount * MemoryLayout<CodeBlock>.stride)
        hits = try MemoryRegion(
            byteCount: team.count * Self.blocksPerScanMax * 16 * Self.queryMax
                * MemoryLayout<CodeHit>.stride)
        cursors = try MemoryRegion(byteCount: team.count * 64)
        queries = try ProbeQueries(count: Self.queryMax, dimension: dimension)
        var source = RandomSource(seed: 2)
        let words = codes.mutableBytes.bindMemory(to: UInt64.self)
        // Codes are in 1 ... 255; odd values do as well as any.
        for index in words.indices { words[index] = source.next() | 0x0101_0101_0101_0101 }
        let block = CodeBlock(
            scale: 1, inverse_scale: 1, error: 0, coded_norm: 0, norm_min: 0, norm_max: 0)
        blocks.mutableBytes.bindMemory(to: CodeBlock.self).update(repeating: block)
    }

    /// Runs a kernel on every thread, over the thread's own codes.
    func run(_ kernel: ScanKernel, queryCount: Int) {
        let perCall = blocksPerCall(queryCount)
        team.run { [self] thread in
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
        calls.wrappingAdd(perCall * team.count, ordering: .relaxed)
    }

    private func scan(_ kernel: ScanKernel, queryCount: Int, thread: Int, first: Int, count: Int) -> Int {
        func part<Element>(_ region: MemoryRegion, _: Element.Type) -> UnsafeMutablePointer<Element> {
            (region.baseAddress! + region.byteCount / team.count * thread).assumingMemoryBound(
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

    /// Multiply-adds per second of all threads.
    func products(_ samples: Samples, queryCount: Int) -> Rate {
        Rate(
            perCall: Double(blocksPerCall(queryCount) * team.count * 64 * groups * queryCount),
            samples: samples)
    }

    /// Bytes of codes and block headers per second of all threads.
    func bytes(_ samples: Samples, queryCount: Int) -> Rate {
        let perBlock = 64 * groups + MemoryLayout<CodeBlock>.stride
        return Rate(perCall: Double(blocksPerCall(queryCount) * team.count * perBlock), samples: samples)
    }

    /// Rows found, normally none, and blocks scanned.
    var checksum: UInt64 {
        UInt64(kept.load(ordering: .relaxed)) << 48 | UInt64(calls.load(ordering: .relaxed))
    }
}
