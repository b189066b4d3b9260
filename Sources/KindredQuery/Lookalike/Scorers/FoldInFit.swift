import KindredDomain
import KindredKernels
import KindredModel

/// The scorer `foldin`: the vector that ALS training would give an item that the seeds had taken, in steps.
///
/// v = (XᵀX + lambda I + sum of (alpha |w| - 1) x xᵀ)⁻¹ (sum of alpha w x over seeds of w > 0). X are all users'
/// vectors. A seed below 0 counts as a user who certainly has not taken it. Seeds are added in ascending order of rows.
final class FoldInFit: WeightFit {
    private enum Stage {
        case copying(panel: Int)
        case gathering
        case adding(panel: Int, isLast: Bool)
        case solving
    }

    private let input: FitInput
    private let parameters: FoldInParameters
    private let equation: TriangleEquation
    private let chunk: SeedChunk
    private var walk: SeedWalk
    private var hasPositive = false
    private var stage = Stage.copying(panel: 0)

    /// Throws where the version has no alpha and lambda.
    init(_ input: FitInput) throws(ScorerFailure) {
        guard let parameters = input.foldIn else { throw ScorerFailure.foldInNotOffered }
        self.input = input
        self.parameters = parameters
        equation = TriangleEquation(
            dimension: input.users.dimension, kernels: input.kernels, scorer: .foldin)
        chunk = SeedChunk(layout: equation.layout)
        walk = SeedWalk(input.seeds)
    }

    var byteCount: Int { equation.byteCount + chunk.byteCount }

    func step(budget: Int) throws(ScorerFailure) -> Step<[Double]> {
        var budget = budget
        while budget > 0 {
            switch stage {
            case .copying(let panel): copy(panel, &budget)
            case .gathering: try gather(&budget)
            case .adding(let panel, let isLast):
                let next = chunk.addRanks(
                    to: equation.matrix, from: panel, kernels: input.kernels, &budget)
                if next < equation.layout.panelCount {
                    stage = .adding(panel: next, isLast: isLast)
                } else {
                    stage = isLast ? .solving : .gathering
                }
            case .solving:
                if try equation.solve(&budget) {
                    return .done(equation.solution(count: input.users.dimension))
                }
            }
        }
        return .working
    }

    /// Copies a panel of XᵀX and adds lambda.
    private func copy(_ panel: Int, _ budget: inout Int) {
        let layout = equation.layout
        let start = TriangleLayout.start(ofPanel: panel)
        let count = TriangleLayout.elementCount(ofPanel: panel)
        (equation.matrix.elements + start).update(
            from: input.statistics.products.pointer + start, count: count)
        let rows = panel * TriangleLayout.panelRows..<(panel + 1) * TriangleLayout.panelRows
        for row in rows where row < layout.dimension {
            equation.matrix.elements[layout.index(row: row, column: row)] += parameters.lambda
        }
        budget -= count
        stage = panel + 1 < layout.panelCount ? .copying(panel: panel + 1) : .gathering
    }

    /// Fills the chunk with the next seeds and adds these to the right side.
    private func gather(_ budget: inout Int) throws(ScorerFailure) {
        chunk.removeAll()
        let isLast = walk.next(SeedChunk.countMax) { row, weight in
            let confidence = parameters.alpha * Double(weight.magnitude)
            let elements = chunk.append(factor: confidence - 1)
            input.kernels.widen(
                input.users.vector(ofRow: row), layout: chunk.layout, factor: weight > 0 ? confidence : 0,
                into: elements, addingTo: equation.unknowns.elements)
            hasPositive = hasPositive || weight > 0
        }
        budget -= (chunk.count + 1) * (input.users.dimension + SeedWalk.fetchCost)
        if isLast, !hasPositive { throw .noPositiveSeed(.foldin) }
        stage = .adding(panel: 0, isLast: isLast)
    }
}
