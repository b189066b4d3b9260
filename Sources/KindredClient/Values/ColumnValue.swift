internal import KindredDomain

/// One attribute of a winner.
public enum ColumnValue: Sendable, Hashable {
    /// A 64-bit integer.
    case integer(Int64)
    /// A double.
    case real(Double)
    /// UTF-8 text.
    case text(String)
}

extension ColumnValue {
    init(_ values: ResultValues, at index: Int) {
        switch values {
        case .integers(let all): self = .integer(all[index])
        case .reals(let all): self = .real(all[index])
        case .text(let list): self = .text(String(decoding: list[index], as: UTF8.self))
        }
    }
}
