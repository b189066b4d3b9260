import CKindredKernels
import KindredKernels
import TestSupport

/// Random codes, blocks and queries. Each array ends at the end of readable memory.
struct ScanKernelCase {
    let dimension: Int
    let rowCount: Int
    let queryCount: Int
    let quadMax: Int
    let blocks: Range<Int>
    let codes: ScanKernelMemory<UInt8>
    let blockMembers: ScanKernelMemory<kindred_code_block>
    let queryCodes: ScanKernelMemory<Int8>
    let codeStride: Int
    let offsets: ScanKernelMemory<Int32>
    let floors: ScanKernelMemory<Float>
    let floorsPerNorm: ScanKernelMemory<Float>
    let norms: ScanKernelMemory<Float>
    let errors: ScanKernelMemory<Float>
    let masks: [ScanKernelMemory<UInt16>?]
    private let maskPointers: ScanKernelMemory<UnsafePointer<UInt16>?>?

    var groups: Int { (dimension + 3) / 4 }
    var blockCount: Int { (rowCount + 15) / 16 }

    /// Whether the table claims more than 32 MiB of codes. Only the codes of `blocks` are in memory.
    let isFar: Bool

    /// With `plain`, all members have usual magnitudes, so that a float64 evaluation of the threshold is meaningful.
    init(
        dimension: Int, rowCount: Int, queryCount: Int, quadMax: Int, plain: Bool = false,
        wholeTable: Bool = false, isFar: Bool = false,
        masks given: [[UInt16]?]? = nil, using generator: inout SeededGenerator
    ) {
        self.dimension = dimension
        self.rowCount = rowCount
        self.queryCount = queryCount
        self.quadMax = quadMax
        let groups = (dimension + 3) / 4
        let blockCount = (rowCount + 15) / 16

        codes = Self.randomCodes(count: 64 * groups * blockCount, using: &generator)
        blockMembers = ScanKernelMemory(
            (0..<blockCount).map { _ in Self.randomBlock(plain: plain, using: &generator) })

        codeStride = (4 * groups + 63) / 64 * 64 + (plain ? 0 : 64 * Int.random(in: 0...1, using: &generator))
        queryCodes = ScanKernelMemory(count: codeStride * queryCount)
        var sums: [Int32] = []
        let extreme = Int.random(in: 0..<6, using: &generator) == 0
        for query in 0..<queryCount {
            var sum: Int32 = 0
            let coded = Self.randomQuery(
                dimension: dimension, quadMax: quadMax, isExtreme: extreme, using: &generator)
            for (element, code) in coded.enumerated() {
                queryCodes.elements[query * codeStride + element] = code
                sum += Int32(code)
            }
            sums.append(128 * sum)
        }
        offsets = ScanKernelMemory(sums)

        // The typical magnitude of a product of random codes.
        let spread = 0.58 * 74 * Double(min(127, quadMax / 4)) * Double(dimension).squareRoot()
        floors = ScanKernelMemory(
            (0..<queryCount).map { _ in
                if plain { return Float(generator.normal() * spread) }
                switch Int.random(in: 0..<12, using: &generator) {
                case 0: return .infinity
                case 1: return -.infinity
                case 2: return .greatestFiniteMagnitude
                case 3: return -.greatestFiniteMagnitude
                case 4: return Bool.random(using: &generator) ? 0x1p30 : -0x1p30
                case 5: return 0
                default: return Float((generator.normal() + 1) * spread)
                }
            })
        floorsPerNorm = ScanKernelMemory(
            (0..<queryCount).map { _ in
                switch Int.random(in: 0..<(plain ? 8 : 10), using: &generator) {
                case 0...3: return 0
                case 8: return 1e30
                case 9: return -1e30
                default: return Float(generator.normal())
                }
            })
        norms = ScanKernelMemory((0..<queryCount).map { _ in Float(generator.uniform() * 300) })
        errors = ScanKernelMemory((0..<queryCount).map { _ in Float(generator.uniform() * 3) })

        let random = Self.randomMasks(queryCount: queryCount, blockCount: blockCount, using: &generator)
        masks = (given ?? random ?? []).map { words in words.map { ScanKernelMemory($0) } }
        maskPointers =
            masks.isEmpty ? nil : ScanKernelMemory(masks.map { mask in mask.map { UnsafePointer($0.base) } })

        let first = wholeTable ? 0 : Int.random(in: 0..<blockCount, using: &generator)
        let end = wholeTable ? blockCount : Int.random(in: first...blockCount, using: &generator)
        blocks = first..<end
        self.isFar = isFar
    }

    var table: kindred_code_table {
        let tableRowCount = isFar ? rowCount + (32 << 20) / (4 * groups) : rowCount
        return kindred_code_table(
            codes: codes.base, blocks: blockMembers.base, groups: groups, row_count: tableRowCount)
    }

    var queries: kindred_code_queries {
        kindred_code_queries(
            codes: queryCodes.base, code_stride: codeStride, offsets: offsets.base, floors: floors.base,
            floors_per_norm: floorsPerNorm.base, norms: norms.base, errors: errors.base,
            masks: maskPointers.map { UnsafePointer($0.base) })
    }

    /// The hits of a scan, sorted by query and position; nil if the kernel refuses.
    func hits(
        of scan: (
            kindred_code_table, Range<Int>, kindred_code_queries, UnsafeMutablePointer<kindred_code_hit>
        ) -> Int?
    ) -> [ScanKernelHit]? {
        let room = ScanKernelMemory<kindred_code_hit>(count: 16 * blocks.count * queryCount)
        return withExtendedLifetime((self, room)) {
            guard let found = scan(table, blocks, queries, room.base) else { return nil }
            return room.elements[..<found].map(ScanKernelHit.init).sorted()
        }
    }

    /// The bounds of the scanned blocks.
    var columns: ScanKernelMemory<BlockColumns> {
        let count = (blocks.count + BlockColumns.blockCount - 1) / BlockColumns.blockCount
        let columns = ScanKernelMemory<BlockColumns>(count: count)
        BlockColumns.write(table, blocks: blocks, to: columns.base)
        return columns
    }

    /// The hits of the reference loop.
    var expected: [ScanKernelHit] {
        let reference = hits { table, blocks, queries, hits in
            var table = table
            var queries = queries
            return kindred_scan_codes_reference(
                &table, blocks.lowerBound, blocks.count, &queries, queryCount, hits)
        }
        return reference ?? []
    }

    /// Codes whose quads have magnitudes that sum to at most `quadMax`; with `isExtreme`, to exactly that, with one
    /// sign.
    private static func randomQuery(
        dimension: Int, quadMax: Int, isExtreme: Bool, using generator: inout SeededGenerator
    ) -> [Int8] {
        var codes = [Int8](repeating: 0, count: (dimension + 7) / 8 * 8)
        for first in stride(from: 0, to: codes.count, by: 8) {
            for pair in [0, 2] {
                var left = quadMax
                let isNegative = Bool.random(using: &generator)
                let members = [0, 1, 4, 5].map { first + pair + $0 }.shuffled(using: &generator)
                for (index, member) in members.enumerated() {
                    // The remaining members cannot take more than 127 each, so this one takes the rest.
                    let least = isExtreme ? max(0, left - 127 * (3 - index)) : 0
                    let magnitude = Int.random(in: least...min(127, left), using: &generator)
                    left -= magnitude
                    let isFlipped = isExtreme ? isNegative : Bool.random(using: &generator)
                    codes[member] = Int8(isFlipped ? -magnitude : magnitude)
                }
            }
        }
        return Array(codes.prefix(dimension))
    }

    private static func randomCodes(count: Int, using generator: inout SeededGenerator) -> ScanKernelMemory<
        UInt8
    > {
        let codes = ScanKernelMemory<UInt8>(count: count)
        let bytes = UnsafeMutableRawBufferPointer(codes.elements)
        let constant: UInt64? = [nil, nil, nil, nil, nil, UInt64.max, 0x0101_0101_0101_0101].randomElement(
            using: &generator)!
        for offset in stride(from: 0, to: count, by: 8) {
            bytes.storeBytes(of: constant ?? generator.next(), toByteOffset: offset, as: UInt64.self)
        }
        return codes
    }

    private static func randomBlock(plain: Bool, using generator: inout SeededGenerator) -> kindred_code_block
    {
        let exponent = plain ? 0 : [0, 0, 0, 0, -60, 100].randomElement(using: &generator)!
        let scale = Float(sign: .plus, exponent: -exponent, significand: Float(generator.uniform() + 0.5))
        let norm = Float(generator.uniform() * 900)
        return kindred_code_block(
            scale: scale, inverse_scale: 1 / scale, error: Float(generator.uniform() * 4), coded_norm: norm,
            norm_min: norm * 0.9, norm_max: norm)
    }

    private static func randomMasks(
        queryCount: Int, blockCount: Int, using generator: inout SeededGenerator
    ) -> [[UInt16]?]? {
        guard Bool.random(using: &generator) else { return nil }
        let density = [0, 0.001, 0.01, 0.1, 0.5, 0.9, 1].randomElement(using: &generator)!
        return (0..<queryCount).map { _ in
            guard Int.random(in: 0..<8, using: &generator) > 0 else { return nil }
            return (0..<blockCount).map { _ in
                var word: UInt16 = 0
                for row in 0..<16 where generator.uniform() <= density { word |= 1 << UInt16(row) }
                return word
            }
        }
    }
}
