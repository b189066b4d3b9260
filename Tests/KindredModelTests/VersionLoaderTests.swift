import Foundation
import KindredDomain
import KindredModel
import KindredSystem
import ModelTestSupport
import Testing
import TestSupport

@Suite struct VersionLoaderTests {
    /// The place of the first vector in a safetensors file: after the count of the JSON's bytes, and the JSON.
    private static func vectorStart(_ bytes: [UInt8]) throws -> Int {
        let header = try bytes.withUnsafeBytes { try SafetensorsHeader.parse($0, file: "test") }
        return try #require(header.tensors.first).range.lowerBound
    }

    @Test(arguments: [VectorLoading.memory, .map]) func roundTrip(_ loading: VectorLoading) throws {
        let model = try TinyModel()
        let version = try model.load(loading)
        let items = try #require(version.items)
        let users = try #require(version.users)
        #expect(version.name == TinyModel.name && version.version == 1)
        #expect(items.ids.ids(ofRows: [0, 1, 2]) == .text(TextList(["apple", "fig", "pear"])))
        #expect(users.ids.ids(ofRows: [0, 1]) == .numbers([3, 20]))
        #expect((0..<3).map { items.vector(ofRow: 0)[$0] } == [4, 5, 6])
        #expect((0..<3).map { users.vector(ofRow: 1)[$0] } == [0.5, 0.25, 1])
        #expect(items.norms[2] == 14.0.squareRoot())
        #expect(UInt(bitPattern: items.vectors) % 64 == 0)
        #expect(version.manifest.trainingID == "run-1")
        #expect(version.manifest.items?.columns == ["title"])
        #expect(version.catalogPath == model.directory + "/catalog.sqlite")
        #expect(try Manifest(json: version.manifest.encoded) == version.manifest)
    }

    /// Files of other writers may have their vectors at any offset.
    @Test(arguments: 1...3) func vectorsAtOddOffsets(padding: Int) throws {
        let model = try TinyModel()
        let aligned = try model.load()
        let manifest = aligned.manifest
        let demand = MemoryDemand(of: manifest, in: model.directory, loading: .map)
        let bytes = try model.bytes("items.safetensors")
        let vectorStart = try Self.vectorStart(bytes)
        try model.replaceAgreeing(
            "items.safetensors",
            NpyBytes.bytes(UInt64(vectorStart - 8 + padding)) + bytes[8..<vectorStart]
                + [UInt8](repeating: UInt8(ascii: " "), count: padding) + bytes[vectorStart...])
        for loading in [VectorLoading.memory, .map] {
            let version = try model.load(loading)
            #expect(TinyModel.content(version) == TinyModel.content(aligned))
            let items = try #require(version.items)
            #expect(UInt(bitPattern: items.vectors) % 4 == 0)
            // A copy begins at a page; vectors in place come after the header.
            let isCopy = items.vectorColumn.withElements { UInt(bitPattern: $0.baseAddress!) % 4_096 == 0 }
            #expect(isCopy == (loading == .map))
        }
        // The copy of mapped vectors is counted: three rows of three elements, and the padding.
        let unaligned = MemoryDemand(of: try model.load().manifest, in: model.directory, loading: .map)
        #expect(unaligned.byteCount - demand.byteCount == UInt64(3 * 3 * 4 + padding))
    }

    @Test func cutAtAnyByte() throws {
        let model = try TinyModel()
        for name in ["manifest.json", "items.safetensors", "users.safetensors", "catalog.sqlite"] {
            let whole = try model.bytes(name)
            let manifest = try model.bytes(ModelFiles.manifest)
            for count in cuts(of: whole.count) {
                try model.replace(name, Array(whole[0..<count]))
                // The last byte of a manifest is a line feed, which JSON does not need.
                if name == ModelFiles.manifest, count == whole.count - 1 { continue }
                #expect(throws: FileFailure.self, "\(name) cut at \(count)") { try model.load() }
            }
            // The same with a manifest that agrees with the cut file, so that the format itself refuses it.
            if name.hasSuffix(".safetensors") {
                for count in cuts(of: whole.count) {
                    try model.replace(ModelFiles.manifest, manifest)
                    try model.replaceAgreeing(name, Array(whole[0..<count]))
                    #expect(throws: FileFailure.self, "\(name) cut at \(count)") { try model.load() }
                }
            }
            try model.replace(name, whole)
            try model.replace(ModelFiles.manifest, manifest)
            _ = try model.load()
        }
    }

    /// Every length below `byteCount`; in debug, of lengths above 1,000, every seventh.
    private func cuts(of byteCount: Int) -> [Int] {
        (0..<byteCount).filter { isOptimised || $0 < 1_000 || $0 % 7 == 0 || $0 == byteCount - 1 }
    }

    /// The masks to change byte `index` with; in debug, one of them.
    private func masks(_ all: [UInt8], at index: Int) -> [UInt8] {
        isOptimised ? all : [all[index % all.count]]
    }

    @Test func everyManifestByteChanged() throws {
        let model = try TinyModel()
        let wanted = TinyModel.content(try model.load())
        let manifest = try model.bytes(ModelFiles.manifest)
        for index in manifest.indices {
            for mask in masks([0x01, 0x10, 0x80, 0xFF], at: index) {
                var changed = manifest
                changed[index] ^= mask
                try model.replace(ModelFiles.manifest, changed)
                expectRefusedOrSame(model, wanted, "manifest byte \(index) ^ \(mask)")
            }
        }
    }

    @Test func everyHeaderByteChanged() throws {
        let model = try TinyModel()
        let wanted = TinyModel.content(try model.load())
        for name in ["items.safetensors", "users.safetensors"] {
            let whole = try model.bytes(name)
            for index in 0..<(try Self.vectorStart(whole)) {
                for mask in masks([0x01, 0xFF], at: index) {
                    var changed = whole
                    changed[index] ^= mask
                    try model.replace(name, changed)
                    #expect(throws: FileFailure.self) { try model.load() }
                    try model.replaceAgreeing(name, changed)
                    expectRefusedOrSame(model, wanted, "\(name) byte \(index) ^ \(mask)")
                }
            }
            try model.replaceAgreeing(name, whole)
        }
    }

    private func expectRefusedOrSame(_ model: TinyModel, _ wanted: [String], _ what: String) {
        guard let version = try? model.load() else { return }
        #expect(TinyModel.content(version) == wanted, "\(what)")
    }

    @Test func newerFormat() throws {
        let model = try TinyModel()
        try model.edit { $0.formatVersion = 2 }
        let failure = #expect(throws: FileFailure.self) { try model.load() }
        #expect(failure?.field == "format_version" && failure?.found == "2")
        #expect(failure?.wanted.contains("newer format") == true)
    }

    @Test func unknownMembersAreKept() throws {
        let model = try TinyModel()
        let extra = JSONMember("later", .object([JSONMember("x", .array([.number("1e3"), .null]))]))
        try model.edit { $0.unknownMembers = [extra] }
        let version = try model.load()
        #expect(version.manifest.unknownMembers == [extra])
        #expect(try Manifest(json: version.manifest.encoded) == version.manifest)
    }

    @Test func identityMustMatch() throws {
        let model = try TinyModel()
        let loader = VersionLoader()
        let other = try #require(ModelName("other"))
        #expect(throws: FileFailure.self) {
            try loader.load(directory: model.directory, expecting: other, version: 1)
        }
        #expect(throws: FileFailure.self) {
            try loader.load(directory: model.directory, expecting: TinyModel.name, version: 2)
        }
        for change: (inout Manifest) -> Void in [
            { $0.trainingID = "run-2" }, { $0.trainingID = nil }, { $0.fingerprint[3] ^= 1 },
            { $0.dimension = 4 }, { $0.items?.count = 4 }, { $0.items?.idKind = .number }, { $0.items = nil },
        ] {
            let model = try TinyModel()
            try model.edit(change)
            #expect(throws: FileFailure.self) { try model.load() }
        }
    }

    @Test func linksAreRefused() throws {
        let model = try TinyModel()
        let path = model.directory + "/items.safetensors"
        try FileManager.default.moveItem(atPath: path, toPath: model.folder.file("elsewhere"))
        try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: model.folder.file("elsewhere"))
        let failure = #expect(throws: FileFailure.self) { try model.load() }
        #expect(failure?.file == "items.safetensors" && failure?.field == "open")
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o644) == 0)
        #expect(throws: FileFailure.self) { try model.load() }
    }

    /// A pipe, folder, device or loop of links in place of a file: the load fails at once.
    @Test(.timeLimit(.minutes(1)), arguments: ["pipe", "folder", "device", "loop"])
    func entriesThatAreNoFilesFailAtOnce(_ kind: String) throws {
        for name in [
            ModelFiles.manifest, ModelFiles.catalog, "items.safetensors", "users.safetensors", "items.codes",
            "users.codes",
        ] {
            let model = try TinyModel()
            let path = model.directory + "/" + name
            try FileManager.default.removeItem(atPath: path)
            switch kind {
            case "pipe": #expect(mkfifo(path, 0o644) == 0)
            case "folder": #expect(mkdir(path, 0o755) == 0)
            case "device": #expect(symlink("/dev/zero", path) == 0)
            default: #expect(symlink(path, path) == 0)
            }
            for loading in [VectorLoading.memory, .map] {
                let failure = #expect(throws: FileFailure.self) { try model.load(loading) }
                #expect(failure?.file == name)
            }
        }
    }

    /// Replaces an element of the first item's vector and the file's checksum, and loads. Returns the failure.
    private func load(metric: Similarity, firstElement: Float) throws -> FileFailure? {
        let model = try TinyModel(metric: metric)
        var bytes = try model.bytes("items.safetensors")
        let start = try Self.vectorStart(bytes)
        bytes.replaceSubrange(start..<start + 4, with: NpyBytes.bytes(firstElement.bitPattern))
        try model.replaceAgreeing("items.safetensors", bytes)
        // Stored codes would not match the changed vector.
        try model.edit { $0.files.removeAll { $0.name == "items.codes" } }
        do throws(FileFailure) {
            _ = try model.load()
            return nil
        } catch {
            return error
        }
    }

    @Test func vectorsOutOfRange() throws {
        #expect(try load(metric: .dot, firstElement: .nan)?.field == "vectors[0, 0]")
        #expect(try load(metric: .dot, firstElement: -.infinity)?.found == "-inf")
        #expect(try load(metric: .dot, firstElement: 0x1.1p60)?.wanted == "at most 2^60")
        #expect(try load(metric: .dot, firstElement: 0x1p59) == nil)
        #expect(try load(metric: .cosine, firstElement: 0)?.wanted.hasPrefix("1 within") == true)
    }
}
