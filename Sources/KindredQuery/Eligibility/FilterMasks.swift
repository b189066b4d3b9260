import KindredDomain
import KindredFilter

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

    /// The filters of a request. Checks their texts and values. Throws for the first that is refused.
    init(
        _ texts: [String], parameters: [FilterParameter], over target: Side, of generation: Generation,
        limits: Limits
    ) throws(RequestFailure) {
        guard let side = generation.side(target) else { throw .invalidArgument(.sideMissing(target)) }
        self.side = side
        self.target = target
        cache = generation.filterMasks
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
                case .found(let mask): return mask
                case .busy:
                    // Another request evaluates it. This one looks again in its next step.
                    budget = 0
                    return nil
                case .missing(let claim):
                    let program = try FilterProgram(
                        expression, parameters: filter.parameters, over: table, seed: seed)
                    evaluation = FilterMaskEvaluation(program, claim: claim, codes: side.codes)
                    entries[next].isEvaluated = true
                }
            }
            let rowCount = max(1, budget) * Self.rowsPerID
            budget = 0
            guard let mask = evaluation?.step(rowCount: rowCount) else { return nil }
            evaluation = nil
            return mask
        } catch {
            throw error.requestFailure(in: filter.text)
        }
    }
}
