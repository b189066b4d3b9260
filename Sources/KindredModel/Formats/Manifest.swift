import KindredDomain
import KindredSystem

/// What a version says about itself: `manifest.json`, written last, without which a folder is no version.
package struct Manifest: Sendable, Equatable {
    /// One side of the model.
    package struct Rows: Sendable, Equatable {
        package var count: UInt64
        package var idKind: IDKind
        /// The catalog's columns in its order, without `id`; empty where there is no catalog.
        package var columns: [String]

        package init(count: UInt64, idKind: IDKind, columns: [String] = []) {
            self.count = count
            self.idKind = idKind
            self.columns = columns
        }
    }

    /// One file of the version. The checksum detects corruption, not tampering.
    package struct File: Sendable, Equatable {
        package var name: String
        package var byteCount: UInt64
        package var crc32c: UInt32

        package init(name: String, byteCount: UInt64, crc32c: UInt32) {
            self.name = name
            self.byteCount = byteCount
            self.crc32c = crc32c
        }
    }

    /// The format that this program writes and the newest it reads.
    static let formatVersionCurrent: UInt64 = 1
    /// Bytes of a fingerprint.
    package static let fingerprintByteCount = 16

    package var formatVersion = Manifest.formatVersionCurrent
    package var model: ModelName
    /// At least 1.
    package var version: UInt64
    /// When it was packed: ISO-8601, UTC.
    package var created: String
    package var metric: Similarity
    /// 1 to 4,096.
    package var dimension: Int
    /// 16 random bytes, drawn when the version was packed: the identity of its content.
    package var fingerprint: [UInt8]
    /// Which training the vectors come from, where that is known: 1 to 256 bytes.
    package var trainingID: String?
    /// Nil where the model has users alone.
    package var items: Rows?
    /// Nil where the model has items alone.
    package var users: Rows?
    /// Every file of the version but the manifest.
    package var files: [File]
    /// Top-level members that this program does not know, kept as they are.
    package var unknownMembers: [JSONMember] = []

    package init(
        model: ModelName, version: UInt64, created: String, metric: Similarity, dimension: Int,
        fingerprint: [UInt8], trainingID: String?, items: Rows?, users: Rows?, files: [File]
    ) {
        self.model = model
        self.version = version
        self.created = created
        self.metric = metric
        self.dimension = dimension
        self.fingerprint = fingerprint
        self.trainingID = trainingID
        self.items = items
        self.users = users
        self.files = files
    }

    /// One side, where the model has it.
    package func rows(_ side: Side) -> Rows? {
        switch side {
        case .items: items
        case .users: users
        }
    }

    /// The file of that name, or nil.
    package func file(named name: String) -> File? { files.first { $0.name == name } }

    /// The fingerprint in hexadecimal.
    package var fingerprintText: String { HexText.encode(fingerprint) }

    /// The manifest of a version's folder, read and checked by itself.
    package static func read(directory: String) throws(FileFailure) -> Manifest {
        let file = try ReadableFile(path: directory + "/" + ModelFiles.manifest, name: ModelFiles.manifest)
        guard file.byteCount <= Limits.manifestBytesMax else {
            throw FileFailure(
                file: ModelFiles.manifest, field: "byte count", found: "\(file.byteCount)",
                wanted: "at most \(Limits.manifestBytesMax)")
        }
        return try Manifest(json: try file.bytes(at: 0, count: file.byteCount))
    }
}

/// Which training run vectors come from: vectors of two trainings must never be compared with each other.
package enum TrainingID {
    /// The rule, for messages.
    package static let rule = "1 to 256 bytes without control characters"

    /// Whether the text may be a training id.
    package static func isValid(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
