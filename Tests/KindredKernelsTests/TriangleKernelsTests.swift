import KindredKernels
import TestSupport
import Testing

/// Triangles against the definition of each operation in plain code, bit for bit, with every kernel of this CPU.
@Suite struct TriangleKernelsTests {
    private typealias Matrix = FoldInOracle.Matrix

    private static let kernels = ["portable", "avx2"].compactMap { TriangleKernels.named($0) }

    /// Memory of a triangle or of vectors, with an element after its end that no kernel may write.
    private struct Guarded {
        var elements: [Double]

        init(_ elements: [Double]) { self.elements = elements + [.nan] }
        init(zeros count: Int) { self.init(Array(repeating: 0, count: count)) }

        var content: [Double] { Array(elements.dropLast()) }
        var isIntact: Bool { elements.last!.isNaN }
    }

    private func triangle(_ matrix: Matrix) -> [Double] {
        let layout = TriangleLayout(dimension: matrix.count)
        var elements = Array(repeating: 0.0, count: layout.elementCount)
        for row in matrix.indices {
            for column in 0...row { elements[layout.index(row: row, column: column)] = matrix[row][column] }
        }
        return elements
    }

    /// Vectors, one after the other, filled up with zeros.
    private func wide(_ vectors: Matrix) -> [Double] {
        let layout = TriangleLayout(dimension: vectors[0].count)
        return vectors.flatMap { $0 + Array(repeating: 0, count: layout.wideCount - layout.dimension) }
    }

    private func vectors(_ count: Int, _ dimension: Int, using generator: inout SeededGenerator) -> Matrix {
        (0..<count).map { _ in (0..<dimension).map { _ in generator.normal() } }
    }

    private func lower(_ dimension: Int, using generator: inout SeededGenerator) -> Matrix {
        vectors(dimension, dimension, using: &generator)
    }

    private func expectEqual(
        _ found: Guarded, _ expected: [Double], _ comment: Comment,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(found.isIntact, "written past the end", sourceLocation: location)
        #expect(
            found.content.map(\.bitPattern) == expected.map(\.bitPattern), comment, sourceLocation: location)
    }

    @Test func shapesAreThoseOfTheHeader() {
        #expect(TriangleLayout(dimension: 1).elementCount == 64)
        #expect(TriangleLayout(dimension: 8).wideCount == 8 && TriangleLayout(dimension: 9).wideCount == 16)
        #expect(TriangleLayout(dimension: 64).elementCount == 32 * 8 * 9)
        #expect(TriangleLayout(dimension: 20).index(row: 17, column: 9) == 32 * 2 * 3 + 8 * 9 + 1)
        #expect(TriangleKernels.named("none") == nil)
    }

    @Test func products() {
        var generator = SeededGenerator.announced()
        for dimension in Array(1...26) + [64, 67] {
            let layout = TriangleLayout(dimension: dimension)
            let matrix = lower(dimension, using: &generator)
            let triangle = triangle(matrix)
            for count in [1, 2, 3, 4, 5, 6, 11] {
                let vectors = vectors(count, dimension, using: &generator)
                let expected = vectors.map { vector in
                    matrix.indices.map { i in (0...i).reduce(0.0) { $0 + matrix[i][$1] * vector[$1] } }
                }
                let factors = (0..<count).map { _ in generator.normal() }
                let combined = (0..<dimension).map { i in
                    (0..<count).reduce(0.0) { $0 + vectors[$1][i] * factors[$1] }
                }
                let sums = (0..<count).map { FoldInOracle.sum(vectors[count - 1], vectors[$0]) }
                let transposed = (0..<dimension).map { j in
                    FoldInOracle.sum(matrix.indices.map { $0 < j ? 0 : matrix[$0][j] }, vectors[0])
                }
                for kernels in Self.kernels {
                    var found = Guarded(zeros: count * layout.wideCount)
                    for panels in [0..<layout.panelCount / 2, layout.panelCount / 2..<layout.panelCount] {
                        kernels.multiply(
                            triangle, layout: layout, panels: panels, vectors: wide(vectors), count: count,
                            into: &found.elements)
                    }
                    expectEqual(found, wide(expected), "d \(dimension), \(count) vectors")
                    found = Guarded(zeros: layout.wideCount)
                    kernels.combine(
                        wide(vectors), factors: factors, count: count, layout: layout, into: &found.elements)
                    expectEqual(found, wide([combined]), "d \(dimension), \(count) vectors")
                    found = Guarded(zeros: count)
                    kernels.sums(of: wide(vectors), layout: layout, row: count - 1, into: &found.elements)
                    expectEqual(found, sums, "d \(dimension), \(count) vectors")
                    found = Guarded(zeros: layout.wideCount)
                    for block in 0..<layout.panelCount {
                        kernels.multiplyTransposed(
                            triangle, layout: layout, blocks: block..<block + 1, vector: wide(vectors),
                            into: &found.elements)
                    }
                    expectEqual(found, wide([transposed]), "d \(dimension)")
                }
            }
        }
    }

    @Test func widenedVectors() {
        var generator = SeededGenerator.announced()
        for dimension in Array(1...26) + [64, 67] {
            let layout = TriangleLayout(dimension: dimension)
            let vector = (0..<dimension).map { _ in Float(generator.normal()) }
            let sum = vectors(1, dimension, using: &generator)
            for kernels in Self.kernels {
                var widened = Guarded(zeros: layout.wideCount)
                var added = Guarded(wide(sum))
                kernels.widen(
                    vector, layout: layout, factor: 0.3, into: &widened.elements, addingTo: &added.elements)
                expectEqual(widened, wide([vector.map { Double($0) }]), "d \(dimension)")
                expectEqual(
                    added, wide([zip(sum[0], vector).map { $0 + Double($1) * 0.3 }]), "d \(dimension)")
            }
        }
    }

    @Test func factorsInversesAndSolutions() throws {
        var generator = SeededGenerator.announced()
        for dimension in Array(1...26) + [64, 67] {
            let layout = TriangleLayout(dimension: dimension)
            let rows = (0..<dimension + 3).map { _ in (0..<dimension).map { _ in Float(generator.normal()) } }
            let oracle = FoldInOracle(rows: rows, alpha: 1, lambda: 0.5)
            let factor = FoldInOracle.factor(oracle.matrix)!
            let vectors = vectors(3, dimension, using: &generator)
            let factors = [0.5, -0.25, 2]
            var updated = oracle.matrix
            for (vector, factor) in zip(vectors, factors) {
                for i in 0..<dimension { for j in 0...i { updated[i][j] += factor * vector[j] * vector[i] } }
            }
            var solution = vectors[0]
            for i in 0..<dimension {
                for k in 0..<i { solution[i] -= factor[i][k] * solution[k] }
                solution[i] /= factor[i][i]
            }
            for i in (0..<dimension).reversed() {
                for k in (i + 1..<dimension).reversed() { solution[i] -= factor[k][i] * solution[k] }
                solution[i] /= factor[i][i]
            }
            for kernels in Self.kernels {
                var found = Guarded(triangle(oracle.matrix))
                for panel in 0..<layout.panelCount {
                    for column in 0..<8 * (panel + 1) {
                        let singular = kernels.factor(
                            &found.elements, layout: layout, panel: panel, columns: column..<column + 1,
                            tolerance: 1e-13)
                        #expect(singular == nil)
                    }
                }
                expectEqual(found, triangle(factor), "the factor, d \(dimension)")
                var inverse = Guarded(zeros: layout.elementCount)
                for block in 0..<layout.panelCount {
                    kernels.invert(found.elements, layout: layout, block: block, into: &inverse.elements)
                }
                expectEqual(inverse, triangle(oracle.inverse!), "the inverse, d \(dimension)")
                var solved = Guarded(wide([vectors[0]]))
                kernels.solve(found.elements, layout: layout, b: &solved.elements)
                expectEqual(solved, wide([solution]), "the solution, d \(dimension)")
                found = Guarded(triangle(oracle.matrix))
                for panel in 0..<layout.panelCount {
                    kernels.addRanks(
                        to: &found.elements, layout: layout, panel: panel, vectors: wide(vectors),
                        factors: factors, count: 3)
                }
                expectEqual(found, triangle(updated), "the update, d \(dimension)")
            }
        }
    }

    /// The first column whose pivot is rounding is named, wherever the work was cut.
    @Test(arguments: [1, 5, 8, 100])
    func aSingularMatrixIsNoticed(columnsPerCall: Int) {
        let dimension = 19
        let layout = TriangleLayout(dimension: dimension)
        // The last row but two repeats the first one.
        var rows = (0..<dimension).map { row in (0..<dimension).map { $0 == row ? Float(row + 2) : 0 } }
        for row in 0..<dimension { rows[row][16] = rows[row][0] }
        let matrix = FoldInOracle(rows: rows, alpha: 1, lambda: 0).matrix
        for kernels in Self.kernels {
            var elements = triangle(matrix)
            var singular: Int?
            for panel in 0..<layout.panelCount {
                let end = 8 * (panel + 1)
                for column in stride(from: 0, to: end, by: columnsPerCall) where singular == nil {
                    singular = kernels.factor(
                        &elements, layout: layout, panel: panel,
                        columns: column..<min(column + columnsPerCall, end), tolerance: 1e-13)
                }
            }
            #expect(singular == 16)
        }
    }
}
