import CKindredKernels
import KindredKernels
import TestSupport
import Testing

@Suite struct ScanKernelTests {
    /// Dimensions with every remainder of a group, a pair of groups and a chunk, and large ones.
    private static let dimensions = Array(1...300) + [1_023, 4_096]

    /// The greatest number of products of one case.
    private static let productsMax = isOptimised ? 3_000_000 : 40_000
    private static let rounds = isOptimised ? 4 : 1

    /// Checks all kernels, both in one pass and by known products.
    private func expectSameHits(_ scanned: ScanKernelCase) {
        let expected = scanned.expected
        let products = ScanKernelMemory<Int32>(count: 16 * scanned.blocks.count * scanned.queryCount)
        let columns = scanned.columns
        // Some pairs are excluded after their products are computed.
        func isExcluded(_ query: Int, _ position: Int) -> Bool { (31 * query + position) % 7 == 0 }
        let allowed = expected.filter { !isExcluded(Int($0.query), Int($0.position)) }
        for kernel in ScanKernelVariant.all where kernel.queryQuadMax >= scanned.quadMax {
            if scanned.isFar, !kernel.readsGivenBlocksOnly { continue }
            let hits = scanned.hits { table, blocks, queries, hits in
                kernel.scan(
                    table, blocks: blocks, queries: queries, queryCount: scanned.queryCount, into: hits)
            }
            expect(hits, expected, "\(kernel)", scanned)
            let kept = scanned.hits { table, blocks, queries, hits in
                kernel.products(
                    table, blocks: blocks, queries: queries, queryCount: scanned.queryCount,
                    into: products.base)
                return kernel.keep(
                    products.base, table, columns: columns.base, blocks: blocks, queries: queries,
                    queryCount: scanned.queryCount, into: hits)
            }
            expect(kept, expected, "\(kernel) by products", scanned)
            let left = scanned.hits { table, blocks, queries, hits in
                let rowCount = 16 * blocks.count
                for index in 0..<rowCount * scanned.queryCount
                where isExcluded(index / rowCount, 16 * blocks.lowerBound + index % rowCount) {
                    products.base[index] = CodePeaks.excluded
                }
                return kernel.keep(
                    products.base, table, columns: columns.base, blocks: blocks, queries: queries,
                    queryCount: scanned.queryCount, into: hits)
            }
            expect(left, allowed, "\(kernel) by products but for some", scanned)
        }
    }

    private func expect(
        _ hits: [ScanKernelHit]?, _ expected: [ScanKernelHit], _ kernel: String, _ scanned: ScanKernelCase
    ) {
        if hits == expected { return }
        let different = zip(hits ?? [], expected).first { $0 != $1 }
        Issue.record(
            """
            \(kernel): \(hits.map { "\($0.count)" } ?? "no") hits instead of \(expected.count), \
            first difference \(different.map { "\($0)" } ?? "at the end"); dimension \
            \(scanned.dimension), \(scanned.rowCount) rows, blocks \(scanned.blocks), \
            \(scanned.queryCount) queries, quads to \(scanned.quadMax)
            """)
    }

    @Test func everyKernelKeepsWhatTheReferenceKeeps() {
        var generator = SeededGenerator.announced()
        for _ in 0..<Self.rounds {
            for dimension in Self.dimensions {
                let few = Bool.random(using: &generator)
                let queryCount = Int.random(in: 1...(few ? 6 : 70), using: &generator)
                let rowsMax = max(16, Self.productsMax / (queryCount * dimension))
                expectSameHits(
                    ScanKernelCase(
                        dimension: dimension,
                        rowCount: Int.random(in: 1...min(5_000, rowsMax), using: &generator),
                        queryCount: queryCount, quadMax: Bool.random(using: &generator) ? 128 : 508,
                        isFar: Bool.random(using: &generator), using: &generator))
            }
        }
    }

    @Test func everyNumberOfQueriesIsTiled() {
        var generator = SeededGenerator.announced()
        for queryCount in 1...70 {
            expectSameHits(
                ScanKernelCase(
                    dimension: Int.random(in: 1...70, using: &generator),
                    rowCount: Int.random(in: 1...(isOptimised ? 600 : 60), using: &generator),
                    queryCount: queryCount, quadMax: 128, wholeTable: true,
                    isFar: Bool.random(using: &generator), using: &generator))
        }
    }

    /// The codes of blocks without an eligible row are in unreadable pages.
    @Test func emptyBlocksAreNotRead() throws {
        var generator = SeededGenerator.announced()
        // 64 groups of 64 bytes: a block is a page.
        for queryCount in [1, 2, 3, 5, 6, 7, 16, 33] {
            let blockCount = 40
            let empty = (0..<blockCount).map { _ in Bool.random(using: &generator) }
            let masks: [[UInt16]?] = (0..<queryCount).map { _ in
                empty.map { $0 ? 0 : UInt16.random(in: 0...UInt16.max, using: &generator) }
            }
            let scanned = ScanKernelCase(
                dimension: 256, rowCount: 16 * blockCount, queryCount: queryCount, quadMax: 128,
                wholeTable: true, masks: masks, using: &generator)
            let expected = scanned.expected
            for block in 0..<blockCount where empty[block] {
                scanned.codes.forbid(4_096 * block..<4_096 * (block + 1))
            }
            for kernel in ScanKernelVariant.all {
                let hits = scanned.hits { table, blocks, queries, hits in
                    kernel.scan(table, blocks: blocks, queries: queries, queryCount: queryCount, into: hits)
                }
                #expect(hits == expected, "\(kernel)")
            }
        }
    }

    /// Compared with the definition in float64: no row that reaches its threshold is lost, and few others are kept.
    @Test func thresholdsLoseNothing() {
        var generator = SeededGenerator.announced()
        for _ in 0..<(isOptimised ? 200 : 20) {
            let scanned = ScanKernelCase(
                dimension: Int.random(in: 1...100, using: &generator), rowCount: 100, queryCount: 3,
                quadMax: 508, plain: true, wholeTable: true, masks: [nil, nil, nil], using: &generator)
            let kept = Set(scanned.expected.map { Int($0.query) * 100 + Int($0.position) })
            for query in 0..<3 {
                for row in 0..<100 {
                    let block = scanned.blockMembers.elements[row / 16]
                    let perNorm = Double(scanned.floorsPerNorm.elements[query])
                    let a =
                        (Double(scanned.floors.elements[query])
                            + perNorm * Double(perNorm >= 0 ? block.norm_min : block.norm_max))
                        * Double(block.inverse_scale)
                    let limit =
                        a - Double(scanned.norms.elements[query]) * Double(block.error)
                        - Double(scanned.errors.elements[query]) * Double(block.coded_norm)
                    let product = Double(product(of: scanned, query: query, row: row))
                    let isKept = kept.contains(query * 100 + row)
                    #expect(isKept || product < limit, "product \(product) reaches \(limit) and is lost")
                    let margin = abs(a) * 0x1p-19 + 4
                    #expect(!isKept || product >= limit - margin, "product \(product) is far below \(limit)")
                }
            }
        }
    }

    private func product(of scanned: ScanKernelCase, query: Int, row: Int) -> Int {
        (0..<scanned.dimension).reduce(0) { sum, element in
            let group = row / 16 * scanned.groups + element / 4
            let code = Int(scanned.codes.elements[64 * group + 4 * (row % 16) + element % 4]) - 128
            return sum + code * Int(scanned.queryCodes.elements[query * scanned.codeStride + element])
        }
    }

    @Test func infiniteFloorsKeepAllOrNothing() {
        var generator = SeededGenerator.announced()
        let scanned = ScanKernelCase(
            dimension: 7, rowCount: 37, queryCount: 2, quadMax: 128, plain: true, wholeTable: true,
            masks: [nil, nil], using: &generator)
        scanned.floors.elements[0] = -.infinity
        scanned.floors.elements[1] = .infinity
        let expected = scanned.expected
        #expect(expected.map { Int($0.position) } == Array(0..<37))
        #expect(expected.allSatisfy { $0.query == 0 })
        expectSameHits(scanned)
    }

    @Test func requestsThatCannotBeFollowed() {
        let available = ScanKernel.available.map(\.name)
        #expect(available.first == "portable")
        for name in ["portable", "avx2", "vnni", "amx"] {
            let wanted: ScanKernel.RequestFault? = available.contains(name) ? nil : .unavailable
            #expect(ScanKernel.fault(ofRequest: name) == wanted, "\(name)")
        }
        for value in ["", "AVX2", "avx", "avx22", " avx2", "avx2,amx", "avx512", "0"] {
            #expect(ScanKernel.fault(ofRequest: value) == .unknown, "\(value)")
        }
        #expect(ScanKernel.rule == "portable, avx2, vnni or amx")
    }

    @Test func theChosenKernelIsOneOfThisMachine() throws {
        let chosen = ScanKernel.chosen
        #expect(ScanKernel.available.contains(chosen))
        #expect(ScanKernel(named: chosen.name) == chosen)
        #expect(ScanKernel(named: "portable")?.quadMax == 508)
        #expect(ScanKernel(named: "avx1024") == nil)

        var generator = SeededGenerator.announced()
        let scanned = ScanKernelCase(
            dimension: 64, rowCount: 1_000, queryCount: 9, quadMax: chosen.quadMax, using: &generator)
        let hits = scanned.hits { table, blocks, queries, hits in
            chosen.scan(table, blocks: blocks, queries: queries, count: 9, into: hits)
        }
        #expect(hits == scanned.expected)
    }
}
