import KindredDomain
import KindredKernels
import KindredModel

/// The scorer `logistic`: regularised logistic regression of seeds against a sample of other users, by Newton steps.
///
/// The weight vector v and the bias b minimise
///
///     sum over seeds of |w| ln(1 + e^(-y z)) + sum over the background of ln(1 + e^z) + s / (2 C) |v|²
///
/// with z = v · (x - mean) + b, y the sign of w, and s the mean variance of the users. The background are the first
/// users of the version's sample that are no seeds. Points are the seeds in ascending order of rows, then the
/// background in the sample's order; sums over points are in that order. `LogisticPoints` chooses them.
final class LogisticFit: WeightFit {
    private static let c = 0.003
    /// A Newton step is halved while it makes the sum greater by more than this share of it, so many times at most.
    private static let increaseMax = 0x1p-40
    private static let halvingsMax = 10
    /// The end: a whole step that changes no element of v by more than this share of its greatest one.
    private static let changeMin = 1e-9
    private static let stepsMax = 32

    private enum Stage {
        case choosing
        /// Finds z of the points from `point` on, and the sum.
        case evaluating(point: Int)
        case clearing(panel: Int)
        case gathering(point: Int)
        case adding(panel: Int, next: Int)
        case solving
    }

    private let input: FitInput
    private let dimension: Int
    /// s / C.
    private let penalty: Double
    private let points: LogisticPoints
    /// Of the step: v, then b.
    private let equation: TriangleEquation
    private let chunk: SeedChunk
    /// v, then b, then zeros: where the steps are, and where the next one leads.
    private let place: FitMemory
    private let trial: FitMemory
    /// z of each point at `trial`.
    private var scores: [Double] = []
    private let sums: FitMemory
    /// The sum to be minimised at `place`; nil before the first step.
    private var placeLoss: Double?
    private var trialLoss = 0.0
    private var share = 1.0
    private var halvings = 0
    private var steps = 0
    private var stage = Stage.choosing

    /// Throws where all users have the same vector.
    init(_ input: FitInput) throws(ScorerFailure) {
        self.input = input
        dimension = input.users.dimension
        let variance = try input.statistics.variance(for: .logistic)
        penalty = variance / Self.c
        points = LogisticPoints(input)
        equation = TriangleEquation(dimension: dimension + 1, kernels: input.kernels, scorer: .logistic)
        chunk = SeedChunk(layout: equation.layout, spare: 1)
        place = FitMemory(count: equation.layout.wideCount)
        trial = FitMemory(count: equation.layout.wideCount)
        sums = FitMemory(count: SeedChunk.countMax + 1)
    }

    var byteCount: Int {
        equation.byteCount + chunk.byteCount + place.byteCount + trial.byteCount + sums.byteCount
            + points.byteCount + scores.count * MemoryLayout<Double>.stride
    }

    func step(budget: Int) throws(ScorerFailure) -> Step<[Double]> {
        var budget = budget
        while budget > 0 {
            switch stage {
            case .choosing: if try points.choose(&budget) { begin() }
            case .evaluating(let point):
                let next = evaluate(from: point, &budget)
                stage = .evaluating(point: next)
                if next == points.count, endsAfterStep() {
                    return .done(Array(UnsafeBufferPointer(start: place.elements, count: dimension)))
                }
            case .clearing(let panel): clear(panel, &budget)
            case .gathering(let point): gather(from: point, &budget)
            case .adding(let panel, let next):
                let panel = chunk.addRanks(
                    to: equation.matrix, from: panel, kernels: input.kernels, &budget)
                if panel < equation.layout.panelCount {
                    stage = .adding(panel: panel, next: next)
                } else {
                    stage = next < points.count ? .gathering(point: next) : .solving
                }
            case .solving:
                guard try equation.solve(&budget) else { continue }
                steps += 1
                (share, halvings) = (1, 0)
                tryStep()
            }
        }
        return .working
    }

    /// Begins at v = 0 and the bias that is best there.
    private func begin() {
        place.clear()
        place.elements[dimension] = Exponential.log(points.positiveWeight / points.negativeWeight)
        trial.elements.update(from: place.elements, count: place.count)
        scores = Array(repeating: 0, count: points.count)
        stage = .evaluating(point: 0)
    }

    /// Fills the chunk with the points from index `first` on. Returns the index of the next point.
    private func fill(from first: Int) -> Int {
        chunk.removeAll()
        let end = min(first + SeedChunk.countMax, points.count)
        for point in first..<end {
            let elements = chunk.append(factor: 0)
            input.statistics.centre(input.users.vector(ofRow: points.rows[point]), into: elements)
            elements[dimension] = 1
        }
        return end
    }

    /// Adds the losses of some points at `trial`. After the last point it adds the penalty. Returns the next point.
    private func evaluate(from first: Int, _ budget: inout Int) -> Int {
        if first == 0 { trialLoss = 0 }
        let end = fill(from: first)
        // The vector after the points; its canonical sums with them are their z.
        chunk.vector(chunk.count).update(from: trial.elements, count: trial.count)
        input.kernels.sums(
            of: chunk.vectors.elements, layout: chunk.layout, row: chunk.count, into: sums.elements)
        for point in first..<end {
            let score = sums.elements[point - first]
            let weight = points.weights[point]
            scores[point] = score
            let loss = max(weight > 0 ? -score : score, 0)
            trialLoss +=
                weight.magnitude * (loss + Exponential.log1p(Exponential.exp(-score.magnitude)))
        }
        budget -= 2 * (end - first) * chunk.layout.wideCount
        if end == points.count {
            var squares = 0.0
            for element in 0..<dimension { squares += trial.elements[element] * trial.elements[element] }
            trialLoss += 0.5 * penalty * squares
        }
        return end
    }

    /// Takes the step to `trial`, halves it or begins another one. True at the end.
    private func endsAfterStep() -> Bool {
        guard let before = placeLoss else {
            placeLoss = trialLoss
            stage = .clearing(panel: 0)
            return false
        }
        // False for what is not a number.
        if !(trialLoss <= before + Self.increaseMax * before.magnitude), halvings < Self.halvingsMax {
            halvings += 1
            share /= 2
            tryStep()
            return false
        }
        var (change, greatest) = (0.0, 0.0)
        for element in 0..<dimension {
            change = max(change, (share * equation.unknowns.elements[element]).magnitude)
            greatest = max(greatest, trial.elements[element].magnitude)
        }
        place.elements.update(from: trial.elements, count: trial.count)
        placeLoss = trialLoss
        if steps == Self.stepsMax || share == 1 && change <= Self.changeMin * greatest { return true }
        stage = .clearing(panel: 0)
        return false
    }

    private func tryStep() {
        for element in 0..<trial.count {
            trial.elements[element] = place.elements[element] + share * equation.unknowns.elements[element]
        }
        stage = .evaluating(point: 0)
    }

    /// Begins a panel of the second derivatives with the penalty; with the first panel, the right side with that of v.
    private func clear(_ panel: Int, _ budget: inout Int) {
        let layout = equation.layout
        let count = TriangleLayout.elementCount(ofPanel: panel)
        (equation.matrix.elements + TriangleLayout.start(ofPanel: panel)).update(repeating: 0, count: count)
        let rows = panel * TriangleLayout.panelRows..<(panel + 1) * TriangleLayout.panelRows
        for row in rows where row < dimension {
            equation.matrix.elements[layout.index(row: row, column: row)] = penalty
        }
        if panel == 0 {
            equation.unknowns.clear()
            for element in 0..<dimension {
                equation.unknowns.elements[element] = -(penalty * place.elements[element])
            }
        }
        budget -= count
        stage = panel + 1 < layout.panelCount ? .clearing(panel: panel + 1) : .gathering(point: 0)
    }

    /// Fills the chunk with the points from an index on and adds their first derivatives.
    private func gather(from first: Int, _ budget: inout Int) {
        let end = fill(from: first)
        let side = equation.unknowns.elements
        for point in first..<end {
            let (score, weight) = (scores[point], points.weights[point])
            let power = Exponential.exp(-score.magnitude)
            let (near, far) = (1 / (1 + power), power / (1 + power))
            // The chance that the point is a seed, and that it is none.
            let (chance, other) = score >= 0 ? (near, far) : (far, near)
            chunk.factors.elements[point - first] = weight.magnitude * (chance * other)
            let slope = weight.magnitude * (weight > 0 ? -other : chance)
            let elements = chunk.vector(point - first)
            for element in 0...dimension { side[element] -= slope * elements[element] }
        }
        budget -= 2 * (end - first) * chunk.layout.wideCount
        stage = .adding(panel: 0, next: end)
    }
}
