import KindredChecksum
import KindredDomain
import KindredModel
import KindredPack
import KindredSystem
import TestSupport

/// A model of three items and two users, packed for each test.
package struct TinyModel {
    package let folder: TemporaryFolder
    package let directory: String
    package static let name = ModelName("tiny")!

    /// A version 1 that the test has packed itself.
    package init(folder: TemporaryFolder, directory: String) {
        self.folder = folder
        self.directory = directory
    }

    /// `seen`: the text of seen pairs, if the version has any.
    package init(metric: Similarity = .dot, seen: String? = nil) throws {
        folder = try TemporaryFolder()
        var packer = try Self.packer(in: folder, metric: metric)
        if let seen { packer.seen = try folder.write("seen.txt", seen) }
        packer.catalog = { path in
            try TemporaryFolder.create(path, Array("not read by this module".utf8))
            return [.items: ["title"], .users: []]
        }
        directory = try packer.run().directory
    }

    package static func packer(in folder: TemporaryFolder, metric: Similarity = .dot) throws -> Packer {
        var packer = Packer(root: folder.file("models"), name: name, metric: metric)
        packer.items = PackInput(
            vectors: try folder.write("items.npy", NpyBytes.floats([[1, 2, 3], [4, 5, 6], [7, 8, 9]])),
            ids: try folder.write("items.txt", "pear\napple\nfig\n"))
        packer.users = PackInput(
            vectors: try folder.write("users.npy", NpyBytes.doubles([[0.5, 0.25, 1], [1, 0, 0]])),
            ids: try folder.write("users.txt", "20\r\n3\r\n"))
        packer.trainingID = "run-1"
        return packer
    }

    /// Loads the version.
    package func load(_ loading: VectorLoading = .memory) throws(FileFailure) -> LoadedVersion {
        try VersionLoader(loading: loading).load(directory: directory, expecting: Self.name, version: 1)
    }

    package func bytes(_ name: String) throws -> [UInt8] { try TemporaryFolder.bytes(directory + "/" + name) }

    package func replace(_ name: String, _ bytes: [UInt8]) throws {
        try TemporaryFolder.replace(directory + "/" + name, bytes)
    }

    /// Replaces a file and its size and checksum in the manifest.
    package func replaceAgreeing(_ name: String, _ bytes: [UInt8]) throws {
        try replace(name, bytes)
        try edit { manifest in
            guard let index = manifest.files.firstIndex(where: { $0.name == name }) else { return }
            manifest.files[index].byteCount = UInt64(bytes.count)
            manifest.files[index].crc32c = bytes.withUnsafeBytes { CRC32C.of($0) }
        }
    }

    /// Rewrites the manifest.
    package func edit(_ change: (inout Manifest) -> Void) throws {
        var manifest = try Manifest.read(directory: directory)
        change(&manifest)
        try replace(ModelFiles.manifest, manifest.encoded)
    }

    /// All content that answers depend on, as text.
    package static func content(_ version: LoadedVersion) -> [String] {
        [version.items, version.users].compactMap { $0 }.map { table in
            let elements = table.vectorColumn.withElements { $0.map(\.bitPattern) }
            let ids = (0..<table.count).map { table.ids.id(ofRow: UInt32($0)).description }
            return "\(table.side) \(ids) \(elements) \(version.manifest.metric)"
        } + [version.manifest.fingerprintText, version.manifest.trainingID ?? "none"]
    }
}
