import KindredKernels
import KindredQuery
import Testing

@Suite struct ThresholdSeedingTests {
    /// A table without codes, whose blocks have norms that fall evenly from 1 to `leastNorm`.
    private func withTable(rows: Int, leastNorm: Float, _ body: (CodeTableView) -> Void) {
        let count = (rows + 15) / 16
        let blocks = (0..<count).map { block -> CodeBlock in
            let norm = 1 - (1 - leastNorm) * Float(block) / Float(count)
            return CodeBlock(
                scale: 1, inverse_scale: 1, error: 0, coded_norm: 1, norm_min: norm, norm_max: norm)
        }
        blocks.withUnsafeBufferPointer { blocks in
            body(CodeTableView(codes: nil, blocks: blocks.baseAddress, groups: 16, row_count: rows))
        }
    }

    @Test func moreResultsNeedMoreBlocksWhereNormsAreEqual() {
        withTable(rows: 10_240, leastNorm: 1) { table in
            let counts = [1, 10, 11, 40, 100].map {
                ThresholdSeeding.blockCount(of: table, k: $0, isCosine: false)
            }
            // 100 rows for each result, at least 64 blocks, at most 0.4 of the 640 blocks.
            #expect(counts == [64, 64, 68, 250, 256])
        }
        withTable(rows: 1_000, leastNorm: 1) { table in
            #expect(
                ThresholdSeeding.blockCount(of: table, k: 1, isCosine: false) == 7, "an eighth of 63 blocks")
            #expect(ThresholdSeeding.blockCount(of: table, k: 10, isCosine: false) == 25)
        }
    }

    @Test func theFirstBlocksAreEnoughWhereNormsFall() {
        withTable(rows: 10_240, leastNorm: 0.5) { table in
            #expect(ThresholdSeeding.blockCount(of: table, k: 100, isCosine: false) == 64)
            #expect(
                ThresholdSeeding.blockCount(of: table, k: 100, isCosine: true) == 256,
                "norms are no bound of a cosine")
        }
        // At least 0.9 of the greatest norm counts as equal: block 255 of 640 has 1 - 0.25 * 255 / 640.
        withTable(rows: 10_240, leastNorm: 0.75) { table in
            #expect(ThresholdSeeding.blockCount(of: table, k: 100, isCosine: false) == 256)
        }
        withTable(rows: 10_240, leastNorm: 0.74) { table in
            #expect(ThresholdSeeding.blockCount(of: table, k: 100, isCosine: false) == 64)
        }
    }

    @Test func productsOfAllQueriesFitTheirMemory() {
        withTable(rows: 100_000, leastNorm: 1) { table in
            for queryCount in [1, 7, 8, 31, 32, 33, 200] {
                let seeding = ThresholdSeeding(
                    table, kernel: .chosen, unit: 0..<6_250, queryCount: queryCount, k: 100, isCosine: false)
                let blocks = seeding?.blocks.count ?? 0
                let together = min(queryCount, ScanScratch.int8QueriesPerCallMax)
                #expect(16 * blocks * together <= ScanScratch.hitsMax)
                #expect(blocks >= 64 && blocks <= 625)
            }
        }
    }
}
