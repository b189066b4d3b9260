import KindredDomain

/// The names of a version's files and of what is in them.
package enum ModelFiles {
    package static let manifest = "manifest.json"
    package static let catalog = "catalog.sqlite"
    /// `items.safetensors` or `users.safetensors`.
    package static func vectors(of side: Side) -> String { "\(side).safetensors" }
    /// `items.codes` or `users.codes`.
    package static func codes(of side: Side) -> String { "\(side).codes" }

    /// Folders that begin with this are packs in the making; nothing loads them.
    package static let temporaryPrefix = ".tmp-"

    /// Tensor F32 [rows, dimension].
    package static let vectorsTensor = "vectors"
    /// Tensor U64 [rows]: numeric ids.
    package static let numbersTensor = "ids"
    /// Tensor U64 [rows + 1]: where each text id begins in `id_bytes`, and where the last one ends.
    package static let offsetsTensor = "id_offsets"
    /// Tensor U8: the text ids, one after the other.
    package static let bytesTensor = "id_bytes"

    /// Metadata: the version's fingerprint in hex.
    package static let fingerprintKey = "fingerprint"
    /// Metadata: which training the vectors come from.
    package static let trainingKey = "training_id"
}
