import KindredDomain
import KindredSystem

/// The description of a version: `manifest.json`. It is written last; a folder without it is no version.
package struct Manifest: Sendable, Equatable {
    /// The description of one side.
    package struct Rows: Sendable, Equatable {
        /// At least 1.
        package var count: UInt64
        package var idKind: IDKind
        /// The catalog's columns in its order, without `id`; empty without a catalog.
        package var columns: [String]

        package init(count: UInt64, idKind: IDKind, columns: [String] = []) {
            self.count = count
            self.idKind = idKind
            self.columns = columns
        }
    }

    /// The entry of one file. The checksum detects corruption, not tampering.
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

    /// The format that this program writes; it reads this and older ones.
    static let formatVersionCurrent: UInt64 = 1
    /// Bytes of a fingerprint.
    package static let fingerprintByteCount = 16

    package var formatVersion = Manifest.formatVersionCurrent
    package var model: ModelName
    /// At least 1.
    package var version: UInt64
    /// The time of packing: ISO-8601, UTC.
    package var created: String
    package var metric: Similarity
    /// 1 to 4,096.
    package var dimension: Int
    /// 16 random bytes that the packer draws: the identity of the version's content.
    package var fingerprint: [UInt8]
    /// The training that the vectors come from, if it is known: 1 to 256 bytes.
    package var trainingID: String?
    /// Nil if the model has only users.
    package var items: Rows?
    /// Nil if the model has only items.
    package var users: Rows?
    /// The column of the items' catalog that orders popular items; nil if the manifest names none.
    package var popularityColumn: String?
    /// The training's settings for folding in; nil if they are unknown.
    package var foldIn: FoldInParameters?
    /// Every file of the version but the manifest.
    package var files: [File]
    /// Top-level members that this program does not know. They are kept unchanged.
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

    /// The description of a side; nil if the model does not have it.
    package func rows(_ side: Side) -> Rows? {
        switch side {
        case .items: items
        case .users: users
        }
    }

    /// Where the popularity of items comes from; nil if the version has none.
    package var popularitySource: PopularitySource? {
        if let popularityColumn { return .column(popularityColumn) }
        return file(named: ModelFiles.seen) == nil ? nil : .seenPairs
    }

    /// The entry of a file; nil if the manifest does not name it.
    package func file(named name: String) -> File? { files.first { $0.name == name } }

    /// The fingerprint in hexadecimal.
    package var fingerprintText: String { HexText.encode(fingerprint) }

    /// Reads the manifest of a version's folder. Throws if it is absent, too large or malformed.
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

/// Where the popularity of items comes from.
package enum PopularitySource: Sendable, Equatable, CustomStringConvertible {
    /// A column of numbers of the items' catalog.
    case column(String)
    /// The number of users who have seen the item.
    case seenPairs

    package var description: String {
        switch self {
        case .column(let name): "column \(FileFailure.quoted(name)) of the catalog"
        case .seenPairs: "the count of seen pairs"
        }
    }
}

/// The rule for training ids. Vectors of two trainings must never be compared with each other.
package enum TrainingID {
    /// The rule, for messages.
    package static let rule = "1 to 256 bytes without control characters"

    /// Whether the text may be a training id.
    package static func isValid(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
