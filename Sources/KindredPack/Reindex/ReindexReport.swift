import KindredDomain
import KindredModel
import KindredSystem

/// What a reindexing did.
package struct ReindexReport: Sendable {
    /// The version's folder.
    package let directory: String
    /// The manifest as it is now.
    package let manifest: Manifest
    /// The sides whose codes were written, and why; empty where nothing was to do.
    package let written: [Side: CodesFault]
}

/// Why a side's codes file had to be written anew.
package enum CodesFault: Sendable, Equatable, CustomStringConvertible {
    /// There was none that this program reads.
    case unusable(CodesBuildReason)
    /// The manifest names a file that is not there.
    case absent(file: String)
    /// The file is not what the manifest or the vectors say.
    case damaged(FileFailure)

    package var description: String {
        switch self {
        case .unusable(let reason): reason.description
        case .absent(let file): "\(file) is missing, though the manifest names it"
        case .damaged(let failure): "they were damaged (\(failure))"
        }
    }
}
