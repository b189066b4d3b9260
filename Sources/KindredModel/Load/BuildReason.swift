/// Why what can be derived from vectors was made at load time, which costs time at every load.
package enum BuildReason: Sendable, Equatable, CustomStringConvertible {
    /// The version has no file of it.
    case missing
    /// Its file has another layout than this program reads.
    case layout(found: UInt32, read: UInt32)

    package var description: String {
        switch self {
        case .missing: "the version has none"
        case .layout(let found, let read): "their layout is \(found), this program reads \(read)"
        }
    }
}
