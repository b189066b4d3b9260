import Foundation
import KindredDomain
import KindredModel
import KindredPack
import ModelTestSupport
import Testing
import TestSupport

@Suite struct PackerTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func pack(
        vectors: [UInt8], ids: String?, kind: IDKind? = nil, metric: Similarity = .dot
    ) throws -> LoadedVersion {
        var packer = Packer(root: folder.file("models"), name: TinyModel.name, metric: metric)
        packer.items = PackInput(
            vectors: try folder.write("v", vectors), ids: try ids.map { try folder.write("i", $0) },
            idKind: kind)
        let report = try packer.run()
        #expect(report.warnings == [.trainingUnknown([.items])])
        return try VersionLoader().load(
            directory: report.directory, expecting: TinyModel.name, version: report.manifest.version)
    }

    private func failure(
        vectors: [UInt8], ids: String?, kind: IDKind? = nil, metric: Similarity = .dot
    ) throws -> PackFailure? {
        let failure = #expect(throws: PackFailure.self) {
            try pack(vectors: vectors, ids: ids, kind: kind, metric: metric)
        }
        let left = (try? FileManager.default.contentsOfDirectory(atPath: folder.file("models/tiny"))) ?? []
        #expect(left.isEmpty, "a failed pack leaves nothing: \(left)")
        return failure
    }

    @Test(arguments: [1, 2, 3] as [UInt8]) func npyVersions(_ version: UInt8) throws {
        let loaded = try pack(vectors: NpyBytes.floats([[1], [2]], version: version), ids: "b\na")
        #expect(loaded.items?.vector(ofRow: 0)[0] == 2)
    }

    @Test func npyRefusals() throws {
        let four = [UInt8](repeating: 0, count: 16)
        func field(_ bytes: [UInt8]) throws -> String? {
            guard case .input(let failure)? = try failure(vectors: bytes, ids: "a\nb") else { return nil }
            return failure.description
        }
        #expect(
            try field(NpyBytes.file(descr: "'<f4'", fortran: "True", shape: "(2, 2)", data: four))?
                .contains("fortran_order") == true)
        #expect(
            try field(NpyBytes.file(descr: "'>f4'", shape: "(2, 2)", data: four))?.contains(">f4") == true)
        #expect(
            try field(NpyBytes.file(descr: "'<i4'", shape: "(2, 2)", data: four))?.contains("<i4") == true)
        #expect(
            try field(NpyBytes.file(descr: "[('a', '<f4')]", shape: "(2,)", data: four))?
                .contains("structured") == true)
        #expect(try field(NpyBytes.file(descr: "'<f4'", shape: "(4,)", data: four))?.contains("[4]") == true)
        #expect(try field(NpyBytes.file(descr: "'<f4'", shape: "(2, 3)", data: four))?.contains("24") == true)
        #expect(
            try field(NpyBytes.file(descr: "'<f4'", shape: "(9223372036854775807, 9)", data: four)) != nil)
        #expect(
            try field(NpyBytes.file(descr: "'<f4'", shape: "(99999999999999999999, 9)", data: four)) != nil)
        #expect(try field(NpyBytes.file(version: 4, descr: "'<f4'", shape: "(2, 2)", data: four)) != nil)
    }

    @Test func npyCutAtAnyByte() throws {
        let whole = NpyBytes.floats([[1, 2], [3, 4]])
        for count in whole.indices {
            #expect(try failure(vectors: Array(whole[0..<count]), ids: "a\nb") != nil, "cut at \(count)")
        }
    }

    @Test func npyHeaderBytesChanged() throws {
        let whole = NpyBytes.floats([[1, 2], [3, 4]])
        for index in 0..<128 {
            let masks: [UInt8] = [1, 8, 0x80, 0xFF]
            for mask in isOptimised ? masks : [masks[index % 4]] {
                var changed = whole
                changed[index] ^= mask
                // May fail, but must not trap.
                _ = try? pack(vectors: changed, ids: "a\nb")
            }
        }
    }

    @Test func doublesAreRoundedOnceOrRefused() throws {
        let loaded = try pack(vectors: NpyBytes.doubles([[0.1, -1e-300]]), ids: "a")
        let vector = try #require(loaded.items).vector(ofRow: 0)
        #expect(vector[0] == Float(0.1) && vector[1] == 0)
    }

    @Test func doublesThatOverflow() throws {
        let failure = try failure(vectors: NpyBytes.doubles([[1], [1e39]]), ids: "a\nb")
        guard case .input(let found)? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(found.field == "vectors[1, 0]" && found.found == "1e+39")
    }

    @Test func rowsWithoutAScoreAreRefused() throws {
        #expect(
            try failure(vectors: NpyBytes.floats([[1, 1], [2, .infinity]]), ids: "a\nb")
                == .notFinite(.items, "b", row: 1, element: 1, value: .infinity))
        #expect(
            try failure(vectors: NpyBytes.floats([[0x1p61]]), ids: "7")
                == .normTooLarge(.items, 7, row: 0, norm: 0x1p61))
        #expect(
            try failure(vectors: NpyBytes.floats([[1], [0]]), ids: "a\nb", metric: .cosine)
                == .zeroUnderCosine(.items, "b", row: 1))
        guard case .notFinite? = try failure(vectors: NpyBytes.floats([[.nan]]), ids: "a") else {
            Issue.record("NaN was taken")
            return
        }
    }

    @Test func duplicatesAndLengths() throws {
        let three = NpyBytes.floats([[1], [2], [3]])
        #expect(
            try failure(vectors: three, ids: "x\ny\nx") == .duplicateID(.items, "x", row: 0, other: 2))
        #expect(try failure(vectors: three, ids: "5\n5\n1") == .duplicateID(.items, 5, row: 0, other: 1))
        guard
            case .idCount(.items, ids: 2, let idsFile, vectors: 3, let vectorsFile)? = try failure(
                vectors: three, ids: "x\ny")
        else {
            Issue.record("two ids for three vectors were taken")
            return
        }
        #expect(
            PackFailure.idCount(.items, ids: 2, idsFile: idsFile, vectors: 3, vectorsFile: vectorsFile)
                .description
                == "items: \(idsFile) has 2 ids, \(vectorsFile) 3 vectors; wanted one id per vector")
        #expect(idsFile != vectorsFile)
        #expect(try failure(vectors: NpyBytes.floats([]), ids: "") != nil)
        #expect(try failure(vectors: three, ids: nil) != nil)
    }

    @Test func idLines() throws {
        let three = NpyBytes.floats([[1], [2], [3]])
        let loaded = try pack(vectors: three, ids: "\u{FEFF}10\r\n9\r\n007\n")
        #expect(loaded.manifest.items?.idKind == .text, "007 is no plain decimal")
        #expect(loaded.items?.ids.ids(ofRows: [0, 1, 2]) == .text(TextList(["007", "10", "9"])))
        let forced = try pack(vectors: three, ids: "3\n2\n1", kind: .text)
        #expect(forced.items?.ids.kind == .text)
    }

    @Test func idLinesRefused() throws {
        let three = NpyBytes.floats([[1], [2], [3]])
        #expect(try failure(vectors: three, ids: "a\n\nb") != nil)
        #expect(try failure(vectors: three, ids: "1\n2\nx", kind: .number) != nil)
        #expect(try failure(vectors: three, ids: "1\n2\n\(String(repeating: "x", count: 257))") != nil)
    }

    @Test(arguments: [[0xFF, 0xFE, 0x61, 0], [0xFE, 0xFF, 0, 0x61]] as [[UInt8]])
    func idLinesInUTF16(_ bytes: [UInt8]) throws {
        var packer = Packer(root: folder.file("models"), name: TinyModel.name, metric: .dot)
        packer.items = PackInput(
            vectors: try folder.write("v", NpyBytes.floats([[1]])), ids: try folder.write("i", bytes))
        let failure = #expect(throws: PackFailure.self) { try packer.run() }
        #expect(
            failure?.description.hasSuffix("is UTF-16, wanted UTF-8 (iconv -f UTF-16 -t UTF-8 writes it)")
                == true)
    }

    @Test func normalizationFormsAreTwoIDs() throws {
        let loaded = try pack(vectors: NpyBytes.floats([[1], [2]]), ids: "caf\u{E9}\ncafe\u{301}\n")
        let ids = try #require(loaded.items).ids
        #expect(ids.row(of: "cafe\u{301}") == 0 && ids.row(of: "caf\u{E9}") == 1)
    }

    @Test func cosineRowsHaveLengthOne() throws {
        let loaded = try pack(vectors: NpyBytes.floats([[3, 4], [0, 1e-30]]), ids: "a\nb", metric: .cosine)
        let items = try #require(loaded.items)
        #expect(items.vector(ofRow: 0)[0] == 0.6 && items.vector(ofRow: 0)[1] == 0.8)
        #expect(items.vector(ofRow: 1)[1] == 1)
    }

    @Test func packedFilesAreValidInput() throws {
        var packer = try TinyModel.packer(in: folder)
        let first = try packer.run()
        #expect(first.warnings.isEmpty)
        packer.items = PackInput(vectors: first.directory + "/items.safetensors")
        packer.users = PackInput(vectors: first.directory + "/users.safetensors")
        packer.trainingID = nil
        let second = try packer.run()
        #expect(second.warnings.isEmpty && second.manifest.version == 2)
        let loader = VersionLoader()
        let a = try loader.load(directory: first.directory, expecting: TinyModel.name, version: 1)
        let b = try loader.load(directory: second.directory, expecting: TinyModel.name, version: 2)
        #expect(TinyModel.content(a)[0...1] == TinyModel.content(b)[0...1])
        packer.trainingID = "run-2"
        #expect(throws: PackFailure.self) { try packer.run() }
        packer.trainingID = nil
        packer.items = PackInput(
            vectors: folder.file("items.npy"), ids: folder.file("items.txt"))
        #expect(try packer.run().warnings == [.trainingUnknown([.items])])
    }

    @Test func sidesMustAgree() throws {
        var packer = try TinyModel.packer(in: folder)
        packer.users?.vectors = try folder.write("narrow.npy", NpyBytes.floats([[1], [2]]))
        #expect(throws: PackFailure.dimensionsDiffer(items: 3, users: 1)) { try packer.run() }
        packer.items = nil
        packer.users = nil
        #expect(throws: PackFailure.nothingToPack) { try packer.run() }
    }

    @Test func trainingsMustAgree() throws {
        var packer = try TinyModel.packer(in: folder)
        packer.trainingID = "a"
        let first = try packer.run()
        packer.trainingID = "b"
        let second = try packer.run()
        packer.trainingID = nil
        packer.items = PackInput(vectors: first.directory + "/items.safetensors")
        packer.users = PackInput(vectors: second.directory + "/users.safetensors")
        let failure = #expect(throws: PackFailure.self) { try packer.run() }
        #expect(failure?.description.contains("two trainings") == true)
    }

    @Test func aFailingCatalogOrCheckPublishesNothing() throws {
        struct Refusal: Error {}
        var packer = try TinyModel.packer(in: folder)
        packer.catalog = { _ in throw Refusal() }
        #expect(throws: PackFailure.self) { try packer.run() }
        packer.catalog = nil
        packer.check = { _ in throw Refusal() }
        #expect(throws: PackFailure.self) { try packer.run() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("models")) == [])
        // A folder that existed before the pack stays.
        try FileManager.default.createDirectory(
            atPath: folder.file("models/tiny"), withIntermediateDirectories: true)
        #expect(throws: PackFailure.self) { try packer.run() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("models/tiny")) == [])
    }

    @Test func concurrentPackersGetDifferentVersions() async throws {
        let packer = try TinyModel.packer(in: folder)
        let root = packer.root
        let items = packer.items
        let versions = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var packer = Packer(root: root, name: TinyModel.name)
                    packer.items = items
                    return try (0..<5).map { _ in try packer.run().manifest.version }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(versions.sorted() == Array(1...20))
        let repository = Repository(root: root)
        #expect(try repository.versions(of: TinyModel.name) == Array(1...20))
        for version in versions {
            _ = try VersionLoader().load(
                directory: repository.directory(of: TinyModel.name, version: version),
                expecting: TinyModel.name, version: version)
        }
    }

    @Test func foldersOfCrashedPackersAreRemoved() throws {
        let packer = try TinyModel.packer(in: folder)
        _ = try packer.run()
        let dead = packer.root + "/tiny/.tmp-0123456789abcdef"
        let other = packer.root + "/tiny/.tmp-notes"
        for path in [dead, other] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try TemporaryFolder.create(path + "/items.safetensors", [1, 2, 3])
        }
        #expect(try packer.run().manifest.version == 2)
        #expect(!FileManager.default.fileExists(atPath: dead))
        #expect(FileManager.default.fileExists(atPath: other))
    }
}
