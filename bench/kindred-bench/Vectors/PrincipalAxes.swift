/// Eigenvectors and eigenvalues of a symmetric matrix by Jacobi rotations (Golub and Van Loan, 8.5).
struct PrincipalAxes {
    let dimension: Int
    /// Descending, not negative.
    private(set) var variances: [Double]
    /// `vectors[i]` belongs to `variances[i]` and has length 1.
    private(set) var vectors: [[Double]]

    private static let sweepsMax = 30

    /// `covariance` is row-major.
    init(covariance: [Double], dimension d: Int) {
        var a = covariance
        // Row i becomes the i-th eigenvector.
        var v = (0..<d * d).map { $0 / d == $0 % d ? 1.0 : 0 }
        let scale = a.reduce(0) { $0 + $1 * $1 }
        for _ in 0..<Self.sweepsMax {
            var offDiagonal = 0.0
            for p in 0..<d { for q in 0..<p { offDiagonal += a[p * d + q] * a[p * d + q] } }
            if offDiagonal <= 1e-24 * scale { break }
            for p in 0..<d {
                for q in p + 1..<max(d, p + 1) where a[p * d + q] != 0 {
                    Self.rotate(&a, &v, p, q, d)
                }
            }
        }
        let order = (0..<d).sorted { a[$0 * d + $0] > a[$1 * d + $1] }
        dimension = d
        variances = order.map { max(0, a[$0 * d + $0]) }
        vectors = order.map { Array(v[$0 * d..<($0 + 1) * d]) }
    }

    /// Rotates so that element (p, q) becomes zero.
    private static func rotate(_ a: inout [Double], _ v: inout [Double], _ p: Int, _ q: Int, _ d: Int) {
        let theta = (a[q * d + q] - a[p * d + p]) / (2 * a[p * d + q])
        let t = (theta < 0 ? -1.0 : 1) / (theta.magnitude + (theta * theta + 1).squareRoot())
        let c = 1 / (t * t + 1).squareRoot()
        let s = t * c
        for k in 0..<d {
            let (x, y) = (a[k * d + p], a[k * d + q])
            a[k * d + p] = c * x - s * y
            a[k * d + q] = s * x + c * y
        }
        for k in 0..<d {
            let (x, y) = (a[p * d + k], a[q * d + k])
            a[p * d + k] = c * x - s * y
            a[q * d + k] = s * x + c * y
            let (z, w) = (v[p * d + k], v[q * d + k])
            v[p * d + k] = c * z - s * w
            v[q * d + k] = s * z + c * w
        }
    }
}
