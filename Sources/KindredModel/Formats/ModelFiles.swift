import KindredDomain

/// The names of a version's files, tensors and metadata.
package enum ModelFiles {
    package static let manifest = "manifest.json"
    package static let catalog = "catalog.sqlite"
    /// The pairs of a user and a seen item.
    package static let seen = "seen.csr"
    /// What scorers of look-alikes need of all users.
    package static let statistics = "users.statistics"
    /// `items.safetensors` or `users.safetensors`.
    package static func vectors(of side: Side) -> String { "\(side).safetensors" }
    /// `items.codes` or `users.codes`.
    package static func codes(of side: Side) -> String { "\(side).codes" }

    /// The prefix of folders and files that a packer has not finished. Nothing loads them.
    package static let temporaryPrefix = ".tmp-"

    /// Tensor F32 [rows, dimension].
    package static let vectorsTensor = "vectors"
    /// Tensor U64 [rows]: numeric ids.
    package static let numbersTensor = "ids"
    /// Tensor U64 [rows + 1]: the begin of each text id in `id_bytes`, and the end of the last one.
    package static let offsetsTensor = "id_offsets"
    /// Tensor U8: the text ids, one after the other.
    package static let bytesTensor = "id_bytes"

    /// Metadata: the version's fingerprint in hex.
    package static let fingerprintKey = "fingerprint"
    /// Metadata: the training that the vectors come from.
    package static let trainingKey = "training_id"
}
