import KindredDomain
import KindredFilter
import TestSupport

/// Random values at the edges of SQLite's types.
enum EdgeValue {
    static func integer(_ generator: inout SeededGenerator) -> AttributeValue {
        let edges: [Int64] = [
            0, 1, -1, 2, 5, 1 << 53, 1 << 53 + 1, -(1 << 53) - 1, .max, .max - 1, .min, .min + 1, 1_000_000,
        ]
        return .integer(
            Bool.random(using: &generator)
                ? edges.randomElement(using: &generator)! : .random(in: -9...9, using: &generator))
    }

    static func real(_ generator: inout SeededGenerator, infinite: Bool) -> AttributeValue {
        let edges: [Double] = [
            0, -0.0, 0.5, 1, -1, 1.5, 5, 0x1p53, -0x1p53, 0x1p63, -0x1p63, 0x1p62, 9.3e18, 5e-324, 1e300,
            1e-7,
            1e15, 123456.789,
        ]
        if infinite, Int.random(in: 0..<5, using: &generator) == 0 {
            return .real(Bool.random(using: &generator) ? .infinity : -.infinity)
        }
        return .real(
            Bool.random(using: &generator)
                ? edges.randomElement(using: &generator)!
                : Double(Int.random(in: -20...20, using: &generator)) / 4)
    }

    static func text(_ generator: inout SeededGenerator) -> AttributeValue {
        let texts = [
            "", "5", "5.0", " 5", "5 ", "05", "-1", "0", "-0", "1e0", "5abc", "abc", "ABC", "a", "mug",
            "mugs", "é",
            "É", "0x10", "inf", "1.", ".5", "9223372036854775807", "9223372036854775808", "9007199254740993",
            "a\0b",
            "%", "_", "a_c", "[a", "1e999", "NULL", "😀",
        ]
        return .text(Array(texts.randomElement(using: &generator)!.utf8))
    }

    static func any(_ generator: inout SeededGenerator, infinite: Bool) -> AttributeValue {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: .null
        case 1...3: integer(&generator)
        case 4...6: real(&generator, infinite: infinite)
        default: text(&generator)
        }
    }
}

/// Random expressions over the columns and tables of values of a side.
struct RandomExpression {
    let columns: [String]
    let sets: [String]
    let hasSeed: Bool
    /// The values that the expressions made so far name.
    private(set) var parameters: [FilterParameter] = []

    init(columns: [String], sets: [String], hasSeed: Bool) {
        self.columns = columns
        self.sets = sets
        self.hasSeed = hasSeed
    }

    mutating func condition(_ depth: Int, _ generator: inout SeededGenerator) -> FilterExpression {
        if depth > 0, Int.random(in: 0..<3, using: &generator) > 0 {
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: return .not(condition(depth - 1, &generator))
            case 1, 2: return .and(condition(depth - 1, &generator), condition(depth - 1, &generator))
            default: return .or(condition(depth - 1, &generator), condition(depth - 1, &generator))
            }
        }
        let isNegated = Bool.random(using: &generator)
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: return .isNull(operand(1, &generator), isNegated: isNegated)
        case 1:
            return .between(
                operand(1, &generator), operand(0, &generator), operand(0, &generator), isNegated: isNegated)
        case 2, 3:
            let count = [0, 1, 2, 3, 9, 40].randomElement(using: &generator)!
            let list = (0..<count).map { _ in
                Int.random(in: 0..<9, using: &generator) == 0 ? operand(1, &generator) : constant(&generator)
            }
            return .inList(operand(1, &generator), list, isNegated: isNegated)
        case 4, 5:
            guard let set = sets.randomElement(using: &generator) else { return operand(1, &generator) }
            return .inSet(operand(0, &generator), .init(set, at: 0), isNegated: isNegated)
        case 6: return pattern(isNegated, &generator)
        case 7: return operand(1, &generator)
        default:
            let comparison: FilterExpression.Comparison = [
                .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .same, .notSame,
            ].randomElement(using: &generator)!
            return .comparison(comparison, operand(1, &generator), operand(1, &generator))
        }
    }

    private mutating func pattern(
        _ isNegated: Bool, _ generator: inout SeededGenerator
    ) -> FilterExpression {
        let patterns = [
            "%", "a%", "_", "5%", "%.0", "MUG%", "[a-m]*", "*", "?", "a!%", "", "1*", "-%", "%inf%",
        ]
        let isLike = Bool.random(using: &generator)
        let pattern: FilterExpression =
            Int.random(in: 0..<4, using: &generator) == 0
            ? constant(&generator)
            : .literal(.text(Array(patterns.randomElement(using: &generator)!.utf8)))
        let escape: FilterExpression? =
            isLike && Int.random(in: 0..<4, using: &generator) == 0 ? .literal(.text(Array("!".utf8))) : nil
        return .pattern(
            isLike ? .like : .glob, operand(1, &generator), pattern, escape: escape, isNegated: isNegated,
            position: 0)
    }

    private mutating func operand(_ depth: Int, _ generator: inout SeededGenerator) -> FilterExpression {
        switch Int.random(in: 0..<14, using: &generator) {
        case 0 where depth > 0: return .negative(operand(depth - 1, &generator))
        case 1 where depth > 0: return .plus(operand(depth - 1, &generator))
        case 2 where depth > 0:
            let operation =
                [.plus, .minus, .times].randomElement(using: &generator)!
                as FilterExpression.Arithmetic
            return .arithmetic(operation, operand(depth - 1, &generator), operand(depth - 1, &generator))
        case 3 where hasSeed: return .column(.init(.seed, column(&generator), at: 0))
        case 4 where depth > 0: return condition(0, &generator)
        case 5...8: return constant(&generator)
        default: return .column(.init(.row, column(&generator), at: 0))
        }
    }

    /// A column in any case of letters.
    private func column(_ generator: inout SeededGenerator) -> String {
        let name = (columns + ["id"]).randomElement(using: &generator)!
        return Bool.random(using: &generator) ? name : name.uppercased()
    }

    private mutating func constant(_ generator: inout SeededGenerator) -> FilterExpression {
        let value = EdgeValue.any(&generator, infinite: true)
        let isLiteral = Bool.random(using: &generator)
        switch value {
        // A literal has no sign, and SQL text no NUL.
        case .real(let real) where isLiteral && real.sign == .plus: return .literal(value)
        case .text(let bytes) where isLiteral && !bytes.contains(0): return .literal(value)
        case .integer where isLiteral, .null where isLiteral: return .literal(value)
        default:
            let name = "p\(parameters.count)"
            parameters.append(FilterParameter(name, value))
            return .parameter(name: name, position: 0)
        }
    }
}
