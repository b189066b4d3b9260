import KindredDomain

/// Which rows a filter lets through, as far as the request says it: equal keys have the same mask in one generation.
package struct FilterKey: Sendable, Hashable {
    package let side: Side
    package let filter: Filter
    /// The values of the filter's `seed.` columns, in the order in which it names them; empty where it names none.
    package let seeds: [AttributeValue]
    /// The side whose columns these are, since their declarations decide how they are compared; nil where the filter
    /// names none.
    package let seedSide: Side?
    private let hash: Int

    package init(
        _ filter: Filter, over side: Side, seeds: [AttributeValue] = [], of seedSide: Side? = nil
    ) {
        self.filter = filter
        self.side = side
        self.seeds = seeds
        self.seedSide = seedSide
        var hasher = Hasher()
        hasher.combine(side)
        hasher.combine(seedSide)
        // As bytes: texts that Unicode takes for the same are two filters.
        var text = filter.text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(filter.parameters.count)
        for parameter in filter.parameters {
            hasher.combine(parameter.name)
            Self.combine(parameter.value, into: &hasher)
        }
        for seed in seeds { Self.combine(seed, into: &hasher) }
        hash = hasher.finalize()
    }

    package static func == (left: FilterKey, right: FilterKey) -> Bool {
        left.hash == right.hash && left.side == right.side && left.seedSide == right.seedSide
            && left.filter.text.utf8.elementsEqual(right.filter.text.utf8)
            && left.filter.parameters.count == right.filter.parameters.count
            && zip(left.filter.parameters, right.filter.parameters).allSatisfy {
                $0.name.utf8.elementsEqual($1.name.utf8) && areSame($0.value, $1.value)
            } && left.seeds.count == right.seeds.count && zip(left.seeds, right.seeds).allSatisfy(areSame)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    /// Bytes of memory: the text and the values, and a word or two for each.
    package var byteCount: Int {
        filter.text.utf8.count + seeds.reduce(0) { $0 + Self.byteCount($1) }
            + filter.parameters.reduce(0) { $0 + $1.name.utf8.count + 16 + Self.byteCount($1.value) }
    }

    private static func byteCount(_ value: AttributeValue) -> Int {
        guard case .text(let bytes) = value else { return 16 }
        return 16 + 32 + bytes.count
    }

    /// Reals by their bits: 0 and -0 are equal in SQLite, and their texts are not.
    private static func areSame(_ left: AttributeValue, _ right: AttributeValue) -> Bool {
        guard case .real(let a) = left, case .real(let b) = right else { return left == right }
        return a.bitPattern == b.bitPattern
    }

    private static func combine(_ value: AttributeValue, into hasher: inout Hasher) {
        guard case .real(let real) = value else { return hasher.combine(value) }
        hasher.combine(real.bitPattern)
    }
}
