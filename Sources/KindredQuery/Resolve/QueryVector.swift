import KindredDomain
import KindredKernels
import KindredModel

/// The vector that a query compares rows with: a stored row, or a vector made for the query.
package struct QueryVector: @unchecked Sendable {
    /// Points into a table that the plan's generation keeps alive.
    private let stored: UnsafePointer<Float>?
    private let made: [Float]
    /// The float64 norm.
    package let norm: Double

    /// A stored row. The table must outlive the query.
    package init(row: UInt32, of table: VectorTable) {
        let elements = table.vector(ofRow: row)
        // A scan reads them, soon but not at once.
        Canonical.prefetch(elements, count: table.dimension)
        stored = elements
        made = []
        norm = table.norms[Int(row)]
    }

    /// A vector made for the query; its elements are finite.
    package init(made elements: [Float]) {
        stored = nil
        made = elements
        norm = elements.withUnsafeBufferPointer { Self.norm(of: $0) }
    }

    /// The canonical norm of elements, at least 1.
    @inline(__always)
    static func norm(of elements: UnsafeBufferPointer<Float>) -> Double {
        Canonical.norm(elements.baseAddress!, count: elements.count)
    }

    /// True for the vector of a stored row.
    package var isStored: Bool { stored != nil }

    /// Calls `body` with the elements, which are valid during the call.
    package func withElements<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
        if let stored { return body(stored) }
        return made.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    /// The vector divided by its norm in float64, each element rounded once. The norm must not be 0.
    package func normalised(dimension: Int) -> QueryVector {
        withElements { elements in
            QueryVector(made: (0..<dimension).map { Float(Double(elements[$0]) / norm) })
        }
    }

    /// A vector of a request. Throws where an element is not finite or the norm is above 2^60.
    package static func given(_ elements: ArraySlice<Float>) throws(RequestFailure) -> QueryVector {
        for (position, element) in elements.enumerated() where !element.isFinite {
            throw .invalidArgument(.vectorNotFinite(element: position, value: element))
        }
        let vector = QueryVector(made: Array(elements))
        guard vector.norm <= Limits.normMax else { throw .invalidArgument(.normTooLarge(vector.norm)) }
        return vector
    }
}

/// A weighted mean of vectors, summed in float64 in the order in which they are added, divided once, rounded once.
package struct MeanVector {
    private var sums: [Double]
    private var weight = 0.0

    package init(dimension: Int) { sums = Array(repeating: 0, count: dimension) }

    /// Adds a vector. Rows must come in ascending order, because the order of the sum decides its last bits.
    package mutating func add(_ row: UnsafePointer<Float>, weight rowWeight: Float) {
        let factor = Double(rowWeight)
        sums.withUnsafeMutableBufferPointer { sums in
            for element in 0..<sums.count { sums[element] += factor * Double(row[element]) }
        }
        weight += factor.magnitude
    }

    /// Whether the weights' absolute values sum to 0.
    var isWithoutWeight: Bool { weight == 0 }

    /// The mean, or nil where the weights' absolute values sum to 0.
    package func finish() -> QueryVector? {
        guard weight > 0 else { return nil }
        return QueryVector(made: sums.map { Float($0 / weight) })
    }
}
