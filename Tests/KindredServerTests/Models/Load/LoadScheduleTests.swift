import KindredDomain
import KindredModel
import KindredServer
import NIOCore
import TestSupport
import Testing

/// Which version is loaded next.
@Suite struct LoadScheduleTests {
    private static let shop = ModelName("shop")!
    private static let other = ModelName("other")!

    /// Two models with two versions each on disk, none of them loaded.
    private func models() throws -> ServedModels {
        let folder = try TemporaryFolder()
        let repository = Repository(root: folder.file("models"))
        var models = ServedModels()
        for name in [Self.other, Self.shop] {
            for version in 1...2 { try folder.pack(name.description, items: [[Float(version)]]) }
            models[name] = ServedModel(name: name, remembered: nil)
            var manifestsLeft = 10
            _ = models[name]?.look(in: repository, manifestsLeft: &manifestsLeft)
        }
        return models
    }

    private func target(_ name: ModelName, _ version: UInt64) -> LoadSchedule.Target {
        LoadSchedule.Target(name: name, version: version)
    }

    private func awaited(_ name: ModelName, _ version: UInt64, isSwitch: Bool) -> LoadSchedule.Awaited {
        LoadSchedule.Awaited(target(name, version), isSwitch: isSwitch)
    }

    @Test func aLookLoadsTheNewestOfEachModel() throws {
        var models = try models()
        var schedule = LoadSchedule()
        #expect(schedule.isSettled && schedule.next([], models, now: .now()) == .done)
        schedule.looked([Self.other, Self.shop])
        #expect(!schedule.isSettled)
        for name in [Self.other, Self.shop] {
            #expect(schedule.next([], models, now: .now()) == .load(target(name, 2), isAsked: false))
            #expect(schedule.next([], models, now: .now()) == .wait)
            // Without a good version, nothing is left of this model.
            models[name] = nil
            schedule.ended(isRepeated: false)
        }
        #expect(schedule.next([], models, now: .now()) == .done)
        #expect(schedule.isSettled)
    }

    @Test func aSwitchGoesFirst() throws {
        let models = try models()
        var schedule = LoadSchedule()
        schedule.looked([Self.other])
        let look = awaited(Self.other, 1, isSwitch: false)
        let change = awaited(Self.shop, 1, isSwitch: true)
        #expect(schedule.next([look, change], models, now: .now()) == .load(change.target, isAsked: true))
        schedule.ended(isRepeated: false)
        #expect(schedule.next([look], models, now: .now()) == .load(look.target, isAsked: true))
        schedule.ended(isRepeated: false)
        #expect(schedule.next([], models, now: .now()) == .load(target(Self.other, 2), isAsked: false))
    }

    /// A load gives way to a switch that needs another version, and is repeated after it.
    @Test func aLoadGivesWayToASwitch() throws {
        let models = try models()
        var schedule = LoadSchedule()
        schedule.looked([Self.other])
        let running = LoadSchedule.Step.load(target(Self.other, 2), isAsked: false)
        #expect(schedule.next([], models, now: .now()) == running)
        let change = awaited(Self.shop, 1, isSwitch: true)
        #expect(schedule.next([awaited(Self.shop, 1, isSwitch: false)], models, now: .now()) == .wait)
        #expect(schedule.next([change], models, now: .now()) == .cancel)
        // Another switch that waits for the running load keeps it.
        #expect(
            schedule.next([change, awaited(Self.other, 2, isSwitch: true)], models, now: .now()) == .wait)
        schedule.ended(isRepeated: true)
        #expect(schedule.next([change], models, now: .now()) == .load(change.target, isAsked: true))
        schedule.ended(isRepeated: false)
        #expect(schedule.next([], models, now: .now()) == running)
    }
}
