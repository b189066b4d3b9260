import CKindredKernels
import KindredKernels
import TestSupport
import Testing

@Suite struct CodePeaksTests {
    @Test func everyKernelMultipliesAsTheReference() {
        var generator = SeededGenerator.announced()
        for dimension in Array(1...130) + [255, 1_023] {
            let scanned = ScanKernelCase(
                dimension: dimension, rowCount: Int.random(in: 1...300, using: &generator),
                queryCount: Int.random(in: 1...20, using: &generator), quadMax: 128, using: &generator)
            let expected = products(of: scanned)
            for kernel in ScanKernelVariant.all {
                let room = ScanKernelMemory<Int32>(count: expected.count)
                kernel.products(
                    scanned.table, blocks: scanned.blocks, queries: scanned.queries,
                    queryCount: scanned.queryCount, into: room.base)
                #expect(Array(room.elements) == expected, "\(kernel), dimension \(dimension)")
            }
        }
    }

    /// The peak of a group is at most the greatest bound of its eligible rows in float64, and not far below it.
    @Test func peaksAreBoundsOfTheirGroups() {
        var generator = SeededGenerator.announced()
        for _ in 0..<(isOptimised ? 400 : 15) {
            let scanned = ScanKernelCase(
                dimension: Int.random(in: 1...80, using: &generator),
                rowCount: Int.random(in: 1...4_000, using: &generator), queryCount: 2, quadMax: 508,
                plain: true,
                wholeTable: true, using: &generator)
            let all = products(of: scanned)
            let partCount = 1 << Int.random(in: 0...7, using: &generator)
            for query in 0..<2 {
                for byNorm in [false, true] {
                    for kernel in ScanKernel.available {
                        expectBounds(kernel, scanned, all, query, byNorm, partCount)
                    }
                }
            }
        }
    }

    private func expectBounds(
        _ kernel: ScanKernel, _ scanned: ScanKernelCase, _ all: [Int32], _ query: Int, _ byNorm: Bool,
        _ partCount: Int
    ) {
        let blockCount = scanned.blockCount
        let own = ScanKernelMemory(Array(all[(query * 16 * blockCount)..<((query + 1) * 16 * blockCount)]))
        // Every fifth row is excluded, or none.
        let isExcluded = { (row: Int) in partCount > 1 && row % 5 == query }
        for row in own.elements.indices where isExcluded(row) { own.elements[row] = CodePeaks.excluded }
        let peaks = ScanKernelMemory<Float>(count: 16 * partCount)
        var table = scanned.table
        var queries = scanned.queries
        let columns = scanned.columns
        let isAvailable = kindred_code_peaks_with(
            kernel.name, &table, columns.base, 0, blockCount, &queries, query, own.base, byNorm, partCount,
            peaks.base)
        #expect(isAvailable)
        withExtendedLifetime((own, columns)) {}
        var exact = [Double](repeating: -.infinity, count: 16 * partCount)
        for row in 0..<scanned.rowCount where !isExcluded(row) {
            if let mask = scanned.masks.isEmpty ? nil : scanned.masks[query],
                mask.elements[row / 16] >> UInt16(row % 16) & 1 == 0
            {
                continue
            }
            let block = scanned.blockMembers.elements[row / 16]
            let margin =
                Double(scanned.norms.elements[query]) * Double(block.error)
                + Double(scanned.errors.elements[query]) * Double(block.coded_norm)
            var bound = Double(block.scale) * (Double(own.elements[row]) - margin)
            if byNorm { bound /= Double(bound >= 0 ? block.norm_max : block.norm_min) }
            let group = 16 * (row / 16 % partCount) + row % 16
            exact[group] = max(exact[group], bound)
        }
        for group in exact.indices {
            let peak = Double(peaks.elements[group])
            let message: Comment =
                "\(kernel.name), group \(group) of \(16 * partCount), query \(query), by norm \(byNorm)"
            if exact[group] == -.infinity {
                #expect(peak == -.infinity, message)
            } else {
                #expect(peak <= exact[group] + exact[group].magnitude * 0x1p-20, message)
                // Not far below, or it would be useless as a threshold.
                #expect(peak >= exact[group] - slack(of: scanned, query, byNorm), message)
            }
        }
    }

    /// The greatest loss of a bound by rounding and margins: a share of the greatest product and margin, and some
    /// units.
    private func slack(of scanned: ScanKernelCase, _ query: Int, _ byNorm: Bool) -> Double {
        scanned.blockMembers.elements.map { block in
            let margin =
                Double(scanned.norms.elements[query]) * Double(block.error)
                + Double(scanned.errors.elements[query]) * Double(block.coded_norm)
            let product = 127.0 * 127 * Double(scanned.dimension)
            let unit = Double(block.scale) / (byNorm ? Double(block.norm_min) : 1)
            return unit * ((product + margin) * 0x1p-18 + 4)
        }.max()!
    }

    @Test func selectsTheKthGreatest() {
        var generator = SeededGenerator.announced()
        for _ in 0..<(isOptimised ? 2_000 : 200) {
            let count = Int.random(
                in: 1...(Bool.random(using: &generator) ? 256 : Int(KINDRED_PEAKS_MAX)), using: &generator)
            let distinct = Int.random(in: 1...count, using: &generator)
            let middle = Float(Int.random(in: 0...distinct, using: &generator))
            let unit: Float = [1, 0x1p-140, 0x1.5p100].randomElement(using: &generator)!
            var values = (0..<count).map { _ in
                let value = Int.random(in: 0...distinct, using: &generator)
                return value == 0 ? -Float.infinity : (Float(value) - middle) * unit
            }
            let k = Int.random(in: 1...count, using: &generator)
            let expected = values.sorted(by: >)[k - 1]
            #expect(kindred_kth_greatest(&values, count, k) == expected)
        }
    }

    /// The products by the definition; all products of a query follow each other.
    private func products(of scanned: ScanKernelCase) -> [Int32] {
        var products: [Int32] = []
        for query in 0..<scanned.queryCount {
            for block in scanned.blocks {
                for row in 0..<16 {
                    var product: Int32 = 0
                    for element in 0..<4 * scanned.groups {
                        let at = 64 * (block * scanned.groups + element / 4) + 4 * row + element % 4
                        product +=
                            (Int32(scanned.codes.elements[at]) - 128)
                            * Int32(scanned.queryCodes.elements[query * scanned.codeStride + element])
                    }
                    products.append(product)
                }
            }
        }
        return products
    }
}
