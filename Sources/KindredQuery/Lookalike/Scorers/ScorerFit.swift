import KindredDomain
import KindredModel

/// Fits a scorer to seeds, in steps. The output is the weight vector that ranks every user.
///
/// Each scorer is a pure function from seeds to a weight vector, in a file of its own: made in float64 in one fixed
/// order, and rounded once to float32. `fit` is the only place that decides by the scorer.
package struct ScorerFit {
    private enum Kind {
        case centroid(SeedCentroid)
        case linear(any WeightFit)
    }

    private let scorer: Scorer
    private let users: VectorTable
    private var kind: Kind

    /// Throws where the version or the seeds do not have what the scorer needs.
    package init(_ scorer: Scorer, _ input: FitInput) throws(RequestFailure) {
        self.scorer = scorer
        users = input.users
        guard scorer != .centroid else {
            kind = .centroid(SeedCentroid(seeds: input.seeds, dimension: input.users.dimension))
            return
        }
        do throws(ScorerFailure) {
            kind = .linear(try Self.fit(scorer, input))
        } catch {
            throw .invalidArgument(.scorer(error))
        }
    }

    /// The fit of a scorer other than the centroid, whose vector is not rounded yet.
    package static func fit(_ scorer: Scorer, _ input: FitInput) throws(ScorerFailure) -> any WeightFit {
        switch scorer {
        case .centroid: preconditionFailure("the mean of seeds is no fit")
        case .contrast: try ContrastFit(input)
        case .foldin: try FoldInFit(input)
        case .logistic: try LogisticFit(input)
        case .blend: BlendFit(input)
        }
    }

    /// Bytes of memory that it holds, beside the seeds.
    package var byteCount: Int {
        switch kind {
        case .centroid: 0
        case .linear(let fit): fit.byteCount
        }
    }

    /// Goes on for about `budget` multiply-adds, at least 1. Throws where the seeds make no weight vector.
    package mutating func step(budget: Int) throws(RequestFailure) -> Step<QueryVector> {
        switch kind {
        case .centroid(var centroid):
            let step = centroid.step(seedCount: budget / (users.dimension + SeedWalk.fetchCost), table: users)
            kind = .centroid(centroid)
            return step
        case .linear(let fit):
            do throws(ScorerFailure) {
                switch try fit.step(budget: budget) {
                case .working: return .working
                case .waiting(on: let work): return .waiting(on: work)
                case .done(let weights): return .done(try Self.vector(weights, scorer))
                }
            } catch {
                throw .invalidArgument(.scorer(error))
            }
        }
    }

    /// The weight vector rounded to float32.
    private static func vector(_ weights: [Double], _ scorer: Scorer) throws(ScorerFailure) -> QueryVector {
        let vector = QueryVector(made: weights.map { Float($0) })
        // False for what is not a number.
        guard vector.norm <= Limits.normMax else { throw .normTooLarge(scorer, norm: vector.norm) }
        guard vector.norm > 0 else { throw .noDirection(scorer) }
        return vector
    }
}
