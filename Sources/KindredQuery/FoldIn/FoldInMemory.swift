import KindredKernels
import KindredModel

/// The vectors, sums and unknowns of one visitor's equation.
struct FoldInMemory {
    private let layout: TriangleLayout
    private var capacity = 0
    private var memory = UnsafeMutablePointer<Double>.allocate(capacity: 0)

    /// The items' vectors, wide.
    private(set) var vectors: UnsafeMutablePointer<Double>
    /// The rows of W, wide; room for none where the matrix is a triangle.
    private(set) var products: UnsafeMutablePointer<Double>
    /// I + D S, row-major; or the triangle of the matrix.
    private(set) var system: UnsafeMutablePointer<Double>
    /// c.
    private(set) var confidences: UnsafeMutablePointer<Double>
    /// D: each confidence less 1.
    private(set) var excesses: UnsafeMutablePointer<Double>
    /// z.
    private(set) var unknowns: UnsafeMutablePointer<Double>
    /// u, wide.
    private(set) var combination: UnsafeMutablePointer<Double>
    /// b, then x, wide.
    private(set) var solution: UnsafeMutablePointer<Double>

    init(layout: TriangleLayout) {
        self.layout = layout
        vectors = memory
        products = memory
        system = memory
        confidences = memory
        excesses = memory
        unknowns = memory
        combination = memory
        solution = memory
    }

    func deallocate() { memory.deallocate() }

    /// Makes room for `count` items. The content is undefined.
    mutating func reserve(count: Int, isSmall: Bool) {
        let wide = count * layout.wideCount
        let needed = Self.elementCount(count: count, isSmall: isSmall, layout: layout)
        if needed > capacity {
            memory.deallocate()
            memory = .allocate(capacity: needed)
            capacity = needed
        }
        vectors = memory
        products = vectors + wide
        combination = products + (isSmall ? wide : 0)
        solution = combination + layout.wideCount
        confidences = solution + layout.wideCount
        excesses = confidences + count
        unknowns = excesses + count
        system = unknowns + count
    }

    private static func elementCount(count: Int, isSmall: Bool, layout: TriangleLayout) -> Int {
        let wide = count * layout.wideCount
        let matrix = isSmall ? count * count : layout.elementCount
        return (isSmall ? 2 : 1) * wide + matrix + 3 * count + 2 * layout.wideCount
    }

    /// Bytes of memory for `count` items.
    static func byteCount(count: Int, isSmall: Bool, layout: TriangleLayout) -> Int {
        elementCount(count: count, isSmall: isSmall, layout: layout) * MemoryLayout<Double>.stride
    }

    /// Bytes of memory that are held.
    var byteCount: Int { capacity * MemoryLayout<Double>.stride }

    /// Sets b to 0.
    func clear() { solution.initialize(repeating: 0, count: layout.wideCount) }

    /// Whether b is the zero vector.
    var isZero: Bool {
        for element in 0..<layout.dimension where solution[element] != 0 { return false }
        return true
    }

    /// x, rounded to float32.
    var rounded: [Float] {
        Array(unsafeUninitializedCapacity: layout.dimension) { elements, count in
            for element in 0..<layout.dimension { elements[element] = Float(solution[element]) }
            count = layout.dimension
        }
    }

    /// Turns the sums S, whose lower triangle is there, into I + D S, and sets z to c.
    func makeSystem(count: Int) {
        for row in 0..<count {
            for column in row + 1..<count {
                system[row * count + column] = system[column * count + row]
            }
        }
        for row in 0..<count {
            let elements = system + row * count
            for column in 0..<count { elements[column] = excesses[row] * elements[column] }
            elements[row] += 1
            unknowns[row] = confidences[row]
        }
    }

    /// Eliminates unknown `pivot` from the equations after it. False where its equation has no solution in float64.
    ///
    /// In exact arithmetic every pivot is above 0: it is the factor by which the item changes the determinant of a
    /// positive definite matrix.
    func eliminate(_ pivot: Int, count: Int) -> Bool {
        let upper = system + pivot * count
        // False for a pivot that is not a number.
        guard upper[pivot] > FoldInFactors.pivotMin * Double(count) else { return false }
        for row in pivot + 1..<count {
            let elements = system + row * count
            let multiple = elements[pivot] / upper[pivot]
            for column in pivot + 1..<count { elements[column] -= multiple * upper[column] }
            unknowns[row] -= multiple * unknowns[pivot]
        }
        return true
    }

    /// Finds the unknowns from the last to the first.
    func substitute(count: Int) {
        for row in stride(from: count - 1, through: 0, by: -1) {
            let elements = system + row * count
            for column in row + 1..<count { unknowns[row] -= elements[column] * unknowns[column] }
            unknowns[row] /= elements[row]
        }
    }
}
