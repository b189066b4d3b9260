import KindredDomain
import KindredModel

/// Folds in the visitors of a request, one after another, in steps.
package struct FoldInPlanner {
    /// A visitor's vector, and the items that it is made of, each once, ascending.
    package struct Visitor {
        package let vector: QueryVector
        package let items: [UInt32]
    }

    private let clicks: WeightedLists
    private let resolver: MemberResolver
    private let solver: FoldInSolver
    private var unknownCount = 0

    /// Bytes of memory that the equations take.
    package var byteCount: Int { solver.byteCount }

    /// Checks the parts that all visitors share. `factors` are those of the generation; nil where the version does not
    /// carry alpha and lambda.
    package init(
        clicks: WeightedLists, generation: Generation, factors: FoldInFactors?,
        policy: UnknownIDPolicy = .strict
    ) throws(RequestFailure) {
        guard let side = generation.items else { throw .invalidArgument(.sideMissing(.items)) }
        guard let factors else { throw .invalidArgument(.members(.foldInNotOffered)) }
        self.clicks = clicks
        resolver = MemberResolver(table: side.table, use: .foldIn, policy: policy)
        solver = FoldInSolver(factors: factors, items: side.table)
    }

    /// Begins with visitor `index`. Nil where the steps will find the vector; else what takes its place.
    package mutating func begin(_ index: Int) throws(RequestFailure) -> LookedUp<Visitor>? {
        let (members, count) = try resolver.rows(clicks, index)
        unknownCount = count
        guard !members.isEmpty else {
            if resolver.policy == .strict { throw .invalidArgument(.members(.emptyFoldIn)) }
            return .nothing(resolver.policy, unknownCount: unknownCount)
        }
        solver.begin(members)
        return nil
    }

    /// Works on the visitor for about `productCount` multiply-adds. Throws where the items make no vector.
    package func step(productCount: Int) throws(RequestFailure) -> Step<LookedUp<Visitor>> {
        switch try solver.step(productCount: productCount) {
        case .working: .working
        case .waiting(on: let work): .waiting(on: work)
        case .done(let vector):
            .done(.known(Visitor(vector: vector, items: solver.rows), unknownCount: unknownCount))
        }
    }

    /// All steps of visitor `index`.
    package mutating func resolve(_ index: Int) throws(RequestFailure) -> LookedUp<Visitor> {
        if let other = try begin(index) { return other }
        while true {
            if case .done(let visitor) = try step(productCount: .max) { return visitor }
        }
    }
}
