import KindredDomain
import KindredQuery
import TestSupport
import Testing

/// Masks made of a bit for each row, and what is counted and intersected with them.
@Suite struct RowMaskTests {
    private func side(_ rowCount: Int, using generator: inout SeededGenerator) throws -> GenerationSide {
        let rows = VectorShape.flat.rows(count: rowCount, dimension: 4, using: &generator)
        return try Generation.sample(items: rows, metric: .dot).items!
    }

    private func bits(_ rowCount: Int, oneIn share: Int, using generator: inout SeededGenerator) -> Bitmap {
        var bits = Bitmap(count: rowCount)
        for row in 0..<rowCount { bits[row] = Int.random(in: 0..<share, using: &generator) == 0 }
        return bits
    }

    private func rows(_ mask: RowMask, _ rowCount: Int) -> [Int] {
        (0..<rowCount).filter { mask.contains(row: UInt32($0)) }
    }

    @Test(arguments: [1, 15, 16, 17, 63, 64, 65, 1_000])
    func bitsOfRowsInTheOrderOfTheCodes(_ rowCount: Int) throws {
        var generator = SeededGenerator.announced()
        let side = try side(rowCount, using: &generator)
        // Both ways of making a mask: row by row, and position by position.
        for share in [1, 2, 10, 200] {
            let bits = bits(rowCount, oneIn: share, using: &generator)
            let mask = RowMask(MaskWords(rows: bits, codes: side.codes), codes: side.codes)
            let wanted = (0..<rowCount).filter { bits[$0] }
            #expect(rows(mask, rowCount) == wanted && mask.count == wanted.count)
            #expect(mask.rowSet().rows.sorted() == wanted.map { UInt32($0) })
            let listed = RowMask(rows: wanted.map { UInt32($0) }, codes: side.codes)
            #expect(rows(listed, rowCount) == wanted && listed.count == wanted.count)
            #expect(MaskWords(rows: bits, codes: side.codes).byteCount == (rowCount + 15) / 16 * 2 + 96)
        }
    }

    @Test func intersections() throws {
        var generator = SeededGenerator.announced()
        let side = try side(500, using: &generator)
        let one = bits(500, oneIn: 2, using: &generator)
        let mask = RowMask(MaskWords(rows: one, codes: side.codes), codes: side.codes)
        let candidates = RowSet(capacity: 100)
        for row in stride(from: 499 as UInt32, to: 300, by: -3) { candidates.insert(row) }
        // The order of the candidates stays.
        #expect(mask.intersection(candidates).rows == candidates.rows.filter { one[Int($0)] })
    }

    @Test func exclusionsOfAMaskAreCountedOnce() throws {
        var generator = SeededGenerator.announced()
        let side = try side(300, using: &generator)
        for _ in 0..<20 {
            let bits = bits(300, oneIn: 2, using: &generator)
            let mask = RowMask(MaskWords(rows: bits, codes: side.codes), codes: side.codes)
            func list(_ isThere: Bool) -> RowSet? {
                guard isThere else { return nil }
                let rows = RowSet(capacity: 60)
                for _ in 0..<60 { rows.insert(.random(in: 0..<300, using: &generator)) }
                return rows
            }
            let exclusions = Exclusions(
                shared: list(.random(using: &generator)), own: list(.random(using: &generator)))
            let wanted = (0..<300).count { bits[$0] && !exclusions.contains(UInt32($0)) }
            #expect(mask.count(without: exclusions) == wanted)
        }
    }

    /// Few rows are scored one by one, and a filter that keeps all rows is none.
    @Test func sourcesOfMasks() throws {
        var generator = SeededGenerator.announced()
        let side = try side(3_200, using: &generator)
        let planner = ScanPlanner(side: side, mode: .auto)
        func source(_ rows: Range<Int>, sharers: Int, fetchCount: Int = 1) -> Eligibility.Source {
            var bits = Bitmap(count: 3_200)
            for row in rows { bits[row] = true }
            return planner.source(
                of: RowMask(MaskWords(rows: bits, codes: side.codes), codes: side.codes),
                sharerCount: sharers,
                fetchCount: fetchCount)
        }
        guard case .listed(let list) = source(0..<100, sharers: 1), list.count == 100 else {
            Issue.record("no list")
            return
        }
        guard case .masked(let mask) = source(0..<101, sharers: 1), mask.count == 101 else {
            Issue.record("no mask")
            return
        }
        guard case .masked = source(0..<100, sharers: 8) else {
            Issue.record("no mask for many queries")
            return
        }
        // Too few for a scan of codes, and at most a quarter of all rows.
        for (count, fetchCount, isListed) in [
            (639, 10, true), (640, 10, false), (800, 20, true), (801, 20, false),
        ] {
            var found = false
            if case .listed = source(0..<count, sharers: 8, fetchCount: fetchCount) { found = true }
            #expect(found == isListed, "\(count) rows, \(fetchCount) wanted")
        }
        guard case .all = source(0..<3_200, sharers: 1) else {
            Issue.record("not all")
            return
        }
        guard case .listed(let none) = source(0..<0, sharers: 1), none.count == 0 else {
            Issue.record("no empty list")
            return
        }
    }
}
