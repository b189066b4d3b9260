import KindredDomain
import KindredFilter

/// How the filters of a request were found.
package struct FilterCounts: Sendable, Equatable {
    /// Evaluated by the request.
    package var evaluated = 0
    /// Kept from earlier requests.
    package var kept = 0
}

/// The masks of a request's filters over one side: kept ones, or else evaluated in steps.
///
/// A filter without `seed.` columns has one mask for all queries. A filter with them has one for each query, by the
/// values of the query's own row.
final class FilterMasks {
    /// One filter of the request.
    private struct Entry {
        /// The text, and the values of its own names alone.
        let hashed: HashedFilter
        /// Nil where the mask was found by the text and the values.
        var expression: FilterExpression?
        /// The `seed.` columns that it names, each once.
        var seedColumns: [SeedColumn] = []
        /// The work of its evaluation, in comparisons of a number with a constant. About.
        var comparisonCount = 0
        /// The mask for all queries; nil while it is not found, and where the filter names `seed.` columns.
        var shared: RowMask?
        /// The mask of the query that is planned next.
        var own: RowMask?
        /// Whether the request has evaluated it.
        var isEvaluated = false

        var mask: RowMask? { own ?? shared }
        var namesSeeds: Bool { !seedColumns.isEmpty }
    }

    /// Rows that are compared with a constant in about the time of looking up one id.
    private static let rowsPerID = 128
    /// Bytes of a key that are compared in about the time of looking up one id.
    private static let keyBytesPerID = 512

    private let side: GenerationSide
    private let target: Side
    private let cache: FilterMaskCache
    private let table: FilterTable?
    /// The side whose values `seed.` columns have; nil where queries have no row of their own.
    private let seedSide: Side?
    private let seedTable: FilterTable?
    private var entries: [Entry] = []
    /// The filter that is evaluated now.
    private var evaluation: FilterMaskEvaluation?
    private var next = 0
    /// The filters that have a mask of the query that is planned next.
    private var ofQuery: [Int] = []
    /// Whether the last look found that another request evaluates the filter.
    private(set) var isWaiting = false
    /// The masks that were found so far.
    private(set) var counts = FilterCounts()
    /// Bytes that the request holds of masks, and of what boosts make of them.
    private var heldByteCount = 0
    /// The masks that they are of, by what owns the words. What is counted stays, so no other object has its address.
    private var held: [ObjectIdentifier: RowMask] = [:]
    private let heldByteCountMax: Int
    /// Filters with a mask for each query.
    private var ownCount = 0

    /// The name of a filter in messages, by its index; nil where the request has no other.
    private let name: (Int) -> String?

    /// The filters of a request, and the side of its queries' own rows. Checks their texts, names and values. Throws
    /// for the first that is refused, which `name` names.
    init(
        _ texts: [String], parameters: [FilterParameter], over target: Side, of generation: Generation,
        seedSide: Side? = nil, limits: Limits, name: @escaping (Int) -> String? = { _ in nil }
    ) throws(RequestFailure) {
        guard let side = generation.side(target) else { throw .invalidArgument(.sideMissing(target)) }
        self.side = side
        self.target = target
        self.name = name
        cache = generation.filterMasks
        heldByteCountMax = Int(limits.maskBytesPerRequestMax)
        table = side.filterTable
        self.seedSide = seedSide
        seedTable = seedSide.flatMap { generation.side($0)?.filterTable }
        var unused = Set(parameters.map(\.name))
        let bound = BoundValues(parameters)
        for text in texts {
            let names = Set(FilterParser.parameterNames(in: text))
            unused.subtract(names)
            let entry = try entry(bound.filter(text, naming: names), bound: parameters, limits)
            if entry.namesSeeds { ownCount += 1 }
            entries.append(entry)
        }
        if let index = parameters.firstIndex(where: { unused.contains($0.name) }) {
            let (name, type) = (parameters[index].name, parameters[index].value.typeName)
            let named = texts.flatMap { FilterParser.parameterNames(in: $0) }
            let failure = FilterFailure(
                texts.isEmpty
                    ? .valueWithoutFilter(name, type: type) : .unusedValue(name, named: named, type: type),
                at: index)
            throw .invalidArgument(.filter(failure, text: texts.count == 1 ? texts[0] : ""))
        }
    }

    /// `bound` are all values of the request, for the message about a name that has none.
    private func entry(
        _ hashed: HashedFilter, bound: [FilterParameter], _ limits: Limits
    ) throws(RequestFailure) -> Entry {
        // A kept mask says that the filter was parsed, and that it names no seeds.
        if let mask = cache.peek(FilterKey(hashed, over: target), codes: side.codes) {
            counts.kept += 1
            return Entry(hashed: hashed, shared: mask)
        }
        let filter = hashed.filter
        let catalog = side.catalog
        do throws(FilterFailure) {
            let expression = try FilterParser.parse(filter, limits: limits) { name in
                catalog?.columns.contains { SQLName.areEqual($0.name, name) } ?? false
            }
            guard let table else { throw FilterFailure(.noCatalog, at: 0) }
            try FilterNames.check(expression, in: table, seed: seedTable)
            let seedColumns = try seedTable.map { (seed) throws(FilterFailure) in
                try FilterNames.seedColumns(of: expression, in: seed)
            }
            let comparisons = FilterEstimate.comparisons(
                of: expression, parameters: filter.parameters, over: table)
            return Entry(
                hashed: hashed, expression: expression, seedColumns: seedColumns ?? [],
                comparisonCount: comparisons + FilterMaskEvaluation.comparisonsPerRow * side.table.count)
        } catch {
            throw error.naming(bound).requestFailure(in: filter.text, named: name(entries.count))
        }
    }

    /// Whether any filter has a mask for each query.
    var hasOwn: Bool { ownCount > 0 }

    /// Different values of `seed.` columns that the queries of a request are taken to have. Shops' queries repeat few,
    /// such as categories, and their masks are kept.
    static let seedsExpected = 16

    /// Masks that queries are taken to have of their own. Each of them uses at most `perQuery` filters.
    private func ownMaskCount(queryCount: Int, perQuery: Int) -> Int {
        min(queryCount, Self.seedsExpected) * min(ownCount, perQuery)
            + max(0, min(ownCount, queryCount * perQuery) - perQuery)
    }

    /// The cost of the evaluations that are left, in look-ups of one id, for so many queries, each of which uses at
    /// most `perQuery` filters. About.
    func lookups(queryCount: Int, perQuery: Int = 1) -> Int {
        let timesOfOwn =
            ownCount == 0 ? 0 : ownMaskCount(queryCount: queryCount, perQuery: perQuery) / ownCount
        var sum = 0
        for entry in entries where entry.expression != nil {
            let times = entry.namesSeeds ? max(1, timesOfOwn) : 1
            sum += times * (entry.comparisonCount / Self.rowsPerID)
        }
        return sum
    }

    /// Bytes of the masks that the request evaluates and holds, and of the evaluation of one. About. Those that are
    /// kept are counted where they are kept.
    func byteCount(queryCount: Int, perQuery: Int) -> Int {
        let shared = entries.count { $0.expression != nil && !$0.namesSeeds }
        let masks = shared + ownMaskCount(queryCount: queryCount, perQuery: perQuery)
        guard masks > 0 else { return 0 }
        // A bit for each row while it is evaluated.
        return min(heldByteCountMax, masks * maskByteCount) + side.table.count / 8
    }

    private var maskByteCount: Int { MaskWords.byteCount(blockCount: side.codes.blockCount) }

    /// Counts bytes that the request holds. Throws where all of them together are beyond the limit.
    func hold(byteCount: Int) throws(RequestFailure) {
        let sum = heldByteCount + byteCount
        guard sum <= heldByteCountMax else {
            throw .limitExceeded(.maskBytes, found: UInt64(sum), limit: UInt64(heldByteCountMax))
        }
        heldByteCount = sum
    }

    /// Counts a mask that the request holds until its end. Equal masks count once.
    func hold(_ mask: RowMask) throws(RequestFailure) {
        guard held[mask.owner] == nil else { return }
        try hold(byteCount: maskByteCount)
        held[mask.owner] = mask
    }

    /// Whether the masks of a filter were kept from earlier requests. All steps are done.
    func isKept(_ index: Int) -> Bool { !entries[index].isEvaluated }

    /// Whether a filter has a mask for each query.
    func hasOwn(_ index: Int) -> Bool { entries[index].namesSeeds }

    /// The mask of a filter for the query that is planned next, which uses it. All steps are done.
    func mask(_ index: Int) -> RowMask {
        guard let mask = entries[index].mask else { preconditionFailure("a mask is found before it is used") }
        return mask
    }

    /// The rows that pass a filter whose mask is known already; nil for others.
    func knownCount(_ index: Int) -> Int? { entries[index].mask?.count }

    /// Finds the masks that all queries share. True once they are found.
    func resolveShared(_ budget: inout Int) throws(RequestFailure) -> Bool {
        while next < entries.count {
            if entries[next].shared == nil, !entries[next].namesSeeds {
                guard let mask = try find(next, seed: nil, &budget) else { return false }
                entries[next].shared = mask
            }
            if let mask = entries[next].shared { try hold(mask) }
            next += 1
        }
        next = 0
        return true
    }

    /// Finds the masks of the filters that a query with an own row uses; those are named that have a mask for each
    /// query. True once they are found.
    func resolveOwn(
        _ indices: [Int], seed: FilterSeed?, _ budget: inout Int
    ) throws(RequestFailure) -> Bool {
        while next < indices.count {
            let index = indices[next]
            if entries[index].own == nil {
                guard let mask = try find(index, seed: seed, &budget) else { return false }
                entries[index].own = mask
                ofQuery.append(index)
            }
            next += 1
        }
        next = 0
        return true
    }

    /// Gives up what belongs to the query that was planned, or has failed.
    func endQuery() {
        next = 0
        isWaiting = false
        evaluation = nil
        for index in ofQuery { entries[index].own = nil }
        ofQuery.removeAll(keepingCapacity: true)
    }

    /// The mask of a filter; nil while there is more to do.
    private func find(
        _ index: Int, seed: FilterSeed?, _ budget: inout Int
    ) throws(RequestFailure) -> RowMask? {
        isWaiting = false
        let hashed = entries[index].hashed
        guard let table, let expression = entries[index].expression else {
            preconditionFailure("a filter without a kept mask has been parsed")
        }
        do throws(FilterFailure) {
            if evaluation == nil {
                var seeds: [AttributeValue] = []
                for column in entries[index].seedColumns { seeds.append(try column.value(of: seed)) }
                let key = FilterKey(
                    hashed, over: target, seeds: seeds, of: entries[index].namesSeeds ? seedSide : nil)
                switch cache.find(key, codes: side.codes) {
                case .found(let mask):
                    budget -= 1 + key.byteCount / Self.keyBytesPerID
                    counts.kept += 1
                    return mask
                case .busy:
                    // Another request evaluates it. This one looks again in its next step.
                    isWaiting = true
                    budget = 0
                    return nil
                case .missing(let claim):
                    let program = try FilterProgram(
                        expression, parameters: hashed.filter.parameters, over: table, seed: seed)
                    evaluation = FilterMaskEvaluation(program, claim: claim, codes: side.codes)
                    entries[index].isEvaluated = true
                    counts.evaluated += 1
                }
            }
            let rowCount = max(1, budget) * Self.rowsPerID
            budget = 0
            guard let mask = try evaluation?.step(rowCount: rowCount) else { return nil }
            evaluation = nil
            return mask
        } catch {
            throw error.requestFailure(in: hashed.filter.text, named: name(index))
        }
    }
}
