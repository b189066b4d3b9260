import KindredDomain
import KindredKernels
import KindredModel

/// Folds in one visitor after another: the vector that ALS training would give a user with these items.
///
/// The vector is x = (A + Σ (c - 1) y yᵀ)⁻¹ b with b = Σ c y. The sums go over the visitor's m distinct items in
/// ascending order of rows; y is an item's vector and c its confidence (Hu, Koren, Volinsky 2008). The confidence is
/// alpha times the weight, as in the library `implicit`. Weights of a duplicate item are added in float64 in ascending
/// order. `FoldInFactors` defines A and R.
///
/// The order of operations, in float64, is part of the meaning. With D the diagonal of all c - 1:
///
/// - Where 2 m is at most the dimension d: w = R y for each item, S the canonical sums of all pairs of them, z the
///   solution of (I + D S) z = c, u = Σ z w, x = Rᵀu. Element (i, j) of I + D S is the product of D_i and S_ij, with 1
///   added on the diagonal. Elimination without pivoting takes the multiple f = a_ik / a_kk of row k from row i, for k
///   in ascending order. Back substitution subtracts the products a_ij z_j in ascending order of j and divides by a_ii.
/// - Where it is more: the updates (c - 1) y yᵀ are added to A in order of items, and the Cholesky factor of the sum
///   gives x from b.
///
/// `kindred_triangle.h` defines the order of each. Each element of x is rounded to float32 once, at the end.
///
/// An object with memory of its own, for one request at a time; it takes no more memory for the next visitor than for
/// the largest so far.
package final class FoldInSolver {
    private enum Stage {
        case widening(Int)
        // 2 m <= d.
        case multiplying(panel: Int, vector: Int)
        case comparing(Int)
        case eliminating(Int)
        case returning(block: Int)
        // 2 m > d.
        case updating(panel: Int, vector: Int)
        case factoring(panel: Int, column: Int)
        case solving
        case done
    }

    /// Multiply-adds of one call of a kernel, about: less than a tenth of a millisecond.
    private static let productsPerCall = 1 << 17

    private let factors: FoldInFactors
    private let table: VectorTable
    private var memory: FoldInMemory
    private var stage = Stage.done
    /// Whether the equation is solved in the space of items.
    private var isSmall = true
    /// The visitor's distinct items, ascending.
    private(set) var rows: [UInt32] = []

    package init(factors: FoldInFactors, items: VectorTable) {
        precondition(items.dimension == factors.layout.dimension, "factors of other items")
        self.factors = factors
        table = items
        memory = FoldInMemory(layout: factors.layout)
    }

    deinit { memory.deallocate() }

    /// Multiply-adds for a visitor of `count` distinct items.
    package static func cost(itemCount count: Int, dimension: Int) -> Int {
        let triangle = dimension * dimension / 2
        if isSmall(count, dimension) {
            return (count + 1) * triangle + count * count * (dimension / 2 + count / 3 + 1)
        }
        return (count + 2) * triangle + triangle * dimension / 3
    }

    /// Bytes of memory for a visitor of at most `count` distinct items.
    package static func byteCount(itemCount count: Int, dimension: Int) -> Int {
        let layout = TriangleLayout(dimension: dimension)
        // Where ids are unknown or come twice, the items are fewer.
        let small = FoldInMemory.byteCount(count: min(count, dimension / 2), isSmall: true, layout: layout)
        if isSmall(count, dimension) { return small }
        return max(small, FoldInMemory.byteCount(count: count, isSmall: false, layout: layout))
    }

    /// Bytes of memory that it holds.
    var byteCount: Int { memory.byteCount }

    /// Whether the equation is solved in the space of items.
    private static func isSmall(_ count: Int, _ dimension: Int) -> Bool { 2 * count <= dimension }

    /// Begins with a visitor. The members are in ascending order of rows and weights, at least one.
    func begin(_ members: [WeightedRow]) {
        precondition(!members.isEmpty, "nobody is folded in without items")
        rows.removeAll(keepingCapacity: true)
        var distinct = 1
        for index in 1..<members.count where members[index].row != members[index - 1].row { distinct += 1 }
        isSmall = Self.isSmall(distinct, table.dimension)
        memory.reserve(count: distinct, isSmall: isSmall)
        var weight = 0.0
        for (index, member) in members.enumerated() {
            weight += Double(member.weight)
            if index + 1 < members.count, members[index + 1].row == member.row { continue }
            let confidence = factors.parameters.alpha * weight
            memory.confidences[rows.count] = confidence
            memory.excesses[rows.count] = confidence - 1
            rows.append(member.row)
            prefetch(member.row)
            weight = 0
        }
        memory.clear()
        stage = .widening(0)
    }

    /// Works on the visitor for about `productCount` multiply-adds. Throws where the items make no vector.
    package func step(productCount: Int) throws(RequestFailure) -> Step<QueryVector> {
        var budget = productCount
        while budget > 0 {
            switch stage {
            case .widening(let vector):
                widen(vector)
                budget -= table.dimension
                if vector + 1 < rows.count { stage = .widening(vector + 1) } else { try endWidening() }
            case .multiplying(let panel, let vector): multiply(panel, vector, &budget)
            case .comparing(let vector):
                factors.kernels.sums(
                    of: memory.products, layout: factors.layout, row: vector,
                    into: memory.system + vector * rows.count)
                budget -= (vector + 1) * table.dimension
                stage = vector + 1 < rows.count ? .comparing(vector + 1) : .eliminating(0)
                if vector + 1 == rows.count { memory.makeSystem(count: rows.count) }
            case .eliminating(let pivot):
                guard memory.eliminate(pivot, count: rows.count) else { throw unsolvable(pivot) }
                budget -= (rows.count - pivot) * (rows.count - pivot)
                guard pivot + 1 == rows.count else {
                    stage = .eliminating(pivot + 1)
                    continue
                }
                memory.substitute(count: rows.count)
                factors.kernels.combine(
                    memory.products, factors: memory.unknowns, count: rows.count, layout: factors.layout,
                    into: memory.combination)
                budget -= rows.count * (rows.count + table.dimension)
                stage = .returning(block: 0)
            case .returning(let block): multiplyTransposed(block, &budget)
            case .updating(let panel, let vector): update(panel, vector, &budget)
            case .factoring(let panel, let column): try factor(panel, column, &budget)
            case .solving:
                factors.kernels.solve(memory.system, layout: factors.layout, b: memory.solution)
                stage = .done
            case .done: preconditionFailure("a step without a visitor")
            }
            if case .done = stage { return .done(try vector()) }
        }
        return .working
    }

    /// Prefetches what the steps read of an item.
    private func prefetch(_ row: UInt32) {
        Canonical.prefetch(table.vector(ofRow: row), count: table.dimension)
        guard let product = product(ofRow: row) else { return }
        // As float32, whose vectors the function takes.
        let count = factors.layout.wideCount * MemoryLayout<Double>.stride / MemoryLayout<Float>.stride
        Canonical.prefetch(UnsafeRawPointer(product).assumingMemoryBound(to: Float.self), count: count)
    }

    /// The product R y of an item where the version has it.
    private func product(ofRow row: UInt32) -> UnsafePointer<Double>? {
        guard isSmall, factors.products.count > 0 else { return nil }
        return factors.products.pointer + Int(row) * factors.layout.wideCount
    }

    /// Widens an item's vector and adds it to b. Fetches the item's product where the version has it.
    private func widen(_ vector: Int) {
        let layout = factors.layout
        let offset = vector * layout.wideCount
        factors.kernels.widen(
            table.vector(ofRow: rows[vector]), layout: layout, factor: memory.confidences[vector],
            into: memory.vectors + offset, addingTo: memory.solution)
        if let product = product(ofRow: rows[vector]) {
            (memory.products + offset).update(from: product, count: layout.wideCount)
        }
    }

    /// Throws where b is the zero vector.
    private func endWidening() throws(RequestFailure) {
        guard !memory.isZero else {
            stage = .done
            throw .invalidArgument(.members(.foldInCancels))
        }
        if !isSmall {
            stage = .updating(panel: 0, vector: 0)
        } else {
            stage = factors.products.count > 0 ? .comparing(0) : .multiplying(panel: 0, vector: 0)
        }
    }

    /// Multiplies R with the items' vectors: at once where that is little work, else a panel with some vectors.
    private func multiply(_ panel: Int, _ vector: Int, _ budget: inout Int) {
        let layout = factors.layout
        var panels = 0..<layout.panelCount
        var count = rows.count
        if count * layout.elementCount > Self.productsPerCall {
            panels = panel..<panel + 1
            let perVector = TriangleLayout.elementCount(ofPanel: panel)
            count = min(count - vector, max(1, Self.productsPerCall / perVector))
        }
        let offset = vector * layout.wideCount
        factors.kernels.multiply(
            factors.inverse.pointer, layout: layout, panels: panels, vectors: memory.vectors + offset,
            count: count, into: memory.products + offset)
        for panel in panels { budget -= count * TriangleLayout.elementCount(ofPanel: panel) }
        if vector + count < rows.count {
            stage = .multiplying(panel: panel, vector: vector + count)
        } else {
            let next = panels.upperBound
            stage = next < layout.panelCount ? .multiplying(panel: next, vector: 0) : .comparing(0)
        }
    }

    private func multiplyTransposed(_ block: Int, _ budget: inout Int) {
        let layout = factors.layout
        let perBlock = layout.wideCount * TriangleLayout.panelRows
        let end = min(layout.panelCount, block + max(1, Self.productsPerCall / perBlock))
        factors.kernels.multiplyTransposed(
            factors.inverse.pointer, layout: layout, blocks: block..<end, vector: memory.combination,
            into: memory.solution)
        budget -= (end - block) * perBlock / 2
        stage = end < layout.panelCount ? .returning(block: end) : .done
    }

    /// Adds the updates of some items to a panel of A.
    private func update(_ panel: Int, _ vector: Int, _ budget: inout Int) {
        let layout = factors.layout
        let start = TriangleLayout.start(ofPanel: panel)
        let perVector = TriangleLayout.elementCount(ofPanel: panel)
        let count = min(rows.count - vector, max(1, Self.productsPerCall / perVector))
        if vector == 0 {
            (memory.system + start).update(from: factors.matrix.pointer + start, count: perVector)
        }
        factors.kernels.addRanks(
            to: memory.system, layout: layout, panel: panel,
            vectors: memory.vectors + vector * layout.wideCount, factors: memory.excesses + vector,
            count: count)
        budget -= count * perVector
        if vector + count < rows.count {
            stage = .updating(panel: panel, vector: vector + count)
        } else {
            let next = panel + 1
            stage =
                next < layout.panelCount ? .updating(panel: next, vector: 0) : .factoring(panel: 0, column: 0)
        }
    }

    private func factor(_ panel: Int, _ column: Int, _ budget: inout Int) throws(RequestFailure) {
        let columnCount = (panel + 1) * TriangleLayout.panelRows
        let perColumn = TriangleLayout.panelRows * columnCount
        let end = min(columnCount, column + max(1, Self.productsPerCall / perColumn))
        let singular = factors.kernels.factor(
            memory.system, layout: factors.layout, panel: panel, columns: column..<end,
            tolerance: FoldInFactors.pivotMin * Double(table.dimension))
        if let singular { throw unsolvable(singular) }
        budget -= (end - column) * perColumn / 2
        if end < columnCount {
            stage = .factoring(panel: panel, column: end)
        } else {
            stage = panel + 1 < factors.layout.panelCount ? .factoring(panel: panel + 1, column: 0) : .solving
        }
    }

    private func unsolvable(_ equation: Int) -> RequestFailure {
        stage = .done
        return .invalidArgument(.members(.foldInUnsolvable(equation: equation)))
    }

    /// The solution, rounded to float32.
    private func vector() throws(RequestFailure) -> QueryVector {
        let vector = QueryVector(made: memory.rounded)
        guard vector.norm > 0 else { throw .invalidArgument(.members(.foldInCancels)) }
        guard vector.norm <= Limits.normMax else { throw .invalidArgument(.normTooLarge(vector.norm)) }
        return vector
    }
}
