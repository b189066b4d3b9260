/// Why a side's codes were made while its version was loaded, which costs time at every load.
package enum CodesBuildReason: Sendable, Equatable, CustomStringConvertible {
    /// The version has no codes file.
    case missing
    /// The codes file has another layout than this program reads.
    case layout(found: UInt32)

    package var description: String {
        switch self {
        case .missing: "the version has none"
        case .layout(let found):
            "their layout is \(found), this program reads \(CodesHeader.layoutVersionCurrent)"
        }
    }
}
