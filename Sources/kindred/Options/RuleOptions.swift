import ArgumentParser
import KindredClient
import KindredDomain

/// The options of a filter: its text and its values.
struct FilterOptions: ParsableArguments {
    @Option(
        name: .customLong("where"), parsing: .unconditionalSingleValue,
        help: "Only rows that pass, such as \"price < :most AND 'gift' IN tags\", in SQLite's language.")
    var filter: [String] = []
    @Option(
        name: .customLong("param"), parsing: .unconditionalSingleValue,
        help:
            """
            NAME=VALUE: the value of :NAME. 5 and 2.5 are numbers, NULL is no value, all else is a text, also a date \
            such as 2026-01-31; a text that looks like a number stands in single quotes, as code='12'. A list has a \
            name for each value: --where "kind IN (:a, :b)" --param a=mug --param b=bowl.
            """,
        transform: ParameterText.option)
    var parameters: [ParsedValue<ParameterText>] = []

    func validate() throws {
        try OptionValues.checkPresent([
            ("--where", filter.count > 1 ? [] : filter), ("--param", parameters.map(\.description)),
        ])
        var names: Set<String> = []
        for parameter in parameters {
            let name = try parameter.value.name
            guard names.insert(name).inserted else {
                throw ValidationError(
                    "--param \(name): given twice; a list has a name for each value, as in \(ParameterText.list)"
                )
            }
        }
        if filter.count == 1, OptionValues.isBlank(filter[0]) {
            throw ValidationError(
                "--where '': a condition, such as \"price < 5\"; without --where all rows pass")
        }
    }

    /// Prints what is read as a text and is probably meant as something else.
    func remark() throws {
        for parameter in parameters {
            if let remark = try parameter.value.remark { CommandOutput.note(remark) }
        }
    }

    /// Throws where there is more than one filter.
    func checkSingle() throws(ValidationError) {
        guard filter.count <= 1 else {
            throw ValidationError("--where is given \(filter.count) times: join the filters with AND")
        }
    }

    /// The filter with its values; nil where there is none.
    var whole: Filter? {
        get throws(ValidationError) {
            guard let text = filter.first else { return nil }
            return Filter(text, parameters: FilterParameter.sorted(try values))
        }
    }

    /// The values by name.
    var values: [String: AttributeValue] {
        get throws(ValidationError) {
            var values: [String: AttributeValue] = [:]
            for parameter in parameters {
                let read = try parameter.value
                values[read.name] = read.value
            }
            return values
        }
    }
}

/// The value of `--param`: `NAME=VALUE`.
struct ParameterText: Sendable {
    let name: String
    let value: AttributeValue
    /// What the value is taken for, where something else is probably meant.
    let remark: String?

    static let option: @Sendable (String) -> ParsedValue<ParameterText> = { text in
        ParsedValue(text) { text throws(ValidationError) in try ParameterText(text) }
    }

    init(_ text: String) throws(ValidationError) {
        guard let equals = text.firstIndex(of: "=") else {
            throw ValidationError("--param \(text): NAME=VALUE, such as --param today=700")
        }
        name = String(text[..<equals])
        guard FilterParameter.isName(Array(name.utf8)) else {
            throw ValidationError(
                "--param \(text): '\(name)' is no name: letters, digits and _, without the colon")
        }
        let given = text[text.index(after: equals)...]
        if given.count >= 2, given.hasPrefix("'"), given.hasSuffix("'"),
            given.dropFirst().dropLast().replacing("''", with: "").contains("'")
        {
            throw ValidationError(
                "--param \(text): a quote in a quoted text is written twice; a list has a name for each value, as in "
                    + Self.list)
        }
        value = Self.value(String(given))
        remark = Self.remark(String(given), name: name)
    }

    /// How a filter takes a list.
    static let list = "IN (:a, :b)"

    /// What a text that looks like a list, or that has double quotes around it, is taken for.
    private static func remark(_ given: String, name: String) -> String? {
        if given.count >= 2, given.hasPrefix("\""), given.hasSuffix("\"") {
            return "--param \(name): the double quotes are a part of the text"
        }
        let parts = given.trimmingPrefix(/[(\[]/).split(separator: ",", omittingEmptySubsequences: false)
        let isList = parts.count > 1 && parts.allSatisfy { Double($0.filter { !" )]".contains($0) }) != nil }
        if !isList {
            if given.isEmpty { return "--param \(name): an empty text; NULL is no value" }
            // A number with a currency or a unit, such as £10 or 10 pounds.
            guard given.wholeMatch(of: /\p{Sc} ?[0-9.,]+|[0-9.,]+( ?\p{Sc}| \p{L}+)/) != nil else {
                return nil
            }
            return "--param \(name): \(given) is a text, and greater than every number of a column of numbers"
        }
        return "--param \(name): \(given) is one text; a list has a name for each value, as in \(list)"
    }

    /// A number where the text is one, NULL, or a text. In single quotes anything is a text; quotes in it are doubled.
    static func value(_ text: String) -> AttributeValue {
        if text == "NULL" { return .null }
        if text.count >= 2, text.hasPrefix("'"), text.hasSuffix("'") {
            return AttributeValue(String(text.dropFirst().dropLast()).replacing("''", with: "'"))
        }
        if let integer = Int64(text) { return .integer(integer) }
        // As in a filter: 64 bits after 0x.
        if text.hasPrefix("0x") || text.hasPrefix("0X"), let bits = UInt64(text.dropFirst(2), radix: 16) {
            return .integer(Int64(bitPattern: bits))
        }
        // Words such as "nan" and "infinity" are texts, and so are hexadecimal fractions, which filters do not have.
        let isDecimal = text.allSatisfy { $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }
        if isDecimal, text.contains(where: \.isNumber), let real = Double(text) { return .real(real) }
        return AttributeValue(text)
    }
}

/// The options of boosts, caps, diversity and pages.
struct RuleOptions: ParsableArguments {
    @OptionGroup var filter: FilterOptions
    @Option(
        parsing: .unconditionalSingleValue,
        help:
            """
            *FACTOR:FILTER or +TERM:FILTER changes the scores of rows that pass, such as "*1.5:season = :now" or \
            "-0.2:stock < 3". Up to 8 boosts.
            """,
        transform: BoostText.option)
    var boost: [ParsedValue<BoostText>] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help: "COLUMN=N: at most N results with the same value of the column. Up to 4 caps.",
        transform: CapText.option)
    var cap: [ParsedValue<CapText>] = []
    @Option(
        parsing: .unconditional,
        help: "0 to 1: the weight of being unlike the results before. 0 is the order of scores.",
        transform: NumberText.number(0.3))
    var diversity: Double?
    @Option(
        parsing: .unconditional,
        help: "The best rows that --diversity orders anew. Default: 10 (offset + k), at most 2,000.",
        transform: NumberText.whole(100))
    var pool: Int?
    @Option(
        parsing: .unconditional,
        help: "Results to leave out at the beginning: with -k 10, page 2 has --offset 10. (default: 0)",
        transform: NumberText.whole(10))
    var offset = 0
    @Flag(help: "Leave out items that the user has seen.")
    var excludeSeen = false
    @Flag(help: "Say which of the query's own items, or of the user's seen ones, each result is nearest to.")
    var because = false
    @Flag(help: "No result for two queries.")
    var distinct = false
    @Option(
        help: """
            An unknown id: strict fails, skip leaves it out, fallback answers with popular items, also to a visitor \
            without any, as --clicks ''.
            """)
    var unknown = UnknownOption.strict

    func validate() throws {
        try OptionValues.checkPresent([
            ("--boost", boost.map(\.description)), ("--cap", cap.map(\.description)),
        ])
        for boost in boost { _ = try boost.value }
        var capped: Set<String> = []
        for cap in cap {
            let column = try cap.value.cap.column
            guard capped.insert(column).inserted else {
                throw ValidationError("--cap \(cap.description): '\(column)' is given twice")
            }
        }
        // The server checks its own limits, which are at most those named here.
        guard offset >= 0 else { throw ValidationError("--offset \(offset): at least 0") }
        guard offset <= UInt32.max else {
            throw ValidationError(
                "--offset \(offset): offset and k are at most \(Limits.standard.kMax) together")
        }
        if let diversity, !(0...1).contains(diversity) {
            throw ValidationError("--diversity \(diversity): 0 to 1")
        }
        if let pool {
            guard diversity != nil else { throw ValidationError("--pool \(pool): only with --diversity") }
            guard pool > 0 else { throw ValidationError("--pool \(pool): at least offset + k") }
            guard pool <= UInt32.max else {
                throw ValidationError("--pool \(pool): at most \(Limits.standard.poolMax)")
            }
        }
        if filter.filter.isEmpty, boost.isEmpty, let first = filter.parameters.first {
            throw ValidationError("--param \(first.description): only with --where or --boost")
        }
    }

    var rules: Rules {
        get throws {
            var rules = Rules()
            // Given once, it is for all queries; given again, one for each query. An empty one lets all rows pass.
            if filter.filter.count > 1 {
                rules.queryFilters = filter.filter.map { $0.isEmpty ? nil : $0 }
            } else {
                rules.filter = filter.filter.first
            }
            rules.parameters = try filter.values
            rules.boosts = try boost.map { try $0.value.rule }
            rules.caps = try cap.map { try $0.value.cap }
            rules.diversity = diversity.map { Diversity(weight: $0, pool: pool.map { UInt32($0) }) }
            rules.offset = offset
            rules.excludesSeen = excludeSeen
            rules.wantsBecause = because
            rules.isDistinct = distinct
            return rules
        }
    }
}

/// The value of `--boost`.
struct BoostText: Sendable {
    let rule: BoostRule

    static let option: @Sendable (String) -> ParsedValue<BoostText> = { text in
        ParsedValue(text) { text throws(ValidationError) in try BoostText(text) }
    }

    init(_ text: String) throws(ValidationError) {
        let form = "*FACTOR:FILTER or +TERM:FILTER, such as \"*1.5:'winter' IN season\" or \"-0.2:stock < 3\""
        guard let colon = text.firstIndex(of: ":") else { throw ValidationError("--boost \(text): \(form)") }
        let change = text[..<colon]
        let filter = String(text[text.index(after: colon)...])
        let isFactor = change.first == "*"
        guard isFactor || change.first == "+" || change.first == "-" else {
            throw ValidationError("--boost \(text): \(form)")
        }
        let digits = isFactor || change.first == "+" ? change.dropFirst() : change
        guard let value = Double(digits), value.isFinite, !isFactor || value > 0 else {
            let wanted = isFactor ? "a number above 0 after *" : "a number after + or -"
            throw ValidationError("--boost \(text): '\(digits)' is not \(wanted)")
        }
        guard !OptionValues.isBlank(filter) else {
            throw ValidationError("--boost \(text): a filter after the colon: \(form)")
        }
        rule = BoostRule(where: filter, isFactor ? .multiply(value) : .add(value))
    }
}

/// The value of `--cap`.
struct CapText: Sendable {
    let cap: GroupCap

    static let option: @Sendable (String) -> ParsedValue<CapText> = { text in
        ParsedValue(text) { text throws(ValidationError) in try CapText(text) }
    }

    init(_ text: String) throws(ValidationError) {
        // A column's name may contain an equals sign; the last one separates the number.
        guard let equals = text.lastIndex(of: "="), case let digits = text[text.index(after: equals)...],
            let count = UInt32(digits), count > 0
        else {
            let isTooLarge = text.lastIndex(of: "=").map {
                UInt64(text[text.index(after: $0)...]) ?? 0 > UInt32.max
            }
            throw ValidationError(
                "--cap \(text): COLUMN=N with N "
                    + (isTooLarge == true ? "at most \(UInt32.max)" : "at least 1, such as country=2"))
        }
        cap = GroupCap(String(text[..<equals]), atMost: count)
    }
}

/// The values of `--unknown`.
enum UnknownOption: String, ExpressibleByArgument, CaseIterable {
    case strict
    case skip
    case fallback

    var unknownIDs: UnknownIDs {
        switch self {
        case .strict: .strict
        case .skip: .skip
        case .fallback: .fallback
        }
    }
}
