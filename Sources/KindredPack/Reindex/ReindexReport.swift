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
    package let written: [Side: DerivedFault]
    /// Why the statistics of users were written; nil if they were right, or there are no users.
    package let statistics: DerivedFault?
}

/// Why a file of what is derived from vectors had to be written again.
package enum DerivedFault: Sendable, Equatable, CustomStringConvertible {
    /// There is no file that this program reads.
    case unusable(BuildReason)
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
