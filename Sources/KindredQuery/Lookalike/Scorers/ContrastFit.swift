import KindredDomain
import KindredKernels
import KindredModel

/// The scorer `contrast`: the ridge discriminant of seeds and all users, in steps.
///
/// v = (Σ + rho s I)⁻¹ (sum of w (x - mean) / sum of |w|). Σ is the users' covariance, s the mean of its diagonal.
/// Seeds are added in ascending order of rows.
final class ContrastFit: WeightFit {
    /// The ridge in units of the mean variance.
    private static let rho = 1.0

    private enum Stage {
        case adding
        case filling(panel: Int)
        case solving
    }

    private let input: FitInput
    private let equation: TriangleEquation
    private let centred: FitMemory
    private let ridge: Double
    private var walk: SeedWalk
    private var weight = 0.0
    private var stage = Stage.adding

    /// Throws where all users have the same vector.
    init(_ input: FitInput) throws(ScorerFailure) {
        self.input = input
        let dimension = input.users.dimension
        let variance = try input.statistics.variance(for: .contrast)
        ridge = Self.rho * variance
        equation = TriangleEquation(dimension: dimension, kernels: input.kernels, scorer: .contrast)
        centred = FitMemory(count: dimension)
        walk = SeedWalk(input.seeds)
    }

    var byteCount: Int { equation.byteCount + centred.byteCount }

    func step(budget: Int) throws(ScorerFailure) -> Step<[Double]> {
        var budget = budget
        while budget > 0 {
            switch stage {
            case .adding: add(&budget)
            case .filling(let panel):
                input.statistics.writeCovariance(panel: panel, ridge: ridge, into: equation.matrix)
                budget -= TriangleLayout.elementCount(ofPanel: panel)
                stage =
                    panel + 1 < equation.layout.panelCount ? .filling(panel: panel + 1) : .solving
            case .solving:
                if try equation.solve(&budget) {
                    return .done(equation.solution(count: input.users.dimension))
                }
            }
        }
        return .working
    }

    private func add(_ budget: inout Int) {
        let dimension = input.users.dimension
        let (sum, centred) = (equation.unknowns.elements, centred.elements)
        let seedCost = dimension + SeedWalk.fetchCost
        let isDone = walk.next(max(1, budget / seedCost)) { row, rowWeight in
            let factor = Double(rowWeight)
            input.statistics.centre(input.users.vector(ofRow: row), into: centred)
            for element in 0..<dimension { sum[element] += factor * centred[element] }
            weight += factor.magnitude
            budget -= seedCost
        }
        // Words without seeds take time too.
        budget -= seedCost
        guard isDone else { return }
        for element in 0..<dimension { sum[element] /= weight }
        stage = .filling(panel: 0)
    }
}
