import KindredDomain
import TestSupport

/// The text of a random filter: in the language of filters, and as SQLite reads the same.
///
/// Operands are in parentheses by chance only, so that the text decides what belongs together.
struct RandomFilter {
    /// Literals, columns and values, at most.
    private static let leavesMax = 16

    private(set) var filter = Filter("")
    /// The filter with each `IN set` as a query of the set's table.
    private(set) var asSQL = Filter("")
    private(set) var hasSeed = false
    private var own: [String] = []
    private var sql: [String] = []
    private var generator: SeededGenerator
    private var leaves = 0

    /// `hasSets`: whether it may have `IN set`, for which SQLite needs another text.
    init(_ generator: inout SeededGenerator, hasSets: Bool = true) {
        self.generator = generator
        self.hasSets = hasSets
        expression(depth: Int.random(in: 1...5, using: &self.generator))
        filter.text = own.joined()
        asSQL = Filter(sql.joined(), parameters: filter.parameters)
        generator = self.generator
    }

    private let hasSets: Bool

    // MARK: Text

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements.randomElement(using: &generator)!
    }

    /// Appends a token after random white space and comments.
    private mutating func put(_ token: String, sql: String? = nil) {
        let separators = [
            "\n", "\t ", "  ", "/* a 'b' */", "-- x ' \" )\n", "\u{0B} ", "\u{FEFF}", "\r\u{0C}",
        ]
        let space = " " + (chance(8) ? pick(separators) : "")
        own.append(space + token)
        self.sql.append(space + (sql ?? token))
    }

    /// Appends keywords in a random case.
    private mutating func keyword(_ words: String) {
        for word in words.split(separator: " ") {
            let isLowercase = Bool.random(using: &generator)
            put(chance(6) ? word.capitalized : isLowercase ? word.lowercased() : String(word))
        }
    }

    // MARK: Expressions

    private mutating func expression(depth: Int) {
        if depth <= 0 || leaves > Self.leavesMax { return leaf() }
        switch Int.random(in: 0..<20, using: &generator) {
        case 0, 1: binary(["OR", "AND"], depth)
        case 2: chain(depth)
        case 3: prefix(["NOT"], depth)
        case 4...8: binary(["=", "==", "<>", "!=", "<", "<=", ">", ">="], depth)
        case 9: binary(["IS", "IS NOT"], depth)
        case 10, 11: binary(["+", "-", "*"], depth)
        case 12: prefix(["-", "+"], depth)
        case 13: suffix(["IS NULL", "IS NOT NULL", "ISNULL", "NOTNULL", "NOT NULL"], depth)
        case 14, 15: between(depth)
        case 16, 17: membership(depth)
        case 18: pattern(depth)
        default: leaf()
        }
    }

    /// An operand: rarely without the parentheses that it would need.
    private mutating func operand(_ depth: Int) {
        guard chance(2) else { return expression(depth: depth) }
        put("(")
        expression(depth: depth)
        put(")")
    }

    private mutating func operatorWord(_ word: String) {
        if word.first?.isLetter == true { keyword(word) } else { put(word) }
    }

    private mutating func binary(_ operators: [String], _ depth: Int) {
        operand(depth - 1)
        operatorWord(pick(operators))
        operand(depth - 1)
    }

    /// A chain of ANDs and ORs without parentheses around it.
    private mutating func chain(_ depth: Int) {
        operand(depth - 2)
        for _ in 0..<Int.random(in: 2...9, using: &generator) {
            keyword(pick(["OR", "OR", "AND"]))
            operand(depth - 2)
        }
    }

    private mutating func prefix(_ operators: [String], _ depth: Int) {
        operatorWord(pick(operators))
        operand(depth - 1)
    }

    private mutating func suffix(_ operators: [String], _ depth: Int) {
        operand(depth - 1)
        keyword(pick(operators))
    }

    private mutating func between(_ depth: Int) {
        operand(depth - 1)
        keyword(pick(["BETWEEN", "NOT BETWEEN"]))
        operand(depth - 2)
        keyword("AND")
        operand(depth - 2)
    }

    private mutating func membership(_ depth: Int) {
        operand(depth - 1)
        keyword(pick(["IN", "NOT IN"]))
        if hasSets, chance(3) {
            let name = pick(RandomTable.sets).name
            put(
                pick([name, "\"\(name)\"", "[\(name)]", name.uppercased()]),
                sql: "(SELECT value FROM \(name) WHERE \(name).id = rows.id)")
            return
        }
        put("(")
        for index in 0..<Int.random(in: 0...5, using: &generator) {
            if index > 0 { put(",") }
            if chance(3) { expression(depth: depth - 2) } else { leaf() }
        }
        put(")")
    }

    private mutating func pattern(_ depth: Int) {
        operand(depth - 1)
        let word = pick(["LIKE", "NOT LIKE", "GLOB", "NOT GLOB"])
        keyword(word)
        if chance(3) {
            operand(depth - 2)
        } else {
            text(
                pick([
                    "%", "a%", "%c", "_", "%5%", "a_c", "\\%", "5.0", "*", "?", "[a-z]*", "[^0-9]", "*.*",
                    "-%",
                ]))
        }
        if word.hasSuffix("LIKE"), chance(3) {
            keyword("ESCAPE")
            if chance(12) { leaf() } else { text(pick(["\\", "%", "_", "a", "\u{1F381}"])) }
        }
    }

    // MARK: Leaves

    private mutating func leaf() {
        leaves += 1
        switch Int.random(in: 0..<12, using: &generator) {
        case 0...4: column()
        case 5: seed()
        case 6, 7: literal()
        case 8: keyword(pick(["NULL", "TRUE", "FALSE"]))
        case 9: text(String(decoding: RandomValues.text(&generator).filter { $0 != 0 }, as: UTF8.self))
        default: parameter()
        }
    }

    private mutating func column() {
        guard !chance(8) else { return put(pick(["id", "ID", "\"id\"", "[Id]"])) }
        let column = pick(RandomTable.columns)
        put(
            chance(4) ? "\"\(column.name.split(separator: "\"").joined(separator: "\"\""))\"" : column.written
        )
    }

    private mutating func seed() {
        hasSeed = true
        let name = chance(6) ? "id" : pick(RandomTable.columns).written
        put(pick(["seed.", "SEED.", "\"seed\".", "[seed] . ", "seed /* x */ ."]) + name)
    }

    private mutating func literal() {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0, 1: put("\(Int.random(in: 0...12, using: &generator))")
        case 2: put("\(RandomValues.integer(&generator).magnitude)")
        case 3:
            let real = abs(RandomValues.real(&generator))
            put(real.isFinite ? "\(real)" : "9e999")
        case 4:
            put(
                pick([
                    "9223372036854775807", "9223372036854775808", "00012", "5.", ".5", "1e3", "1E+3",
                    "0.5e-3",
                    "5.e1", "99999999999999999999", "9007199254740993", "9007199254740993.0", "1e-400", "0.0",
                    "0e0",
                ]))
        default:
            put(
                pick([
                    "0x10", "0XfF", "0x7fffffffffffffff", "0x8000000000000000", "0xFFFFFFFFFFFFFFFF",
                    "0x0000000000000000005",
                ]))
        }
    }

    private mutating func text(_ text: String) {
        put("'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'")
    }

    private mutating func parameter() {
        if chance(3), let known = filter.parameters.randomElement(using: &generator) {
            return put(":" + known.name)
        }
        let name = pick(["p", "_", "today", "P"]) + "\(filter.parameters.count)"
        filter.parameters.append(FilterParameter(name, RandomValues.any(&generator)))
        put(":" + name)
    }
}
