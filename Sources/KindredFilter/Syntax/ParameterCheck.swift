import KindredDomain

/// Whether the values of a filter are exactly those that its text names.
enum ParameterCheck {
    /// `named` are the parameters of the text, each once.
    static func check(
        _ values: [FilterParameter], named: [(name: String, position: Int)]
    ) throws(FilterFailure) {
        var bound: Set<String> = []
        for value in values where !bound.insert(value.name).inserted {
            throw FilterFailure(.repeatedValue(value.name), at: 0)
        }
        for (name, position) in named where !bound.contains(name) {
            throw FilterFailure.missing(name, bound: values, at: position)
        }
        let names = Set(named.map(\.name))
        for value in values where !names.contains(value.name) {
            let near = NearNames.sorted(names, near: value.name)
            throw FilterFailure(.unusedValue(value.name, named: near, type: value.value.typeName), at: 0)
        }
    }
}
