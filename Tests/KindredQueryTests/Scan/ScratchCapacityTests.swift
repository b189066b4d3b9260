import Glibc
import KindredDomain
import KindredKernels
import KindredModel
import KindredQuery
import KindredSystem
import TestSupport
import Testing

/// Memory that is too small for a constant traps, which ends the process by SIGILL, before anything is written past its
/// end. A corrupt heap would end it by another signal.
@Suite struct ScratchCapacityTests {
    /// Scratch memory with room for less than any unit needs.
    private static func tiny() -> ScanScratch { ScanScratch(rowsMax: 4, hitsMax: 4) }

    private static func generation(rowCount: Int) throws -> Generation {
        var generator = SeededGenerator(seed: 1)
        let rows = VectorShape.flat.rows(count: rowCount, dimension: 8, using: &generator)
        return try Generation.sample(items: rows, users: rows, metric: .dot)
    }

    /// Scans one query by a path.
    static func scan(_ path: PlannedQuery.Path, scratch: ScanScratch, rowCount: Int = 64) throws {
        let generation = try generation(rowCount: rowCount)
        let side = generation.items!
        var eligibility = Eligibility(count: side.table.count)
        if case .gather = path {
            let rows = RowSet(capacity: 64)
            for row in 0..<UInt32(64) { rows.insert(row) }
            eligibility.source = .listed(rows)
        }
        let query = PlannedQuery(
            ranking: RankingVector(QueryVector(row: 0, of: side.table), similarity: .dot), fetchCount: 5,
            eligibility: eligibility, path: path)
        let batch = ScanBatch(generation: generation, target: side, queries: [query])
        var worker = batch.makeWorker()
        while batch.work(&worker, scratch: scratch) {}
    }

    /// Runs an expansion in which the units of one stage have scratch memory that is too small.
    static func expand(_ mode: ScanMode, tinyIn stage: LookalikeExpansion.Stage?) throws {
        let generation = try generation(rowCount: 4_000)
        var expansion = try LookalikeExpansion(
            request: LookalikeRequest(size: .count(200)), generation: generation, limits: .standard,
            rule: SelectionRule(mode))
        try expansion.insert(.numbers([0, 3, 6]), 0..<3)
        let scratch = ScanScratch()
        while true {
            switch try expansion.step() {
            case .working: break
            case .waiting(on: let work):
                _ = work.work(scratch: expansion.stage == stage ? tiny() : scratch)
            case .done: return
            }
        }
    }

    @Test func memoryOfTheUsualSizeIsEnough() throws {
        for path in [PlannedQuery.Path.blas, .int8, .gather] {
            try Self.scan(path, scratch: ScanScratch(), rowCount: 3_000)
        }
        for mode in [ScanMode.blas, .int8] { try Self.expand(mode, tinyIn: nil) }
    }

    @Test func tilesOfBLAS() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            try ScratchCapacityTests.scan(.blas, scratch: ScratchCapacityTests.tiny())
        }
    }

    @Test func gatheredRows() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            try ScratchCapacityTests.scan(.gather, scratch: ScratchCapacityTests.tiny())
        }
    }

    /// So few rows that no threshold is seeded: the kernel's hits alone need room.
    @Test func hitsOfAScanOfCodes() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            try ScratchCapacityTests.scan(.int8, scratch: ScratchCapacityTests.tiny())
        }
    }

    @Test func productsThatSeedThresholds() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            try ScratchCapacityTests.scan(
                .int8, scratch: ScanScratch(rowsMax: 1_024, hitsMax: 4), rowCount: 3_000)
        }
    }

    @Test func scoresOfAllUsers() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            try ScratchCapacityTests.expand(.blas, tinyIn: .scoring)
        }
    }

    @Test func hitsOfAnAudiencesScan() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            try ScratchCapacityTests.expand(.int8, tinyIn: .sieving)
        }
    }

    @Test func rescoredCandidates() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            try ScratchCapacityTests.expand(.int8, tinyIn: .rescoring)
        }
    }

    @Test func rowsOfAnAudiencesColumns() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            try ScratchCapacityTests.expand(.int8, tinyIn: .building)
        }
    }

    /// The places of a sort have room for one segment, and there are two.
    @Test func placesOfASort() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            let digit = AudienceSortPass.Digit(least: 0, shift: 0, width: 9)
            let stretches = [0..<10, 10..<20]
            let keys = try MemoryRegion(byteCount: 160)
            _ = AudienceSortPass(
                digit, from: keys, stretches, segments: [0..<1, 1..<2], to: try MemoryRegion(byteCount: 160),
                isFresh: true, places: try MemoryRegion(byteCount: 4 << 9))
        }
    }

    /// More rows than there are keys.
    @Test func memoryOfAnAudiencesNumbers() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            let keys = AudienceKeys(
                memory: try MemoryRegion(byteCount: 80), count: 10, best: RankingKey(rawValue: 0),
                minimumScore: 0)
            let sort = try AudienceSort(keys)
            let scratch = ScanScratch()
            while true {
                switch sort.step() {
                case .working: break
                case .waiting(on: let work): _ = work.work(scratch: scratch)
                case .done(let sorted):
                    _ = try AudienceColumns(sorted, count: 11, ids: try IDTable(ids: .numbers([1])))
                    return
                }
            }
        }
    }

    /// Two queries where there are columns for one.
    @Test func columnsOfQueries() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            let stride = CodeEncoder.queryStride(dimension: 4)
            var codes = Array(repeating: Int8(0), count: stride)
            let query = Int8Query(
                [1, 2, 3, 4], dimension: 4, scoring: Scoring(similarity: .dot, queryNorm: 5.5),
                kernel: .chosen, into: &codes)
            var layout = ColumnLayout()
            let places = Int8Columns.Places(in: &layout, count: 1, stride: stride)
            var columns = Int8Columns(places, in: layout.allocate())
            for position in 0...1 {
                columns.set(position, query: query, codes: codes, threshold: 0, mask: nil)
            }
        }
    }

    /// Appending runs for every row that is kept, so only debug builds check it.
    @Test(.enabled(if: !isOptimised, "checked in debug builds"))
    func aFullRescoreBuffer() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            let pairs = UnsafeMutablePointer<Canonical.Pair>.allocate(capacity: 2 * RescoreBuffer.countMax)
            let sums = UnsafeMutablePointer<Double>.allocate(capacity: 2 * RescoreBuffer.countMax)
            var buffer = RescoreBuffer(pairs: pairs, sums: sums)
            for row in 0...RescoreBuffer.countMax { buffer.append(UInt32(row), slot: 0) }
        }
    }
}
