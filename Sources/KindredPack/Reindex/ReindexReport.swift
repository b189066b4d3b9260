import KindredDomain
import KindredModel
import KindredSystem

/// The result of reindexing a version.
package struct ReindexReport: Sendable {
    /// The version's folder.
    package let directory: String
    /// The manifest after reindexing.
    package let manifest: Manifest
    /// The sides whose codes were written, with the reason; empty if all were right.
    package let written: [Side: CodesFault]
}

/// Why a side's codes file had to be written again.
package enum CodesFault: Sendable, Equatable, CustomStringConvertible {
    /// There is no codes file that this program reads.
    case unusable(CodesBuildReason)
    /// The manifest names a file that is not there.
    case absent(file: String)
    /// The file contradicts the manifest or the vectors.
    case damaged(FileFailure)

    package var description: String {
        switch self {
        case .unusable(let reason): reason.description
        case .absent(let file): "\(file) is missing, though the manifest names it"
        case .damaged(let failure): "they were damaged (\(failure))"
        }
    }
}
