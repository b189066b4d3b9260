import Foundation
import KindredDomain
import KindredServer
import Synchronization
import TestSupport
import Testing

/// Choices are kept where the state file can be written, and saved later where it cannot.
@Suite struct ModelChoicesTests {
    private static let shop = ModelName("shop")!
    private static let other = ModelName("other")!
    private static let second: UInt64 = 1_000_000_000

    /// A disk on which a test can let every write fail.
    private final class TestDisk: Sendable {
        struct State {
            /// The code of SQLite with which opening for writing and saving fail; nil where they succeed.
            var writeFailure: Int32?
            /// The same for opening for reading alone.
            var readFailure: Int32?
            var choices: [ModelName: ServedVersions] = [:]
            var defaultModel: ModelName?
            var openCount = 0
            var saveCount = 0
        }

        let state = Mutex(State())

        init(writeFailure: Int32? = nil, readFailure: Int32? = nil) {
            state.withLock {
                $0.writeFailure = writeFailure
                $0.readFailure = readFailure
            }
        }

        func open(_ path: String, _ readOnly: Bool) throws(StateFailure) -> any ChoiceStore {
            let code = state.withLock {
                $0.openCount += 1
                return readOnly ? $0.readFailure : $0.writeFailure
            }
            if let code { throw Self.failure(code) }
            return TestStore(disk: self, isReadOnly: readOnly)
        }

        static func failure(_ code: Int32) -> StateFailure {
            .sqlite(file: "state.sqlite", operation: "write", code: code, message: "refused")
        }
    }

    private struct TestStore: ChoiceStore {
        let disk: TestDisk
        let isReadOnly: Bool

        func load() -> [ModelName: ServedVersions] { disk.state.withLock { $0.choices } }
        func loadDefaultModel() -> ModelName? { disk.state.withLock { $0.defaultModel } }

        private func write(_ body: (inout TestDisk.State) -> Void) throws(StateFailure) {
            let code = disk.state.withLock { state in
                state.saveCount += 1
                if state.writeFailure == nil { body(&state) }
                return state.writeFailure
            }
            if let code { throw TestDisk.failure(code) }
        }

        func save(_ choices: [ModelName: ServedVersions]) throws(StateFailure) {
            try write { $0.choices.merge(choices) { _, new in new } }
        }

        func save(defaultModel: ModelName) throws(StateFailure) {
            try write { $0.defaultModel = defaultModel }
        }
    }

    private let folder: TemporaryFolder
    private let events = LogEvents()

    init() throws { folder = try TemporaryFolder() }

    private func choices(on disk: TestDisk) throws -> ModelChoices {
        try ModelChoices(
            directory: folder.file("state"), logger: events.logger,
            open: { (path, readOnly) throws(StateFailure) in try disk.open(path, readOnly) })
    }

    /// The models that log lines have named as not remembered.
    private var logged: [String] {
        events.lines("choices of versions are not remembered: a restart will not know them").map {
            $0.metadata["models"] ?? ""
        }
    }

    private var recoveries: Int {
        events.lines("the state file can be written again: all choices are remembered").count
    }

    /// SQLITE_FULL while the server runs.
    @Test func aFullDiskIsSaidOnceAndTriedAgain() throws {
        let disk = TestDisk()
        var choices = try choices(on: disk)
        disk.state.withLock { $0.writeFailure = 13 }
        choices.note(ServedVersions(active: 2), for: Self.shop)
        for _ in 0..<5 { choices.flush() }
        for time in 0..<5 { choices.retry(now: UInt64(time) * Self.second) }
        #expect(logged == ["shop"] && recoveries == 0)
        #expect(choices.obstacle(of: Self.shop)?.contains("refused") == true)
        #expect(choices.obstacle(of: Self.other) == nil)
        #expect(choices.versions(of: Self.shop) == ServedVersions(active: 2))
        // A further choice is named alone.
        choices.note(ServedVersions(active: 1), for: Self.other)
        choices.flush()
        #expect(logged == ["shop", "other"])

        disk.state.withLock { $0.writeFailure = nil }
        for time in 0..<5 { choices.retry(now: UInt64(100 + time) * Self.second) }
        #expect(recoveries == 1 && choices.obstacle(of: Self.shop) == nil)
        #expect(
            disk.state.withLock { $0.choices } == [
                Self.shop: ServedVersions(active: 2), Self.other: ServedVersions(active: 1),
            ])
    }

    /// Each retry may take seconds, so they become rarer.
    @Test func retriesBecomeRarer() throws {
        let disk = TestDisk()
        var choices = try choices(on: disk)
        disk.state.withLock { $0.writeFailure = 13 }
        choices.save(defaultModel: Self.shop)
        let before = disk.state.withLock { $0.saveCount }
        // Every 20 ms for 63 s: at 0, 1, 3, 7, 15, 31 and 47 s.
        for step in 0..<3_150 { choices.retry(now: UInt64(step) * 20_000_000) }
        #expect(disk.state.withLock { $0.saveCount } - before == 7)
    }

    /// SQLITE_READONLY, SQLITE_FULL and SQLITE_CANTOPEN when the server starts. The file can be read, or not even that.
    @Test(arguments: [8, 13, 14] as [Int32], [nil, 14] as [Int32?])
    func aFileThatCannotBeOpenedAtTheStartIsOpenedLater(_ code: Int32, readFailure: Int32?) throws {
        let disk = TestDisk(writeFailure: code, readFailure: readFailure)
        let kept = ServedVersions(active: 7, pinned: 7)
        if readFailure == nil { disk.state.withLock { $0.choices[Self.other] = kept } }
        var choices = try choices(on: disk)
        #expect(choices.versions(of: Self.other) == (readFailure == nil ? kept : nil))
        choices.note(ServedVersions(active: 2), for: Self.shop)
        choices.flush()
        choices.save(defaultModel: Self.shop)
        choices.retry(now: 0)
        #expect(choices.obstacle(of: Self.shop) != nil && recoveries == 0)
        disk.state.withLock { $0.writeFailure = nil }
        for time in 1..<5 { choices.retry(now: UInt64(time) * Self.second) }
        #expect(choices.obstacle(of: Self.shop) == nil && recoveries == 1)
        let state = disk.state.withLock { $0 }
        #expect(state.choices[Self.shop] == ServedVersions(active: 2))
        #expect(state.choices[Self.other] == (readFailure == nil ? kept : nil))
        #expect(state.defaultModel == Self.shop)
    }

    /// A file that could not be read at the start may hold a pin: it is left alone.
    @Test func choicesThatWereNotReadAreNotOverwritten() throws {
        let disk = TestDisk(writeFailure: 14, readFailure: 14)
        let kept = ServedVersions(active: 1, previous: 2, pinned: 1)
        disk.state.withLock { $0.choices[Self.shop] = kept }
        var choices = try choices(on: disk)
        choices.note(ServedVersions(active: 2), for: Self.shop)
        choices.flush()
        disk.state.withLock { $0.writeFailure = nil }
        for time in 0..<40 { choices.retry(now: UInt64(time) * Self.second) }
        #expect(disk.state.withLock { $0.choices } == [Self.shop: kept] && recoveries == 0)
        #expect(choices.obstacle(of: Self.shop)?.contains("did not read when it started") == true)
    }

    /// The disk is full before there is a state file: SQLite leaves an empty one.
    @Test func anEmptyFileThatCannotBeWrittenHoldsNothing() throws {
        try FileManager.default.createDirectory(
            atPath: folder.file("state"), withIntermediateDirectories: true)
        try folder.write("state/state.sqlite", [])
        let full = StateFailure.sqlite(file: "state.sqlite", operation: "open", code: 13, message: "full")
        let choices = try ModelChoices(
            directory: folder.file("state"), logger: events.logger,
            open: { (path, readOnly) throws(StateFailure) in
                guard readOnly else { throw full }
                return try ModelChoices.openFile(path, true)
            })
        #expect(choices.versions(of: Self.shop) == nil && choices.defaultModel == nil)
        let message =
            "the state folder cannot be written: choices of versions and of the default model are not remembered"
        #expect(events.lines(message).count == 1)
    }
}
