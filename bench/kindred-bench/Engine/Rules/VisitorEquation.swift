import KindredModel

/// The equation that a folded-in vector solves, by plain sums: (Yᵀ Y + Yᵀ (C - I) Y + λ I) x = Yᵀ C p.
struct VisitorEquation {
    private let model: RulesModel
    /// Yᵀ Y + λ I, row-major.
    private let matrix: [Double]

    init(_ model: RulesModel) {
        let d = model.dimension
        var matrix = Array(repeating: 0.0, count: d * d)
        var wide = Array(repeating: 0.0, count: d)
        for row in 0..<UInt32(model.rows) {
            let vector = model.items.vector(ofRow: row)
            for element in 0..<d { wide[element] = Double(vector[element]) }
            Self.addProduct(wide, factor: 1, to: &matrix)
        }
        for element in 0..<d { matrix[element * d + element] += RulesModel.foldIn.lambda }
        self.model = model
        self.matrix = matrix
    }

    private static func addProduct(_ vector: [Double], factor: Double, to matrix: inout [Double]) {
        let d = vector.count
        matrix.withUnsafeMutableBufferPointer { matrix in
            vector.withUnsafeBufferPointer { vector in
                for i in 0..<d {
                    let one = factor * vector[i]
                    for j in 0..<d { matrix[i * d + j] += one * vector[j] }
                }
            }
        }
    }

    /// The length of the difference of both sides for a visitor's vector, as a share of the right side's length.
    func residual(of vector: [Float], visitor: Int) -> Double {
        let d = model.dimension
        var left = matrix
        var right = Array(repeating: 0.0, count: d)
        for row in model.clicks[visitor] {
            let item = model.items.vector(ofRow: row)
            let wide = (0..<d).map { Double(item[$0]) }
            Self.addProduct(wide, factor: RulesModel.foldIn.alpha - 1, to: &left)
            for element in 0..<d { right[element] += RulesModel.foldIn.alpha * wide[element] }
        }
        var difference = 0.0
        var length = 0.0
        for i in 0..<d {
            var sum = -right[i]
            for j in 0..<d { sum += left[i * d + j] * Double(vector[j]) }
            difference += sum * sum
            length += right[i] * right[i]
        }
        return (difference / length).squareRoot()
    }
}
