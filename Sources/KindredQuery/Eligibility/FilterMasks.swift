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
        let filter: Filter
        /// Nil where the mask was found by the text and the values.
        var expression: FilterExpression?
        var namesSeeds = false
        /// The mask for all queries; nil while it is not found, and where the filter names `seed.` columns.
        var shared: RowMask?
        /// The mask of the query that is planned next.
        var own: RowMask?
        /// Whether the request has evaluated it.
        var isEvaluated = false

        var mask: RowMask? { own ?? shared }
    }

    /// Rows that are compared with a constant in about the time of looking up one id.
    private static let rowsPerID = 128

    private let side: GenerationSide
    private let target: Side
    private let cache: FilterMaskCache
    private let table: FilterTable?
    private var entries: [Entry] = []
    /// The filter that is evaluated now.
    private var evaluation: FilterMaskEvaluation?
    private var next = 0
    /// The masks that were found so far.
    private(set) var counts = FilterCounts()
    /// Bytes that the request holds of masks that depend on its queries, and the masks that they are of.
    private var ownByteCount = 0
    private var ownMasks: Set<ObjectIdentifier> = []
    private let ownByteCountMax: Int

    /// The filters of a request. Checks their texts and values. Throws for the first that is refused.
    init(
        _ texts: [String], parameters: [FilterParameter], over target: Side, of generation: Generation,
        limits: Limits
    ) throws(RequestFailure) {
        guard let side = generation.side(target) else { throw .invalidArgument(.sideMissing(target)) }
        self.side = side
        self.target = target
        cache = generation.filterMasks
        ownByteCountMax = Int(limits.maskBytesPerRequestMax)
        table = side.filterTable
        var unused = Set(parameters.map(\.name))
        for text in texts {
            let names = Set(FilterParser.parameterNames(in: text))
            unused.subtract(names)
            let filter = Filter(text, parameters: parameters.filter { names.contains($0.name) })
            entries.append(try entry(filter, bound: parameters, limits))
        }
        if let index = parameters.firstIndex(where: { unused.contains($0.name) }) {
            let failure = FilterFailure(
                .unusedValue(
                    parameters[index].name, named: texts.flatMap { FilterParser.parameterNames(in: $0) },
                    type: parameters[index].value.typeName), at: index)
            throw .invalidArgument(.filter(failure, text: texts.first ?? ""))
        }
    }

    /// `bound` are all values of the request, for the message about a name that has none.
    private func entry(
        _ filter: Filter, bound: [FilterParameter], _ limits: Limits
    ) throws(RequestFailure) -> Entry {
        // A kept mask says that the filter was parsed, and that it names no seeds.
        if let mask = cache.peek(FilterKey(filter, over: target), codes: side.codes) {
            counts.kept += 1
            return Entry(filter: filter, shared: mask)
        }
        let catalog = side.catalog
        do throws(FilterFailure) {
            let expression = try FilterParser.parse(filter, limits: limits) { name in
                catalog?.columns.contains { SQLName.areEqual($0.name, name) } ?? false
            }
            let namesSeeds = FilterNames.hasSeeds(expression)
            return Entry(filter: filter, expression: expression, namesSeeds: namesSeeds)
        } catch {
            throw error.naming(bound).requestFailure(in: filter.text)
        }
    }

    /// Whether any filter has a mask for each query.
    var hasOwn: Bool { entries.indices.contains(where: hasOwn) }

    /// Different values of `seed.` columns that the queries of a request are taken to have. Shops' queries repeat few,
    /// such as categories, and their masks are kept.
    static let seedsExpected = 16

    /// The cost of the evaluations that are left, in look-ups of one id, for so many queries. About.
    func lookups(queryCount: Int) -> Int {
        var sum = 0
        for entry in entries where entry.expression != nil {
            let comparisons = 1 + entry.filter.text.utf8.count / Self.bytesPerComparison
            let (rows, times) = (side.table.count, entry.namesSeeds ? min(queryCount, Self.seedsExpected) : 1)
            sum += times * (rows * comparisons / Self.rowsPerID)
        }
        return sum
    }

    /// Bytes of text of one comparison, about.
    private static let bytesPerComparison = 16

    /// Bytes of the masks that depend on queries, of so many of these. About.
    func ownByteCount(queryCount: Int) -> Int {
        let masks = min(queryCount, Self.seedsExpected) * entries.count(where: \.namesSeeds)
        return min(ownByteCountMax, masks * MaskWords.byteCount(blockCount: side.codes.blockCount))
    }

    /// Counts bytes that the request holds for one query. Throws where all of them together are beyond the limit.
    func hold(byteCount: Int) throws(RequestFailure) {
        ownByteCount += byteCount
        guard ownByteCount > ownByteCountMax else { return }
        throw .limitExceeded(
            .maskBytes, found: UInt64(ownByteCount), limit: UInt64(ownByteCountMax))
    }

    private func hold(_ mask: RowMask) throws(RequestFailure) {
        guard ownMasks.insert(mask.owner).inserted else { return }
        try hold(byteCount: MaskWords.byteCount(blockCount: side.codes.blockCount))
    }

    /// Whether the masks of a filter were kept from earlier requests. All steps are done.
    func isKept(_ index: Int) -> Bool { !entries[index].isEvaluated }

    /// Whether a filter has a mask for each query.
    func hasOwn(_ index: Int) -> Bool { entries[index].namesSeeds }

    /// The mask of a filter for the query that is planned next. All steps are done.
    func mask(_ index: Int) -> RowMask? { entries[index].mask }

    /// Finds the masks that all queries share. True once they are found.
    func resolveShared(_ budget: inout Int) throws(RequestFailure) -> Bool {
        while next < entries.count {
            if entries[next].shared == nil, !entries[next].namesSeeds,
                let expression = entries[next].expression
            {
                guard let mask = try find(entries[next].filter, expression, seed: nil, &budget) else {
                    return false
                }
                entries[next].shared = mask
            }
            next += 1
        }
        next = 0
        return true
    }

    /// Finds the masks of a query with an own row. True once they are found.
    func resolveOwn(seed: FilterSeed?, _ budget: inout Int) throws(RequestFailure) -> Bool {
        while next < entries.count {
            if entries[next].namesSeeds, entries[next].own == nil, let expression = entries[next].expression {
                guard let mask = try find(entries[next].filter, expression, seed: seed, &budget) else {
                    return false
                }
                try hold(mask)
                entries[next].own = mask
            }
            next += 1
        }
        next = 0
        return true
    }

    /// Gives up what belongs to a query that has failed.
    func endQuery() {
        next = 0
        evaluation = nil
        for index in entries.indices { entries[index].own = nil }
    }

    /// The mask of a filter; nil while there is more to do.
    private func find(
        _ filter: Filter, _ expression: FilterExpression, seed: FilterSeed?, _ budget: inout Int
    ) throws(RequestFailure) -> RowMask? {
        do throws(FilterFailure) {
            if evaluation == nil {
                guard let table else { throw FilterFailure(.noCatalog, at: 0) }
                let seeds = try FilterNames.seedValues(of: expression, in: seed)
                switch cache.find(FilterKey(filter, over: target, seeds: seeds), codes: side.codes) {
                case .found(let mask):
                    counts.kept += 1
                    return mask
                case .busy:
                    // Another request evaluates it. This one looks again in its next step.
                    budget = 0
                    return nil
                case .missing(let claim):
                    let program = try FilterProgram(
                        expression, parameters: filter.parameters, over: table, seed: seed)
                    evaluation = FilterMaskEvaluation(program, claim: claim, codes: side.codes)
                    entries[next].isEvaluated = true
                    counts.evaluated += 1
                }
            }
            let rowCount = max(1, budget) * Self.rowsPerID
            budget = 0
            guard let mask = try evaluation?.step(rowCount: rowCount) else { return nil }
            evaluation = nil
            return mask
        } catch {
            throw error.requestFailure(in: filter.text)
        }
    }
}
