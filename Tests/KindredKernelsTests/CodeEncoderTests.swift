import CKindredKernels
import KindredKernels
import TestSupport
import Testing

#if arch(x86_64)
    /// Float80 has eleven more bits of precision than the arithmetic under test.
    private typealias Wide = Float80
#else
    private typealias Wide = Double
#endif

@Suite struct CodeEncoderTests {
    private static let dimensions =
        isOptimised
        ? Array(1...300) + [511, 512, 513, 1_000, 4_095, 4_096]
        : Array(1...40) + [63, 64, 65, 127, 128, 129, 300, 4_096]

    /// Rows that are hard to encode: all shapes, and rows that are hard to scale.
    private static func rows(
        count: Int, dimension: Int, case index: Int, using generator: inout SeededGenerator
    ) -> [[Float]] {
        let shapes = VectorShape.allCases
        if index < shapes.count {
            return shapes[index].rows(count: count, dimension: dimension, using: &generator)
        }
        var rows = VectorShape.flat.rows(count: count, dimension: dimension, using: &generator)
        switch index - shapes.count {
        case 0:
            // Norms close to the greatest allowed.
            for row in rows.indices {
                let norm = Canonical.norm(rows[row], count: dimension)
                guard norm > 0 else { continue }
                rows[row] = rows[row].map { Float(Double($0) / norm * 0x1.fffffp59) }
            }
        case 1: rows[count / 2][dimension / 2] = 0x1p40
        case 2: rows = rows.map { $0.map { _ in 0 } }
        case 3: rows = rows.map { $0.map { $0 < 0 ? -Float.leastNonzeroMagnitude : 0 } }
        case 4: rows = rows.map { $0.map { $0 * 0x1p-100 } }
        default:
            // Halfway between two codes.
            rows = rows.map { $0.map { _ in Float(Int.random(in: -254...254, using: &generator)) / 2 } }
            rows[0][0] = 127
        }
        return rows
    }

    private static let cases = VectorShape.allCases.count + 6

    /// A block of rows and its codes.
    private struct Coded {
        let rows: [[Float]]
        let norms: [Double]
        let codes: [UInt8]
        let block: CodeBlock

        /// By the encoder of a named kernel, or by the chosen one.
        init(_ rows: [[Float]], kernel: String? = nil) {
            let dimension = rows[0].count
            let byteCount = CodeEncoder.blockByteCount(dimension: dimension)
            let flat = rows.flatMap { $0 }
            let norms = rows.map { Canonical.norm($0, count: dimension) }
            // The bytes after the block must stay unchanged.
            var codes = [UInt8](repeating: 7, count: byteCount + 64)
            block = flat.withUnsafeBufferPointer { flat in
                let pointers = rows.indices.map { Optional(flat.baseAddress! + $0 * dimension) }
                if let kernel {
                    var block = CodeBlock()
                    #expect(
                        kindred_encode_block_with(
                            kernel, pointers, norms, rows.count, dimension, &codes, &block))
                    return block
                }
                return CodeEncoder.encode(
                    rows: pointers, norms: norms, rowCount: rows.count, dimension: dimension, into: &codes)
            }
            #expect(codes[byteCount...].allSatisfy { $0 == 7 })
            self.rows = rows
            self.norms = norms
            self.codes = Array(codes[..<byteCount])
        }

        /// The code of an element, which may be beyond the dimension or the last row.
        func code(_ row: Int, _ element: Int) -> Int {
            Int(codes[element / 4 * 64 + row * 4 + element % 4]) - 128
        }
    }

    @Test func encodersWriteTheSameBits() {
        var generator = SeededGenerator.announced()
        let others = ScanKernel.available.map(\.name).filter { $0 != "portable" }
        for dimension in Self.dimensions {
            for index in 0..<Self.cases {
                let count = Int.random(in: 1...16, using: &generator)
                let rows = Self.rows(count: count, dimension: dimension, case: index, using: &generator)
                let what = "d \(dimension), case \(index), \(count) rows"
                let wanted = Coded(rows, kernel: "portable")
                for coded in others.map({ Coded(rows, kernel: $0) }) + [Coded(rows)] {
                    #expect(coded.codes == wanted.codes, "\(what)")
                    #expect(Self.bits(coded.block) == Self.bits(wanted.block), "\(what)")
                }
                let quadMax = [508, 128, 8].randomElement(using: &generator)!
                let query = Self.bits(ofQuery: rows[0], quadMax: quadMax, kernel: "portable")
                for kernel in others.map(Optional.some) + [nil] {
                    let bits = Self.bits(ofQuery: rows[0], quadMax: quadMax, kernel: kernel)
                    #expect(bits == query, "\(what), quads to \(quadMax), \(kernel ?? "chosen")")
                }
            }
        }
    }

    @Test func unknownEncodersWriteNothing() {
        let row: [Float] = [1, 2, 3, 4]
        var codes = [Int8](repeating: 7, count: 4)
        var code = QueryCode()
        #expect(!kindred_encode_query_with("none", row, 4, 508, &codes, &code))
        #expect(codes == [7, 7, 7, 7] && code.scale == 0)
    }

    private static func bits(_ block: CodeBlock) -> [UInt32] {
        [block.scale, block.inverse_scale, block.error, block.coded_norm, block.norm_min, block.norm_max]
            .map(\.bitPattern)
    }

    /// All output of a query's encoder: of a named kernel, or of the chosen one.
    private static func bits(ofQuery query: [Float], quadMax: Int, kernel: String?) -> [UInt64] {
        let dimension = query.count
        var codes = [Int8](repeating: 7, count: CodeEncoder.groups(dimension: dimension) * 4 + 8)
        var code = QueryCode()
        if let kernel {
            #expect(
                kindred_encode_query_with(kernel, query, dimension, Int32(quadMax), &codes, &code))
        } else {
            code = CodeEncoder.encode(query: query, dimension: dimension, quadMax: quadMax, into: &codes)
        }
        return [code.scale.bitPattern, code.norm.bitPattern, code.error.bitPattern]
            + [UInt64(UInt32(bitPattern: code.offset))] + codes.map { UInt64(UInt8(bitPattern: $0)) }
    }

    private static func norm(_ elements: some Sequence<Wide>) -> Wide {
        elements.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    @Test func statedBoundsHold() {
        var generator = SeededGenerator.announced()
        for dimension in Self.dimensions {
            for index in 0..<Self.cases {
                let count = Int.random(in: 1...16, using: &generator)
                let coded = Coded(
                    Self.rows(count: count, dimension: dimension, case: index, using: &generator))
                check(coded, dimension: dimension, "d \(dimension), case \(index), \(count) rows")
            }
        }
    }

    private func check(_ coded: Coded, dimension: Int, _ what: String) {
        let block = coded.block
        #expect((0x1p-100...0x1p60).contains(block.scale), "\(what)")
        #expect(block.inverse_scale == 1 / block.scale, "\(what)")
        let scale = Wide(block.scale)
        var greatest = 0
        for row in 0..<16 {
            for element in 0..<CodeEncoder.groups(dimension: dimension) * 4
            where row >= coded.rows.count || element >= dimension {
                if coded.code(row, element) != 0 { Issue.record("code past the end: \(what)") }
            }
            guard row < coded.rows.count else { continue }
            let exact = coded.rows[row].map { Wide($0) }
            let codes = (0..<dimension).map { coded.code(row, $0) }
            greatest = max(greatest, codes.map { abs($0) }.max()!)
            let norm = Self.norm(exact)
            let error = Self.norm(zip(exact, codes).map { $0 - scale * Wide($1) })
            let rounding = Wide(dimension + 8) * 0x1p-50 * norm
            #expect(Wide(block.error) * scale >= error + rounding, "\(what)")
            // Half a unit per element, and a little for rounding.
            #expect(Wide(block.error) <= Wide(dimension).squareRoot() * 0.5001, "\(what)")
            #expect(Wide(block.coded_norm) >= Self.norm(codes.map { Wide($0) }), "\(what)")
            #expect(Wide(block.norm_min) <= norm && Wide(block.norm_max) >= norm, "\(what)")
        }
        #expect(greatest <= 127, "\(what)")
        let isEmpty = coded.rows.allSatisfy { $0.allSatisfy { $0 == 0 } }
        #expect(!isEmpty || block.scale == 1, "\(what)")
        // The greatest code is 127 unless the scale is the least possible.
        #expect(isEmpty || block.scale == 0x1p-100 || greatest == 127, "\(what)")
        let norms = coded.norms.map { Float($0) }
        #expect(block.norm_min >= norms.min()!.nextDown.nextDown, "\(what)")
        #expect(block.norm_max <= norms.max()!.nextUp.nextUp, "\(what)")
    }

    @Test(arguments: [508, 128, 8]) func productsAreWithinTheProvenDistance(quadMax: Int) {
        var generator = SeededGenerator.announced()
        for dimension in Self.dimensions {
            for index in 0..<Self.cases {
                let other = Int.random(in: 0..<Self.cases, using: &generator)
                let coded = Coded(
                    Self.rows(count: 16, dimension: dimension, case: index, using: &generator))
                let query = Self.rows(count: 1, dimension: dimension, case: other, using: &generator)[0]
                check(
                    query, against: coded, quadMax: quadMax,
                    "d \(dimension), cases \(other) and \(index), quads to \(quadMax)")
            }
        }
    }

    private func check(_ query: [Float], against coded: Coded, quadMax: Int, _ what: String) {
        let dimension = query.count
        let byteCount = CodeEncoder.groups(dimension: dimension) * 4
        var codes = [Int8](repeating: 7, count: byteCount + 8)
        let code = CodeEncoder.encode(query: query, dimension: dimension, quadMax: quadMax, into: &codes)
        let scale = Wide(code.scale)
        #expect(code.scale >= 0x1p-100 && codes[byteCount...].allSatisfy { $0 == 7 }, "\(what)")
        #expect(codes[dimension..<byteCount].allSatisfy { $0 == 0 }, "\(what)")
        #expect(codes[..<byteCount].allSatisfy { $0 >= -127 }, "\(what)")
        #expect(Self.quads(of: codes[..<byteCount]).allSatisfy { $0 <= quadMax }, "\(what)")
        #expect(Int(code.offset) == 128 * codes[..<byteCount].reduce(0) { $0 + Int($1) }, "\(what)")
        let error = Self.norm(zip(query, codes).map { Wide($0) - scale * Wide($1) })
        #expect(Wide(code.norm) * scale >= Self.norm(query.map { Wide($0) }), "\(what)")
        #expect(Wide(code.error) * scale >= error, "\(what)")
        #expect(code.error <= Double(dimension).squareRoot() * 0.5001, "\(what)")
        // The greatest code or quad reaches its limit, except for rounding.
        let isCoded = query.contains { $0 != 0 } && code.scale > 0x1p-100
        let greatest = codes.prefix(byteCount).map { abs(Int($0)) }.max()!
        let quad = Self.quads(of: codes[..<byteCount]).max()!
        #expect(!isCoded || greatest == 127 || quad >= quadMax - 5, "\(what)")

        let block = coded.block
        let unit = scale * Wide(block.scale)
        let distance =
            unit * (Wide(code.norm) * Wide(block.error) + Wide(code.error) * Wide(block.coded_norm))
        for row in coded.rows.indices {
            let product = (0..<dimension).reduce(0) { $0 + Int(codes[$1]) * coded.code(row, $1) }
            let sum = Wide(Canonical.sum(query, coded.rows[row], count: dimension))
            #expect(abs(sum - unit * Wide(product)) <= distance, "\(what), row \(row)")
        }
    }

    /// The sums of the magnitudes of two neighbouring elements and the two elements four further on.
    private static func quads(of codes: ArraySlice<Int8>) -> [Int] {
        var sums: [Int] = []
        for first in stride(from: 0, to: codes.count, by: 8) {
            for pair in [0, 2] {
                let members = [0, 1, 4, 5].map { first + pair + $0 }.filter { $0 < codes.count }
                sums.append(members.reduce(0) { $0 + abs(Int(codes[$1])) })
            }
        }
        return sums
    }

    @Test func codesFollowTheLayout() {
        let coded = Coded([[1, -2, 3, -4, 127], [0, 0, 0, 0, 0.4], [-127, 0.6, 0, 0, 0]])
        #expect(coded.block.scale == 1 && coded.block.norm_min <= 0.4)
        #expect(coded.codes.count == 128)
        #expect(Array(coded.codes[0..<12]) == [129, 126, 131, 124, 128, 128, 128, 128, 1, 129, 128, 128])
        #expect(Array(coded.codes[64..<76]) == [255, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128])
    }
}
