import KindredDomain
import KindredKernels
import KindredModel

/// The scorer `blend`: the sum of foldin, contrast and logistic, in this order, each divided by its standard deviation
/// over all users, √(vᵀΣv); in steps.
///
/// Without alpha and lambda there is no foldin. A part is left out where its deviation is 0 or rounding, and where the
/// seeds make none; if that leaves nothing, the failure is that of the first part.
final class BlendFit: WeightFit {
    private enum Stage {
        case beginning
        case fitting(any WeightFit)
        /// Adds up vᵀΣv and vᵀMv, M the mean of x xᵀ, by panels.
        case measuring([Double], panel: Int, square: Double, meanSquare: Double)
    }

    private let input: FitInput
    /// Parts that are still to come, the next one last.
    private var parts: [Scorer]
    private var sum: [Double]
    private var failure: ScorerFailure?
    private var hasParts = false
    private var stage = Stage.beginning

    init(_ input: FitInput) {
        self.input = input
        parts = [.logistic, .contrast] + (input.foldIn == nil ? [] : [.foldin])
        sum = Array(repeating: 0, count: input.users.dimension)
    }

    var byteCount: Int {
        let vector = sum.count * MemoryLayout<Double>.stride
        return switch stage {
        case .beginning: vector
        case .fitting(let fit): vector + fit.byteCount
        case .measuring: 2 * vector
        }
    }

    func step(budget: Int) throws(ScorerFailure) -> Step<[Double]> {
        var budget = budget
        while budget > 0 {
            switch stage {
            case .beginning:
                guard let part = parts.popLast() else {
                    guard hasParts else { throw failure ?? .noDirection(.blend) }
                    return .done(sum)
                }
                do throws(ScorerFailure) {
                    stage = .fitting(try Self.fit(part, input))
                } catch {
                    failure = failure ?? error
                }
                budget -= sum.count
            case .fitting(let fit):
                do throws(ScorerFailure) {
                    guard case .done(let weights) = try fit.step(budget: budget) else { return .working }
                    stage = .measuring(weights, panel: 0, square: 0, meanSquare: 0)
                } catch {
                    failure = failure ?? error
                    stage = .beginning
                }
                budget = 0
            case .measuring(let weights, let panel, var square, var meanSquare):
                measure(weights, panel: panel, &square, &meanSquare)
                budget -= TriangleLayout.elementCount(ofPanel: panel)
                if panel + 1 < input.statistics.layout.panelCount {
                    stage = .measuring(
                        weights, panel: panel + 1, square: square, meanSquare: meanSquare)
                } else {
                    add(weights, square: square, meanSquare: meanSquare)
                    stage = .beginning
                }
            }
        }
        return .working
    }

    private static func fit(_ part: Scorer, _ input: FitInput) throws(ScorerFailure) -> any WeightFit {
        switch part {
        case .foldin: try FoldInFit(input)
        case .contrast: try ContrastFit(input)
        default: try LogisticFit(input)
        }
    }

    /// Adds what a panel of Σ gives of vᵀΣv: for each row i in ascending order v_i (2 t + Σ_ii v_i), t the sum of
    /// Σ_ij v_j over j < i in ascending order; and of M alike.
    private func measure(
        _ weights: [Double], panel: Int, _ square: inout Double, _ meanSquare: inout Double
    ) {
        let statistics = input.statistics
        let (layout, count) = (statistics.layout, Double(statistics.rowCount))
        let (products, mean) = (statistics.products.pointer, statistics.mean.pointer)
        let rows = TriangleLayout.panelRows
        for row in panel * rows..<min((panel + 1) * rows, layout.dimension) {
            var (others, meanOthers) = (0.0, 0.0)
            for column in 0..<row {
                let element = products[layout.index(row: row, column: column)] / count
                others += (element - mean[row] * mean[column]) * weights[column]
                meanOthers += element * weights[column]
            }
            let element = products[layout.index(row: row, column: row)] / count
            let weight = weights[row]
            square += weight * (2 * others + (element - mean[row] * mean[row]) * weight)
            meanSquare += weight * (2 * meanOthers + element * weight)
        }
    }

    /// Adds a part, unless its deviation is 0 or rounding.
    private func add(_ weights: [Double], square: Double, meanSquare: Double) {
        // False for what is not a number.
        guard square > PopulationStatistics.roundingShare * meanSquare, square < .infinity else { return }
        let deviation = square.squareRoot()
        hasParts = true
        for element in sum.indices { sum[element] += weights[element] / deviation }
    }
}
