extension FilterFailure: CustomStringConvertible {
    /// The failure in one line: what was found, where, what would be right, and the filter around the place.
    ///
    ///     expected a value after "<", found end of text: median_price <
    package func description(in text: String) -> String {
        text.isEmpty ? description : "\(description): \(TextExcerpt(of: text, around: position).text)"
    }

    /// The failure without a part of the filter.
    package var description: String {
        switch reason {
        // The place stands first, where it would seem to belong to the advice.
        case .setAsColumn, .columnAsSet, .incomparableColumn: "at byte \(position), " + fact + advice
        default: fact + place + advice
        }
    }

    /// Where the refused part begins, unless that is the whole filter or the end of its text.
    private var place: String {
        switch reason {
        case .syntax(found: "end of text", _), .empty, .unusedValue, .valueWithoutFilter, .repeatedValue,
            .tooLong,
            .tooManyValues, .noCatalog, .incomparableCap:
            ""
        default: " at byte \(position)"
        }
    }

    /// What was found.
    private var fact: String {
        switch reason {
        case .syntax(let found, let wanted): "expected \(wanted), found \(Self.cut(found))"
        case .empty: "the filter is empty"
        case .unsupported(let name, _): "filters have no \(Self.cut(name))"
        case .unknownColumn(let name, _): "no column \"\(Self.cut(name))\""
        case .unknownSet(let name, _): "no table of values \"\(Self.cut(name))\""
        case .setAsColumn(let name, let ofSeed):
            "\"\(ofSeed ? "seed." : "")\(Self.cut(name))\" is a table of values"
        case .columnAsSet(let name): "\"\(Self.cut(name))\" is a column, not a table of values"
        case .seedWithoutRow: "a seed. column needs a query for an item or a user"
        case .incomparableColumn(let name, _): "the column \"\(Self.cut(name))\" cannot be compared"
        case .incomparableCap(let name, _): "the column \"\(Self.cut(name))\" of a cap cannot be compared"
        case .noCatalog:
            "the rows have no attributes, since the model has no catalog for them; expected no filter"
        case .missingValue(let name, _): "no value for :\(Self.cut(name))"
        case .unusedValue(let name, _, let type):
            "\(type) is bound to :\(Self.cut(name)), which is not in the filter"
        case .valueWithoutFilter(let name, let type):
            "\(type) is bound to :\(Self.cut(name)), and there is no filter"
        case .repeatedValue(let name): "two values are bound to :\(Self.cut(name)), expected one"
        case .tooLong(let bytes, let limit): "a filter of \(bytes) bytes, expected at most \(limit)"
        case .tooManyNodes(let limit):
            "more than \(limit) operators, columns and values, expected at most \(limit)"
        case .tooDeep(let limit): "nested more than \(limit) deep, expected at most \(limit)"
        case .tooManyValues(let count, let limit): "\(count) bound values, expected at most \(limit)"
        }
    }

    /// What would be right, where the fact does not say it.
    private var advice: String {
        switch reason {
        case .unsupported(_, wanted: ""):
            "; they have comparisons, BETWEEN, IN, IS, LIKE, GLOB, AND, OR, NOT, +, - and *"
        case .unsupported(_, let wanted): " (\(wanted))"
        case .unknownColumn(let name, let known):
            Self.advice(name, known, otherwise: "; a text stands in single quotes")
        case .unknownSet(let name, let known): Self.advice(name, known, otherwise: "")
        case .empty: ": expected a condition, such as price < 5, or no filter"
        case .setAsColumn(_, ofSeed: true): ": seed. has columns alone"
        case .setAsColumn(let name, ofSeed: false): ": write 'x' IN \(Self.written(name))"
        case .columnAsSet(let name):
            ": write \(Self.written(name)) = 'x', or \(Self.written(name)) IN ('x', 'y')"
        case .incomparableColumn(_, let because), .incomparableCap(_, let because): ": \(because)"
        case .valueWithoutFilter: ": expected a filter that has it, or no value"
        case .missingValue(let name, let bound): Self.bound(bound, for: name)
        case .unusedValue(_, named: [], _): ", nor any other name"
        case .unusedValue(_, let named, _): "; it has \(Self.list(named.map { ":" + $0 }))"
        default: ""
        }
    }

    private static func advice(_ name: String, _ known: [String], otherwise: String) -> String {
        let guess = NearNames.guess(known, for: name).map { "; did you mean \"\(cut($0))\"?" } ?? otherwise
        return guess + (known.isEmpty ? "; the catalog has none" : NameList(inOrder: known).text)
    }

    /// The names that have values, as `name (an integer)`.
    private static func bound(_ bound: [String], for name: String) -> String {
        bound.isEmpty ? "; none is bound" : "; bound: \(NameList(inOrder: bound).names)"
    }

    private static func list(_ names: [String]) -> String { NameList(names).names }

    /// A name as it stands in a filter: in quotes where it needs them.
    private static func written(_ name: String) -> String {
        FilterParameter.isName(name.utf8) ? cut(name) : "\"\(cut(name))\""
    }

    private static func cut(_ name: String) -> String { TextExcerpt(of: name, around: 0).text }
}
