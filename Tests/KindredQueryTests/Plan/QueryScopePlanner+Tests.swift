import KindredDomain
import KindredQuery

extension QueryScopePlanner {
    /// What query `index` comes to, in all its steps.
    func lookUp(_ index: Int) throws(RequestFailure) -> LookedUp<Resolved> {
        var planner = self
        if let found = try planner.begin(index) { return found }
        while true {
            if let found = try planner.step(productCount: 1_000) { return found }
        }
    }
}
