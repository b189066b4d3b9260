import KindredDomain
import KindredModel

/// What a reindexing did.
package struct ReindexReport: Sendable {
    /// The version's folder.
    package let directory: String
    /// The manifest as it is now.
    package let manifest: Manifest
    /// The sides whose codes were written, and why; empty where nothing was to do.
    package let written: [Side: CodesFault]
}
