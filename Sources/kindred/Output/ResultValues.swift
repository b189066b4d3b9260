import KindredClient
import KindredDomain
import KindredSystem
import KindredTerminal

extension ExternalID {
    var json: JSONValue {
        switch self {
        case .number(let value): .integer(value)
        case .text: .string(description)
        }
    }
}

extension ColumnValue: CustomStringConvertible {
    var json: JSONValue {
        switch self {
        case .integer(let value): .integer(value)
        case .real(let value): .real(value)
        case .text(let text): .string(text)
        }
    }

    /// The value as shown in a table.
    public var description: String {
        switch self {
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let text): text
        }
    }
}

extension JSONValue {
    /// The shortest decimal that parses to the same float32.
    static func score(_ score: Float) -> JSONValue { .number("\(score)") }
}

extension Float {
    /// Four decimals, or the shortest exact form for very small and very large scores.
    var formattedScore: String {
        magnitude >= 1e6 || (magnitude < 1e-3 && self != 0) ? "\(self)" : Double(self).fixed(4)
    }
}

extension Duration {
    /// Milliseconds with at most two decimals.
    var formattedMilliseconds: String {
        let milliseconds = (inMilliseconds * 100).rounded() / 100
        return milliseconds == milliseconds.rounded() ? "\(Int(milliseconds))" : "\(milliseconds)"
    }
}
