import KindredModel

/// Mean and covariance of the directions of a table's rows, and the rows' norms.
struct DirectionStatistics {
    let dimension: Int
    private(set) var mean: [Double]
    /// Row-major, `dimension` x `dimension`.
    private(set) var covariance: [Double]
    private(set) var norms: [Float] = []

    /// Rows with norm 0 have no direction; they count among the norms only.
    init(_ table: VectorTable) {
        let d = table.dimension
        dimension = d
        mean = Array(repeating: 0, count: d)
        covariance = Array(repeating: 0, count: d * d)
        var count = 0.0
        var direction = Array(repeating: 0.0, count: d)
        for row in 0..<table.count {
            let norm = table.norms[row]
            norms.append(Float(norm))
            guard norm > 0 else { continue }
            let vector = table.vector(ofRow: UInt32(row))
            for i in 0..<d {
                direction[i] = Double(vector[i]) / norm
                mean[i] += direction[i]
            }
            for i in 0..<d { for j in 0...i { covariance[i * d + j] += direction[i] * direction[j] } }
            count += 1
        }
        count = max(count, 1)
        for i in 0..<d { mean[i] /= count }
        for i in 0..<d {
            for j in 0...i {
                let value = covariance[i * d + j] / count - mean[i] * mean[j]
                covariance[i * d + j] = value
                covariance[j * d + i] = value
            }
        }
    }

    /// The distribution with these statistics, at the table's dimension.
    var distribution: VectorDistribution {
        let axes = PrincipalAxes(covariance: covariance, dimension: dimension)
        let mixing = (0..<dimension * dimension).map { index in
            let axis = index % dimension
            return Float(axes.vectors[axis][index / dimension] * axes.variances[axis].squareRoot())
        }
        return VectorDistribution(
            dimension: dimension, mean: mean.map { Float($0) }, mixing: mixing, norms: .resampled(norms))
    }

    /// A similar distribution at another dimension. Mean and variances along the axes are interpolated, then rotated by
    /// a rotation that all distributions of the same dimension share.
    func distribution(along axes: PrincipalAxes, dimension wanted: Int) -> VectorDistribution {
        let rotation = Rotation(dimension: wanted, seed: 5)
        // Keeps the length of the mean and the sum of variances.
        let factor = Double(dimension) / Double(wanted)
        let means = axes.vectors.map { axis in zip(axis, mean).reduce(0) { $0 + $1.0 * $1.1 } }
        let variances = axes.vectors.map { axis in
            (0..<dimension).reduce(0.0) { sum, i in
                sum + axis[i] * (0..<dimension).reduce(0.0) { $0 + covariance[i * dimension + $1] * axis[$1] }
            }
        }
        return VectorDistribution(
            dimension: wanted,
            mean: rotation.applied(
                to: Self.interpolated(means, count: wanted).map { $0 * factor.squareRoot() }),
            mixing: rotation.scaled(
                Self.interpolated(variances, count: wanted).map { (max(0, $0) * factor).squareRoot() }),
            norms: .resampled(norms))
    }

    /// Linear interpolation of `values` at `count` equidistant points.
    private static func interpolated(_ values: [Double], count: Int) -> [Double] {
        (0..<count).map { index in
            let place = (Double(index) + 0.5) / Double(count) * Double(values.count) - 0.5
            let low = min(max(Int(place.rounded(.down)), 0), values.count - 1)
            let high = min(low + 1, values.count - 1)
            let share = min(max(place - Double(low), 0), 1)
            return values[low] * (1 - share) + values[high] * share
        }
    }
}
