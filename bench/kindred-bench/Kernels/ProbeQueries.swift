import KindredKernels
import KindredSystem

/// Random coded queries with reachable thresholds, so that no kernel skips a block, which no row reaches.
final class ProbeQueries: @unchecked Sendable {
    /// Greatest code that every kernel accepts in any group of four.
    private static let codeMax = 31

    private let codes: MemoryRegion
    private let offsets: MemoryRegion
    private let floors: MemoryRegion
    private let zeros: MemoryRegion
    private let stride: Int

    init(count: Int, dimension: Int) throws {
        stride = (dimension + 63) / 64 * 64
        codes = try MemoryRegion(byteCount: count * stride)
        offsets = try MemoryRegion(byteCount: count * 4)
        floors = try MemoryRegion(byteCount: count * 4)
        zeros = try MemoryRegion(byteCount: count * 4)
        var source = RandomSource(seed: 3)
        for query in 0..<count {
            var sum: Int32 = 0
            for element in 0..<dimension {
                let code = Int8.random(in: -Int8(Self.codeMax)...Int8(Self.codeMax), using: &source)
                codes.mutableBytes.storeBytes(of: code, toByteOffset: query * stride + element, as: Int8.self)
                sum += Int32(code)
            }
            offsets.mutableBytes.storeBytes(of: 128 * sum, toByteOffset: query * 4, as: Int32.self)
            // Half the score of the greatest codes; random codes stay far below it in every dimension.
            let floor = Float(dimension * 127 * Self.codeMax) / 2
            floors.mutableBytes.storeBytes(of: floor, toByteOffset: query * 4, as: Float.self)
        }
    }

    /// Pointers are valid while this object lives.
    var columns: CodeQueries {
        func floats(_ region: MemoryRegion) -> UnsafePointer<Float> {
            UnsafePointer(region.baseAddress!.assumingMemoryBound(to: Float.self))
        }
        return CodeQueries(
            codes: codes.baseAddress!.assumingMemoryBound(to: Int8.self), code_stride: stride,
            offsets: offsets.baseAddress!.assumingMemoryBound(to: Int32.self), floors: floats(floors),
            floors_per_norm: floats(zeros), norms: floats(zeros), errors: floats(zeros), masks: nil)
    }
}
