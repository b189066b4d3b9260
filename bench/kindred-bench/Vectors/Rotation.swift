/// A random rotation: orthonormal columns by Gram and Schmidt.
struct Rotation {
    let dimension: Int
    /// Column-major: axis i begins at element `i * dimension`.
    private let axes: [Double]

    init(dimension: Int, seed: UInt64) {
        var source = RandomSource(seed: seed)
        var axes: [[Double]] = []
        while axes.count < dimension {
            var axis = (0..<dimension).map { _ in
                (0..<4).reduce(0.0) { sum, _ in sum + Double.random(in: -1...1, using: &source) }
            }
            // Repeated, to remove rounding errors.
            for _ in 0..<2 {
                for other in axes {
                    let part = zip(axis, other).reduce(0) { $0 + $1.0 * $1.1 }
                    for element in 0..<dimension { axis[element] -= part * other[element] }
                }
            }
            let length = axis.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 1e-6 else { continue }
            axes.append(axis.map { $0 / length })
        }
        self.dimension = dimension
        self.axes = axes.flatMap { $0 }
    }

    /// The matrix, row-major, that scales coordinate i by `factors[i]` and then rotates.
    func scaled(_ factors: [Double]) -> [Float] {
        (0..<dimension * dimension).map { index in
            let (row, column) = index.quotientAndRemainder(dividingBy: dimension)
            return Float(axes[column * dimension + row] * factors[column])
        }
    }

    /// The rotated vector.
    func applied(to coordinates: [Double]) -> [Float] {
        (0..<dimension).map { row in
            Float((0..<dimension).reduce(0.0) { $0 + axes[$1 * dimension + row] * coordinates[$1] })
        }
    }
}
