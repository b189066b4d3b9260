import KindredDomain

/// Which rows a filter lets through, as far as the request says it: equal keys have the same mask in one generation.
package struct FilterKey: Sendable, Hashable {
    package let side: Side
    private let hashed: HashedFilter
    /// The values of the filter's `seed.` columns; empty where it names none.
    package let seeds: [AttributeValue]
    /// The side whose columns these are, since their declarations decide how they are compared; nil where the filter
    /// names none.
    package let seedSide: Side?
    private let hash: Int

    package init(
        _ filter: Filter, over side: Side, seeds: [AttributeValue] = [], of seedSide: Side? = nil
    ) {
        self.init(HashedFilter(filter), over: side, seeds: seeds, of: seedSide)
    }

    /// The key of a filter that is hashed already: its text and its values are not read.
    init(
        _ hashed: HashedFilter, over side: Side, seeds: [AttributeValue] = [], of seedSide: Side? = nil
    ) {
        self.hashed = hashed
        self.side = side
        self.seeds = seeds
        self.seedSide = seedSide
        var hasher = Hasher()
        hasher.combine(side)
        hasher.combine(seedSide)
        hasher.combine(hashed.hash)
        for seed in seeds { seed.combine(into: &hasher) }
        hash = hasher.finalize()
    }

    package static func == (left: FilterKey, right: FilterKey) -> Bool {
        left.hash == right.hash && left.side == right.side && left.seedSide == right.seedSide
            && left.hashed.isSame(as: right.hashed)
            && left.seeds.count == right.seeds.count
            && zip(left.seeds, right.seeds).allSatisfy { $0.isSame(as: $1) }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    /// Bytes of memory: the text and the values, and a word or two for each.
    package var byteCount: Int { hashed.byteCount + seeds.reduce(0) { $0 + $1.byteCount } }
}

/// A filter with its hash, which the keys of all queries of a request share.
final class HashedFilter: Sendable {
    let filter: Filter
    let hash: Int
    /// Bytes of memory.
    let byteCount: Int

    convenience init(_ filter: Filter) {
        self.init(filter, valueHashes: filter.parameters.map(Self.hash))
    }

    /// `valueHashes` are those of the filter's parameters.
    init(_ filter: Filter, valueHashes: [Int]) {
        self.filter = filter
        var hasher = Hasher()
        // As bytes: texts that Unicode takes for the same are two filters.
        var text = filter.text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        for value in valueHashes { hasher.combine(value) }
        hash = hasher.finalize()
        byteCount =
            filter.text.utf8.count
            + filter.parameters.reduce(0) { $0 + $1.name.utf8.count + 16 + $1.value.byteCount }
    }

    static func hash(_ parameter: FilterParameter) -> Int {
        var hasher = Hasher()
        hasher.combine(parameter.name)
        parameter.value.combine(into: &hasher)
        return hasher.finalize()
    }

    func isSame(as other: HashedFilter) -> Bool {
        if self === other { return true }
        return hash == other.hash && areSame(filter.text, other.filter.text)
            && filter.parameters.count == other.filter.parameters.count
            && zip(filter.parameters, other.filter.parameters).allSatisfy {
                areSame($0.name, $1.name) && $0.value.isSame(as: $1.value)
            }
    }
}

/// The bound values of a request, by their names.
struct BoundValues {
    let all: [FilterParameter]
    private let places: [String: Int]
    private let hashes: [Int]

    init(_ parameters: [FilterParameter]) {
        all = parameters
        places = Dictionary(
            parameters.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        hashes = parameters.map(HashedFilter.hash)
    }

    /// A filter with the values of the names in its text. Names without a value are left out.
    func filter(_ text: String, naming names: Set<String>) -> HashedFilter {
        let own = names.compactMap { places[$0] }.sorted()
        return HashedFilter(
            Filter(text, parameters: own.map { all[$0] }), valueHashes: own.map { hashes[$0] })
    }
}

/// As bytes.
private func areSame(_ left: String, _ right: String) -> Bool {
    var (left, right) = (left, right)
    return left.withUTF8 { left in
        right.withUTF8 { right in areSame(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right)) }
    }
}

/// Eight bytes at a time: a filter may have thousands.
private func areSame(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    let whole = left.count / 8 * 8
    for place in stride(from: 0, to: whole, by: 8)
    where left.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        != right.loadUnaligned(fromByteOffset: place, as: UInt64.self)
    {
        return false
    }
    return (whole..<left.count).allSatisfy { left[$0] == right[$0] }
}

extension AttributeValue {
    fileprivate var byteCount: Int {
        guard case .text(let bytes) = self else { return 16 }
        return 16 + 32 + bytes.count
    }

    /// Reals by their bits: 0 and -0 are equal in SQLite, and their texts are not.
    fileprivate func isSame(as other: AttributeValue) -> Bool {
        switch (self, other) {
        case (.real(let a), .real(let b)): a.bitPattern == b.bitPattern
        case (.text(let a), .text(let b)): a.withUnsafeBytes { a in b.withUnsafeBytes { areSame(a, $0) } }
        default: self == other
        }
    }

    fileprivate func combine(into hasher: inout Hasher) {
        switch self {
        case .real(let real): hasher.combine(real.bitPattern)
        case .text(let bytes): bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        case .null, .integer: hasher.combine(self)
        }
    }
}
