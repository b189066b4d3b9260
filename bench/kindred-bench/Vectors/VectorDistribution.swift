import Glibc
import KindredKernels
import KindredSystem

/// A distribution of vectors: a direction, `mean + mixing * z` with z normal, and an independent norm.
struct VectorDistribution: Sendable {
    enum Norms: Sendable {
        case one
        /// e^(deviation * z).
        case logNormal(deviation: Double)
        /// One of these norms, all equally likely.
        case resampled([Float])
    }

    let dimension: Int
    var mean: [Float]
    /// Row-major, `dimension` x `dimension`; nil for the identity.
    var mixing: [Float]?
    var norms: Norms

    /// Vectors of length 1 in all directions equally.
    static func flat(dimension: Int) -> VectorDistribution {
        VectorDistribution(
            dimension: dimension, mean: Array(repeating: 0, count: dimension), mixing: nil, norms: .one)
    }

    /// Log-normal norms. The i-th axis of a random rotation has variance 1 / i.
    static func skewed(dimension: Int) -> VectorDistribution {
        let rotation = Rotation(dimension: dimension, seed: 4)
        return VectorDistribution(
            dimension: dimension, mean: Array(repeating: 0, count: dimension),
            mixing: rotation.scaled((0..<dimension).map { (1 / Double($0 + 1)).squareRoot() }),
            norms: .logNormal(deviation: 0.5))
    }

    /// Rows drawn from one seed, so that the rows do not depend on the thread that draws them.
    private static let rowsPerChunk = 1_024

    /// Draws rows, row-major, on all threads of the team.
    func rows(_ count: Int, seed: UInt64, team: ThreadTeam) throws -> MemoryRegion {
        let region = try MemoryRegion(byteCount: count * dimension * MemoryLayout<Float>.stride)
        let chunkCount = (count + Self.rowsPerChunk - 1) / Self.rowsPerChunk
        team.run { thread in
            for chunk in stride(from: thread, to: chunkCount, by: team.count) {
                let first = chunk * Self.rowsPerChunk
                let rowCount = min(Self.rowsPerChunk, count - first)
                let start = region.baseAddress!.assumingMemoryBound(to: Float.self) + first * dimension
                draw(
                    UnsafeMutableBufferPointer(start: start, count: rowCount * dimension),
                    seed: seed &+ UInt64(chunk) &* 0x9E37_79B9)
            }
        }
        return region
    }

    /// Draws rows as arrays of their elements.
    func vectors(_ count: Int, seed: UInt64, team: ThreadTeam) throws -> [[Float]] {
        let region = try rows(count, seed: seed, team: team)
        return withExtendedLifetime(region) {
            let elements = region.bytes.bindMemory(to: Float.self)
            return (0..<count).map { Array(elements[$0 * dimension..<($0 + 1) * dimension]) }
        }
    }

    private func draw(_ elements: UnsafeMutableBufferPointer<Float>, seed: UInt64) {
        var source = RandomSource(seed: seed)
        // A separate source, so that the first rows do not depend on how many follow.
        var normSource = RandomSource(seed: ~seed)
        let rowCount = elements.count / dimension
        for index in elements.indices { elements[index] = Self.normal(&source) }
        if let mixing {
            let drawn = Array(elements)
            BLAS.products(
                queries: drawn, queryCount: rowCount, rows: mixing, rowCount: dimension, dimension: dimension,
                into: elements.baseAddress!)
        }
        for row in 0..<rowCount {
            let vector = elements.baseAddress! + row * dimension
            for element in 0..<dimension { vector[element] += mean[element] }
            let length = Canonical.norm(vector, count: dimension)
            let factor = length > 0 ? Float(norm(&normSource) / length) : 0
            for element in 0..<dimension { vector[element] *= factor }
        }
    }

    private func norm(_ source: inout RandomSource) -> Double {
        switch norms {
        case .one: 1
        case .logNormal(let deviation): exp(deviation * Double(Self.normal(&source)))
        case .resampled(let norms): Double(norms[Int.random(in: norms.indices, using: &source)])
        }
    }

    /// Approximately normal with mean 0 and variance 1: the sum of four uniform numbers from one word.
    private static func normal(_ source: inout RandomSource) -> Float {
        let word = source.next()
        var sum: Int32 = 0
        for part in 0..<4 { sum += Int32(truncatingIfNeeded: word >> (16 * UInt64(part)) & 0xFFFF) }
        // The mean is 4 * 65,535 / 2, the variance 4 * 65,536^2 / 12.
        return Float(sum - 131_070) * (1.7320508 / 65_536)
    }
}
