import Foundation
import KindredDomain
import KindredModel
import KindredQuery
import KindredServer
import NIOCore
import TestSupport
import Testing

/// The rules by which a model's versions are loaded, serve and are dropped.
@Suite struct ServedModelTests {
    private static let name = ModelName("sample")!
    private let folder: TemporaryFolder
    private let repository: Repository

    init() throws {
        folder = try TemporaryFolder()
        repository = Repository(root: folder.file("models"))
    }

    /// A model of which versions 1 to `count` are on disk and none is loaded.
    private func model(_ count: Int, _ remembered: ServedVersions? = nil) throws -> ServedModel {
        for version in 1...count { try folder.pack(items: [[Float(version)]]) }
        var model = ServedModel(name: Self.name, remembered: remembered)
        look(&model)
        return model
    }

    private func look(_ model: inout ServedModel) {
        var manifestsLeft = 100
        _ = model.look(in: repository, manifestsLeft: &manifestsLeft)
    }

    private func load(_ version: UInt64, _ model: inout ServedModel) throws {
        let loaded = try VersionLoader().load(
            directory: repository.directory(of: Self.name, version: version), expecting: Self.name,
            version: version)
        let generation = try Generation(
            version: loaded, itemCatalog: nil, userCatalog: nil, release: { _, _ in })
        model.take(generation, stamp: repository.changeStamp(of: Self.name, version: version))
        settle(&model)
    }

    private func settle(_ model: inout ServedModel) {
        switch model.takeOver() {
        case .nothing: break
        case .choose(let version): _ = model.choose(version, pinned: nil)
        case .standIn(let version): model.standIn = version
        }
        model.dropUnneeded(now: .now())
    }

    private func refuse(_ version: UInt64, _ reason: String, _ model: inout ServedModel) -> Bool {
        model.refuse(
            version, reason: reason, stamp: repository.changeStamp(of: Self.name, version: version),
            retryAt: .now() + .hours(1))
    }

    /// Loads the wanted versions until none is wanted; returns them in order.
    private func loadAll(_ model: inout ServedModel) throws -> [UInt64] {
        var order: [UInt64] = []
        while let version = model.nextWanted(now: .now()) {
            order.append(version)
            try load(version, &model)
        }
        return order
    }

    @Test func theNewestVersionServes() throws {
        var model = try model(3)
        #expect(try loadAll(&model) == [3])
        #expect(model.active?.version == 3)
        try folder.pack(items: [[4]])
        look(&model)
        #expect(try loadAll(&model) == [4])
        #expect(model.active?.version == 4 && model.previous?.version == 3)
    }

    @Test func anOlderVersionServesWhereTheNewestIsRefused() throws {
        var model = try model(3)
        #expect(!refuse(3, "damaged", &model))
        #expect(refuse(3, "damaged", &model))
        #expect(!refuse(3, "damaged otherwise", &model))
        #expect(model.nextWanted(now: .now()) == 2)
        // A change of its folder has it tried again.
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o700], ofItemAtPath: repository.directory(of: Self.name, version: 3))
        look(&model)
        #expect(model.nextWanted(now: .now()) == 3)
    }

    /// After a restart the pinned version is gone: the previous one serves, not the newest.
    @Test func thePreviousVersionStandsInForAMissingPin() throws {
        var model = try model(3, ServedVersions(active: 9, previous: 1, pinned: 9))
        #expect(try loadAll(&model) == [1, 3])
        #expect(model.active?.version == 1)
        #expect(model.versions == ServedVersions(active: 9, previous: 1, pinned: 9))
        let status = model.status(isDefault: false, now: .now())
        #expect(status.active == 1 && status.pinned == 9)
        #expect(
            status.remark
                == "version 9 is pinned and is not on disk: version 1, which served before, serves instead")
        // A newer version changes nothing.
        try folder.pack(items: [[4]])
        look(&model)
        #expect(try loadAll(&model) == [4])
        #expect(model.active?.version == 1)
    }

    @Test func theNewestVersionStandsInWithoutAPrevious() throws {
        var model = try model(3, ServedVersions(active: 9, previous: 8, pinned: 9))
        #expect(try loadAll(&model) == [3])
        #expect(model.active?.version == 3)
        let remark = model.status(isDefault: false, now: .now()).remark
        #expect(
            remark
                == "version 9 is pinned and is not on disk: version 3, the newest one loaded, serves instead")
    }

    /// The previous version stands in for a pin that is gone: there is nothing to roll back to.
    @Test func aStandInIsNotARollbackTarget() throws {
        var model = try model(3, ServedVersions(active: 1, previous: 3, pinned: 1))
        try FileManager.default.removeItem(atPath: repository.directory(of: Self.name, version: 1))
        look(&model)
        #expect(try loadAll(&model) == [3])
        #expect(model.active?.version == 3 && model.previous == nil)
        let status = model.status(isDefault: false, now: .now())
        #expect(status.active == 3 && status.previous == 0 && status.pinned == 1)
        #expect(throws: RequestFailure.noPreviousVersion(Self.name, serving: 3, onDisk: [2, 3])) {
            try model.target(of: .previous, now: .now())
        }
        #expect(model.versions == ServedVersions(active: 1, previous: 3, pinned: 1))
    }

    @Test func aRefusedPinIsExplained() throws {
        var model = try model(2, ServedVersions(active: 2, previous: 1, pinned: 2))
        #expect(model.nextWanted(now: .now()) == 2)
        _ = refuse(2, "cut", &model)
        #expect(try loadAll(&model) == [1])
        #expect(
            model.status(isDefault: false, now: .now()).remark
                == "version 2 is pinned and was refused (cut): version 1, which served before, serves instead"
        )
        // It is tried again after a while.
        #expect(model.nextWanted(now: .now() + .hours(2)) == 2)
    }

    @Test func aRollbackWithoutAPreviousVersionListsTheVersions() throws {
        var model = try model(3)
        _ = try loadAll(&model)
        let failure = #expect(throws: RequestFailure.self) { try model.target(of: .previous, now: .now()) }
        #expect(failure == .noPreviousVersion(Self.name, serving: 3, onDisk: [1, 2, 3]))
        #expect(
            failure?.description
                == "model 'sample' has no previous version: the next older one is version 2: activate it "
                + "(on disk: 1, 2, 3)")
        #expect(try model.target(of: .version(1), now: .now()) == .load(1))
        #expect(throws: RequestFailure.versionGone(requested: 7, serving: 3, onDisk: [1, 2, 3])) {
            try model.target(of: .version(7), now: .now())
        }
        _ = refuse(2, "cut", &model)
        #expect(throws: RequestFailure.modelCorrupt(version: 2, reason: "cut")) {
            try model.target(of: .version(2), now: .now())
        }
    }

    @Test func latestIsTheNewestLoadableVersion() throws {
        var model = try model(2)
        _ = try loadAll(&model)
        #expect(try model.target(of: .latest, now: .now()) == .ready(version: 2, pinned: nil))
        try folder.pack(items: [[3]])
        look(&model)
        #expect(try model.target(of: .latest, now: .now()) == .load(3))
        _ = refuse(3, "cut", &model)
        #expect(try model.target(of: .latest, now: .now()) == .ready(version: 2, pinned: nil))
        let empty = ServedModel(name: Self.name, remembered: nil)
        #expect(try empty.target(of: .latest, now: .now()) == .ready(version: nil, pinned: nil))
    }

    /// So that the next request finds it in memory.
    @Test func aVersionLoadedForARequestStaysForAWhile() throws {
        var model = try model(3)
        _ = try loadAll(&model)
        model.ask(for: 1, now: .now())
        try load(1, &model)
        #expect(model.generations.keys.sorted() == [1, 3] && model.active?.version == 3)
        model.dropUnneeded(now: .now() + ServedModel.askedKept)
        #expect(model.generations.keys.sorted() == [3])
    }

    /// A choice is returned where it has changed: only then it is saved.
    @Test func aChangedChoiceIsReturned() throws {
        var model = try model(2)
        _ = try loadAll(&model)
        #expect(model.versions == ServedVersions(active: 2))
        #expect(model.choose(2, pinned: nil) == nil)
        #expect(model.choose(2, pinned: 2) == ServedVersions(active: 2, pinned: 2))
        #expect(model.unpin() == ServedVersions(active: 2))
        #expect(model.unpin() == nil)
        model.ask(for: 1, now: .now())
        try load(1, &model)
        #expect(model.choose(1, pinned: 1) == ServedVersions(active: 1, previous: 2, pinned: 1))
        #expect(model.active?.version == 1 && model.previous?.version == 2)
    }

    @Test func theStatusOfEveryVersionOnDisk() throws {
        var model = try model(4)
        _ = refuse(4, "cut", &model)
        try load(2, &model)
        let status = model.status(isDefault: true, choiceObstacle: "no space", now: .now())
        #expect(status.available.map(\.version) == [1, 2, 3, 4])
        #expect(status.available.map(\.state) == [.onDisk, .loaded, .waiting, .refused])
        // Of versions on disk from their manifests, of loaded ones from memory.
        #expect(status.available.map(\.details.dimension) == [1, 1, 1, 1])
        #expect(status.available.map(\.details.itemCount) == [1, 1, 1, 1])
        #expect(status.remark == "the choice of versions is not remembered: no space")
        #expect(status.refusals == [ModelStatus.Refusal(version: 4, reason: "cut")])
    }

    @Test func manifestsAreReadOnceAndWithinABound() throws {
        var model = ServedModel(name: Self.name, remembered: nil)
        for version in 1...3 { try folder.pack(items: [[Float(version)]]) }
        var left = 2
        _ = model.look(in: repository, manifestsLeft: &left)
        #expect(left == 0)
        func dimensions() -> [UInt32] {
            model.status(isDefault: false, now: .now()).available.map(\.details.dimension)
        }
        #expect(dimensions() == [0, 1, 1])
        left = 2
        _ = model.look(in: repository, manifestsLeft: &left)
        #expect(left == 1 && dimensions() == [1, 1, 1])
        left = 2
        _ = model.look(in: repository, manifestsLeft: &left)
        #expect(left == 2)
    }

    @Test func aModelWhoseFolderIsGoneStillServes() throws {
        var model = try model(2)
        _ = try loadAll(&model)
        model.folderIsGone()
        #expect(model.active?.version == 2)
        let status = model.status(isDefault: false, now: .now())
        #expect(status.available.isEmpty && status.loaded == [2])
        #expect(status.remark == "the folder is gone: what is in memory serves until the server ends")
        look(&model)
        #expect(model.status(isDefault: false, now: .now()).remark.isEmpty)
    }
}
