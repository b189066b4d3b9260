import KindredModel

/// The items that the results of one query may be near to: its own, or those that its user has seen. These stay where
/// the version has them.
package enum OwnItems: Sendable {
    case rows([UInt32])
    case seen(SeenPairs, user: UInt32)

    package var count: Int {
        switch self {
        case .rows(let rows): rows.count
        case .seen(let pairs, let user): pairs.list(ofUser: user).count
        }
    }

    /// Calls `body` with the rows at some places.
    @inline(__always)
    func forEach(_ places: Range<Int>, _ body: (UInt32) -> Void) {
        switch self {
        case .rows(let rows): for row in rows[places] { body(row) }
        case .seen(let pairs, let user): for row in pairs.list(ofUser: user)[places] { body(row) }
        }
    }
}
