import Foundation
import KindredDomain
import KindredModel
import KindredSystem
import ModelTestSupport
import Testing
import TestSupport

@Suite struct RepositoryTests {
    @Test func listsCompleteVersions() throws {
        let folder = try TemporaryFolder()
        let repository = Repository(root: folder.path)
        for path in ["b/2", "b/10", "b/03", "b/-1", "b/0", "b/x", "b/7", "a/.tmp-1", ".hidden/1", "Bad/1"] {
            try FileManager.default.createDirectory(
                atPath: folder.file(path), withIntermediateDirectories: true)
            if path != "b/7" { try folder.write(path + "/manifest.json", "{}") }
        }
        try folder.write("file", "")
        let a = try #require(ModelName("a"))
        let b = try #require(ModelName("b"))
        #expect(try repository.models() == [a, b])
        #expect(try repository.versions(of: b) == [2, 10])
        #expect(try repository.versionFolders(of: b) == [2, 7, 10])
        #expect(try repository.versions(of: a) == [])
        #expect(repository.directory(of: b, version: 2) == folder.path + "/b/2")
        #expect(throws: FileFailure.self) { try Repository(root: folder.file("absent")).models() }
    }

    @Test func stampsChangeWithFiles() throws {
        let model = try TinyModel()
        let repository = Repository(root: model.folder.file("models"))
        let before = repository.changeStamp(of: TinyModel.name, version: 1)
        #expect(repository.changeStamp(of: TinyModel.name, version: 1) == before)
        try model.replace("catalog.sqlite", [1])
        #expect(repository.changeStamp(of: TinyModel.name, version: 1) != before)
        #expect(repository.changeStamp(of: TinyModel.name, version: 9) != before)
    }

    @Test func foldersWithTooManyNames() throws {
        let folder = try TemporaryFolder()
        let model = try #require(ModelName("shop"))
        try FileManager.default.createDirectory(
            atPath: folder.file("shop"), withIntermediateDirectories: true)
        let repository = Repository(root: folder.path)
        for number in 1...Limits.folderEntriesMax {
            let descriptor = open(folder.file("shop/x\(number)"), O_CREAT | O_WRONLY, 0o600)
            #expect(close(descriptor) == 0)
        }
        #expect(try repository.versionFolders(of: model) == [])
        #expect(close(open(folder.file("shop/one_more"), O_CREAT | O_WRONLY, 0o600)) == 0)
        let failure = #expect(throws: FileFailure.self) { try repository.versionFolders(of: model) }
        #expect(failure?.field == "number of entries")
    }

    /// A version without access is tried again when its permissions change.
    @Test func stampsChangeWithPermissions() throws {
        let model = try TinyModel()
        let repository = Repository(root: model.folder.file("models"))
        var stamps = [repository.changeStamp(of: TinyModel.name, version: 1)]
        for path in ["/items.safetensors", ""] {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o750], ofItemAtPath: model.directory + path)
            stamps.append(repository.changeStamp(of: TinyModel.name, version: 1))
        }
        #expect(Set(stamps).count == 3)
        #expect(repository.changeStamp(of: TinyModel.name, version: 1) == stamps.last)
    }

    @Test func aRootThatIsAModelOrAVersionIsRecognised() throws {
        let model = try TinyModel()
        let right = Repository(root: model.folder.file("models"))
        #expect(!right.isVersion && !right.isVersion(TinyModel.name))
        let oneAbove = Repository(root: model.folder.file("models/tiny"))
        let one = try #require(ModelName("1"))
        #expect(try oneAbove.models() == [one])
        #expect(!oneAbove.isVersion && oneAbove.isVersion(one))
        #expect(Repository(root: model.directory).isVersion)
    }
}
