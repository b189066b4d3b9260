import Foundation
import KindredDomain
import KindredModel
import KindredPack
import KindredSystem
import ModelTestSupport
import Testing
import TestSupport

@Suite struct ReindexerTests {
    private let model: TinyModel
    private let wanted: [[UInt8]]
    private let fingerprint: [UInt8]

    init() throws {
        model = try TinyModel()
        try model.edit { $0.unknownMembers = [JSONMember("later", .string("kept"))] }
        let version = try model.load()
        wanted = CodesBytes.of(version)
        fingerprint = version.manifest.fingerprint
    }

    private func run() throws(PackFailure) -> ReindexReport {
        try Reindexer(directory: model.directory, name: TinyModel.name, version: 1).run()
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: model.directory).sorted() }
    }

    /// Reindexes and checks that the version equals the packed one.
    private func expectRepaired(
        _ faults: [Side: DerivedFault], statistics: DerivedFault? = nil, _ what: String = ""
    ) throws {
        let report = try run()
        #expect(report.written == faults && report.statistics == statistics, "\(what)")
        let version = try model.load()
        #expect(version.codesBuilt.isEmpty && CodesBytes.of(version) == wanted, "\(what)")
        #expect(version.statisticsBuilt == nil, "\(what)")
        try PopulationStatistics.check(
            version.statistics!, against: version.users!, codes: version.userCodes!)
        #expect(version.manifest == report.manifest, "\(what)")
        #expect(version.manifest.fingerprint == fingerprint, "\(what)")
        #expect(version.manifest.unknownMembers == [JSONMember("later", .string("kept"))], "\(what)")
        #expect(
            version.manifest.files.map(\.name) == [
                "items.safetensors", "items.codes", "users.safetensors", "users.codes", "users.statistics",
                "catalog.sqlite",
            ], "\(what)")
        #expect(try names.filter { $0.hasPrefix(".") } == [], "\(what)")
        for name in ["items.codes", "users.codes", "manifest.json"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: model.directory + "/" + name)
            if name != "manifest.json" || !faults.isEmpty || statistics != nil {
                #expect(attributes[.posixPermissions] as? Int == 0o444, "\(name) \(what)")
            }
        }
        let again = try run()
        #expect(again.written == [:] && again.statistics == nil, "\(what)")
    }

    @Test func statistics() throws {
        let name = ModelFiles.statistics
        let whole = try model.bytes(name)
        try model.edit { $0.files.removeAll { $0.name == name } }
        #expect(try model.load().statisticsBuilt == .missing)
        try expectRepaired([:], statistics: .unusable(.missing))
        try FileManager.default.removeItem(atPath: model.directory + "/" + name)
        try expectRepaired([:], statistics: .absent(file: name))
        try model.replaceAgreeing(name, Array(whole[0..<8]) + [9, 0, 0, 0] + Array(whole[12...]))
        #expect(try model.load().statisticsBuilt == .layout(found: 9, read: 1))
        try expectRepaired([:], statistics: .unusable(.layout(found: 9, read: 1)))
        try model.replace(name, Array(whole.dropLast()))
        guard case .damaged(let failure)? = try run().statistics else {
            Issue.record("the file is not found to be damaged")
            return
        }
        #expect(failure.file == name && failure.field == "byte count")
        // Another finite number is found by making the statistics again.
        var bytes = whole
        bytes[128] ^= 1
        try model.replaceAgreeing(name, bytes)
        guard case .damaged(let other)? = try run().statistics else {
            Issue.record("the number is not found to be false")
            return
        }
        #expect(other.field == "mean[0]" && other.wanted.hasSuffix("as the vectors give it"))
        #expect(try model.bytes(name) == whole)
        // Codes and statistics at once.
        try model.edit { $0.files.removeAll { $0.name == name || $0.name == "users.codes" } }
        try expectRepaired([.users: .unusable(.missing)], statistics: .unusable(.missing))
    }

    @Test func nothingToDo() throws {
        let repository = Repository(root: model.folder.file("models"))
        let stamp = repository.changeStamp(of: TinyModel.name, version: 1)
        #expect(try run().written == [:])
        #expect(repository.changeStamp(of: TinyModel.name, version: 1) == stamp)
    }

    @Test func missingCodes() throws {
        try model.edit { $0.files.removeAll { $0.name.hasSuffix(".codes") } }
        for name in ["items.codes", "users.codes"] {
            try FileManager.default.removeItem(atPath: model.directory + "/" + name)
        }
        let repository = Repository(root: model.folder.file("models"))
        let stamp = repository.changeStamp(of: TinyModel.name, version: 1)
        try expectRepaired([.items: .unusable(.missing), .users: .unusable(.missing)])
        #expect(repository.changeStamp(of: TinyModel.name, version: 1) != stamp)
    }

    /// Everything but the codes stays as it was packed.
    @Test func otherFilesAndSettingsAreKept() throws {
        let model = try TinyModel(seen: "20\tpear\n3\tfig\n")
        let settings = try FoldInParameters(alpha: 0.1, lambda: 1e-7)
        try model.edit {
            $0.foldIn = settings
            $0.popularityColumn = "title"
            $0.files.removeAll { $0.name.hasSuffix(".codes") }
        }
        let seen = try model.bytes(ModelFiles.seen)
        let report = try Reindexer(directory: model.directory, name: TinyModel.name, version: 1).run()
        #expect(report.written.count == 2)
        let version = try model.load()
        #expect(version.codesBuilt.isEmpty && version.seen?.pairCount == 2)
        #expect(version.manifest.foldIn == settings && version.manifest.popularityColumn == "title")
        #expect(try model.bytes(ModelFiles.seen) == seen)
    }

    @Test func absentCodes() throws {
        try FileManager.default.removeItem(atPath: model.directory + "/items.codes")
        #expect(throws: FileFailure.self) { try model.load() }
        let fault = DerivedFault.absent(file: "items.codes")
        #expect(fault.description == "items.codes is missing, though the manifest names it")
        try expectRepaired([.items: fault])
    }

    @Test func otherLayout() throws {
        var bytes = try model.bytes("users.codes")
        bytes[8] = 0
        try model.replaceAgreeing("users.codes", bytes)
        try expectRepaired([.users: .unusable(.layout(found: 0, read: 1))])
    }

    @Test func damagedCodes() throws {
        let whole = try model.bytes("items.codes")
        for (bytes, field) in [
            (Array(whole.dropLast()), "byte count"), ([], "byte count"),
            (whole.map { $0 ^ 1 }, "CRC32C"),
        ] {
            try model.replace("items.codes", bytes)
            #expect(throws: FileFailure.self) { try model.load() }
            let report = try run()
            guard case .damaged(let failure)? = report.written[.items] else {
                Issue.record("\(report.written)")
                continue
            }
            #expect(failure.field == field && report.written.count == 1)
            try expectRepaired([:])
        }
        // A wrong code with a right checksum.
        var bytes = whole
        bytes[192] ^= 1
        try model.replaceAgreeing("items.codes", bytes)
        let refusal = #expect(throws: FileFailure.self) { try model.load() }
        #expect(refusal?.field == "codes[0]")
        guard case .damaged(let failure)? = try run().written[.items] else {
            Issue.record("the codes are not found to be damaged")
            return
        }
        #expect(failure.field == "codes[0]")
        try expectRepaired([:])
    }

    /// A crash between two steps leaves such folders.
    @Test func crashesBetweenSteps() throws {
        let whole = try model.bytes("items.codes")
        let stale = Array(whole[0..<8]) + [9, 0, 0, 0]
        for codes in [stale, whole, nil] {
            try model.edit { $0.files.removeAll { $0.name == "items.codes" } }
            try? FileManager.default.removeItem(atPath: model.directory + "/items.codes")
            if let codes { try TemporaryFolder.create(model.directory + "/items.codes", codes) }
            let abandoned = model.directory + "/.tmp-0123456789abcdef"
            try TemporaryFolder.create(abandoned, Array(whole.prefix(100)))
            let version = try model.load()
            #expect(version.codesBuilt == [.items: .missing] && CodesBytes.of(version) == wanted)
            try expectRepaired([.items: .unusable(.missing)])
        }
    }

    @Test func damagedVectorsAreLeftAlone() throws {
        try model.edit { $0.files.removeAll { $0.name.hasSuffix(".codes") } }
        var bytes = try model.bytes("users.safetensors")
        bytes[bytes.count - 1] ^= 1
        try model.replace("users.safetensors", bytes)
        let manifest = try model.bytes(ModelFiles.manifest)
        let before = try names
        let failure = #expect(throws: PackFailure.self) { try run() }
        guard case .input(let input)? = failure else { return }
        #expect(input.file == "users.safetensors" && input.field == "CRC32C")
        #expect(try names == before && model.bytes(ModelFiles.manifest) == manifest)
    }

    @Test func foldersThatAreNoVersion() throws {
        let reindexer = Reindexer(directory: model.folder.path, name: TinyModel.name, version: 1)
        guard case .input(let failure)? = #expect(throws: PackFailure.self, performing: reindexer.run) else {
            return
        }
        #expect(failure.file == ModelFiles.manifest && failure.field == "open")
        let absent = Reindexer(directory: model.directory + "/none", name: TinyModel.name, version: 1)
        guard case .system(let call, _, let code)? = #expect(throws: PackFailure.self, performing: absent.run)
        else { return }
        #expect(call == "open" && code == ENOENT)
    }

    @Test func concurrentReindexingIsRefused() throws {
        let descriptor = open(model.directory, O_RDONLY | O_DIRECTORY)
        #expect(flock(descriptor, LOCK_EX) == 0)
        #expect(throws: PackFailure.reindexing(directory: model.directory)) { try run() }
        close(descriptor)
        #expect(try run().written == [:])
    }
}
