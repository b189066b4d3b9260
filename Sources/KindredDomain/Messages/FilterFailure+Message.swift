extension FilterFailure: CustomStringConvertible {
    /// The failure in one line: what was found, what would be right, and the part of the filter around the place.
    ///
    ///     expected a value after "<", found end of text: median_price <
    package func description(in text: String) -> String {
        text.isEmpty ? description : "\(description): \(TextExcerpt(of: text, around: position).text)"
    }

    /// The failure without a part of the filter.
    package var description: String { sentence + place }

    /// Where the refused part begins, unless that is the whole filter or the end of its text.
    private var place: String {
        switch reason {
        case .syntax(found: "end of text", _), .unusedValue, .repeatedValue, .tooLong, .tooManyValues,
            .noCatalog:
            ""
        default: " at byte \(position)"
        }
    }

    private var sentence: String {
        switch reason {
        case .syntax(let found, let wanted): "expected \(wanted), found \(Self.cut(found))"
        case .unsupported(let name, let wanted):
            "filters have no \(Self.cut(name))" + (wanted.isEmpty ? "" : " (\(wanted))")
        case .unknownColumn(let name, let known): Self.unknown("column", name, known)
        case .unknownSet(let name, let known): Self.unknown("multi-valued attribute", name, known)
        case .seedWithoutRow: "a seed. column needs a query for an item or a user"
        case .incomparableColumn(let name, let because):
            "the column \"\(Self.cut(name))\" cannot be compared: \(because)"
        case .noCatalog:
            "the rows have no attributes, since the model has no catalog for them; expected no filter"
        case .missingValue(let name, let bound):
            "no value for :\(Self.cut(name))"
                + (bound.isEmpty ? "; none is bound" : "; bound: \(Self.list(bound))")
        case .unusedValue(let name, let named, let type):
            "\(type) is bound to :\(Self.cut(name)), which is not in the filter"
                + (named.isEmpty ? ", nor any other name" : "; it has \(Self.list(named.map { ":" + $0 }))")
        case .repeatedValue(let name): "two values are bound to :\(Self.cut(name)), expected one"
        case .tooLong(let bytes, let limit): "a filter of \(bytes) bytes, expected at most \(limit)"
        case .tooManyNodes(let limit):
            "more than \(limit) operators, columns and values, expected at most \(limit)"
        case .tooDeep(let limit): "nested more than \(limit) deep, expected at most \(limit)"
        case .tooManyValues(let count, let limit): "\(count) bound values, expected at most \(limit)"
        }
    }

    private static func unknown(_ kind: String, _ name: String, _ known: [String]) -> String {
        let guess = NearNames.guess(known, for: name).map { "; did you mean \"\(cut($0))\"?" } ?? ""
        return "no \(kind) \"\(cut(name))\"" + guess
            + (known.isEmpty ? ": there are none" : NameList(inOrder: known).text)
    }

    private static func list(_ names: [String]) -> String { NameList(names).names }

    private static func cut(_ name: String) -> String { TextExcerpt(of: name, around: 0).text }
}
