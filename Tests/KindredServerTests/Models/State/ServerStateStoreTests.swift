import Foundation
import GRDB
import KindredDomain
import KindredServer
import TestSupport
import Testing

@Suite struct ServerStateStoreTests {
    private let folder: TemporaryFolder
    private let path: String
    private let model = ModelName("shop")!

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("state.sqlite")
    }

    /// Runs statements on the state file, as another program would.
    private func database(_ name: String, _ sql: String) throws {
        let queue = try DatabaseQueue(path: folder.file(name))
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    @Test func choicesSurviveARestart() throws {
        let other = try #require(ModelName("other"))
        do {
            let store = try ServerStateStore(path: path)
            #expect(try store.load() == [:])
            try store.save(ServedVersions(active: 1), for: model)
            try store.save(ServedVersions(active: 3, previous: 1, pinned: 3), for: model)
            try store.save(ServedVersions(), for: other)
        }
        let store = try ServerStateStore(path: path)
        #expect(
            try store.load() == [
                model: ServedVersions(active: 3, previous: 1, pinned: 3), other: ServedVersions(),
            ])
    }

    @Test func versionsOutOfRangeAreRefused() throws {
        let store = try ServerStateStore(path: path)
        #expect(throws: StateFailure.version(file: path, model: "shop", found: .max)) {
            try store.save(ServedVersions(active: .max), for: model)
        }
        #expect(throws: StateFailure.self) { try store.save(ServedVersions(active: 0), for: model) }
        #expect(try store.load() == [:])
    }

    @Test func damageNamesTheFile() throws {
        do { try ServerStateStore(path: path).save(ServedVersions(active: 1), for: model) }
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for cut in [50, 100, 1000, whole.count - 1] {
            try whole.prefix(cut).write(to: URL(fileURLWithPath: path))
            let failure = #expect(throws: StateFailure.self, "cut at \(cut)") {
                try ServerStateStore(path: path).load()
            }
            #expect(failure?.description.hasPrefix(path) == true)
        }
        try Data("this is no database at all, only some words in a file".utf8)
            .write(to: URL(fileURLWithPath: path))
        #expect(throws: StateFailure.self) { try ServerStateStore(path: path) }
    }

    @Test func databasesOfOtherProgramsAreRefused() throws {
        try database("state.sqlite", "CREATE TABLE x(y);")
        #expect(throws: StateFailure.foreign(file: path, applicationID: 0)) {
            try ServerStateStore(path: path)
        }
    }

    @Test func newerFormatsAreRefused() throws {
        do { _ = try ServerStateStore(path: path) }
        try database("state.sqlite", "PRAGMA user_version = 3;")
        #expect(throws: StateFailure.newerFormat(file: path, found: 3, wanted: 2)) {
            try ServerStateStore(path: path)
        }
    }

    @Test func theDefaultModelSurvivesARestart() throws {
        let other = try #require(ModelName("other"))
        do {
            let store = try ServerStateStore(path: path)
            #expect(try store.loadDefaultModel() == nil)
            try store.save(defaultModel: model)
            try store.save(defaultModel: other)
        }
        #expect(try ServerStateStore(path: path).loadDefaultModel() == other)
        let readOnly = try ServerStateStore(path: path, readOnly: true)
        #expect(try readOnly.loadDefaultModel() == other)
        #expect(throws: StateFailure.self) { try readOnly.save(defaultModel: model) }
    }

    /// The first format has no default model. Its choices are kept, and a default model can be saved.
    @Test func theFirstFormatIsBroughtUpToDate() throws {
        try database(
            "state.sqlite",
            """
            CREATE TABLE served_versions (
                model TEXT NOT NULL PRIMARY KEY,
                active INTEGER CHECK (active > 0),
                previous INTEGER CHECK (previous > 0),
                pinned INTEGER CHECK (pinned > 0)
            ) STRICT, WITHOUT ROWID;
            INSERT INTO served_versions VALUES ('shop', 3, 1, 3);
            PRAGMA application_id = 1263420499;
            PRAGMA user_version = 1;
            """)
        #expect(try ServerStateStore(path: path, readOnly: true).loadDefaultModel() == nil)
        do {
            let store = try ServerStateStore(path: path)
            #expect(try store.load() == [model: ServedVersions(active: 3, previous: 1, pinned: 3)])
            #expect(try store.loadDefaultModel() == nil)
            try store.save(defaultModel: model)
        }
        let store = try ServerStateStore(path: path)
        #expect(try store.load() == [model: ServedVersions(active: 3, previous: 1, pinned: 3)])
        #expect(try store.loadDefaultModel() == model)
    }

    @Test func refusalsOfTheSystemAreNotDamage() throws {
        let failure = #expect(throws: StateFailure.self) {
            try ServerStateStore(path: folder.file("absent/state.sqlite"))
        }
        #expect(failure?.isRefusedBySystem == true)
        try Data("no database".utf8).write(to: URL(fileURLWithPath: path))
        let damage = #expect(throws: StateFailure.self) { try ServerStateStore(path: path) }
        #expect(damage?.isRefusedBySystem == false)
    }

    @Test func malformedRowsAreRefused() throws {
        do { _ = try ServerStateStore(path: path) }
        try database(
            "state.sqlite", "INSERT INTO served_versions VALUES('No Model', 1, NULL, NULL);")
        #expect(throws: StateFailure.self) { try ServerStateStore(path: path).load() }
    }

    /// A state file with a schema that the server does not write is refused before it is read.
    @Test(arguments: [
        """
        DROP TABLE served_versions;
        CREATE VIEW served_versions AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)
            SELECT 'm' || x AS model, 1 AS active, 1 AS previous, 1 AS pinned FROM c;
        """,
        "CREATE TRIGGER t AFTER INSERT ON served_versions BEGIN DELETE FROM served_versions; END;",
        "ALTER TABLE served_versions ADD COLUMN x TEXT AS (hex(zeroblob(1000000000)));",
        "CREATE INDEX i ON served_versions(hex(zeroblob(active)));",
        "CREATE VIEW v AS SELECT 1;",
        "CREATE TABLE other(x);",
        "DROP TABLE served_versions;",
    ]) func otherSchemasAreRefused(_ sql: String) throws {
        do { try ServerStateStore(path: path).save(ServedVersions(active: 1), for: model) }
        try database("state.sqlite", sql)
        let start = ContinuousClock.now
        let failure = #expect(throws: StateFailure.self) { try ServerStateStore(path: path) }
        guard case .schema(let file, _)? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(file == path && ContinuousClock.now - start < .seconds(5))
    }

    @Test(arguments: ["", "-journal", "-wal"]) func irregularFilesAreRefusedAtOnce(_ suffix: String) throws {
        if !suffix.isEmpty { _ = try ServerStateStore(path: path) }
        #expect(mkfifo(path + suffix, 0o600) == 0)
        #expect(throws: StateFailure.notAFile(file: path + suffix, found: "a pipe")) {
            try ServerStateStore(path: path)
        }
        #expect(unlink(path + suffix) == 0 && mkdir(path + suffix, 0o700) == 0)
        #expect(throws: StateFailure.notAFile(file: path + suffix, found: "a folder")) {
            try ServerStateStore(path: path)
        }
    }

    @Test func hugeFilesAreRefused() throws {
        do { _ = try ServerStateStore(path: path) }
        #expect(truncate(path, off_t(Limits.stateFileBytesMax) + 4_096) == 0)
        #expect(
            throws: StateFailure.tooLarge(file: path, byteCount: Limits.stateFileBytesMax + 4_096)
        ) { try ServerStateStore(path: path) }
    }

    @Test func filesOfOlderServersAreRead() throws {
        // Exactly as older servers make it.
        try database(
            "state.sqlite",
            """
            CREATE TABLE served_versions (
                model TEXT NOT NULL PRIMARY KEY,
                active INTEGER CHECK (active > 0),
                previous INTEGER CHECK (previous > 0),
                pinned INTEGER CHECK (pinned > 0)
            ) STRICT, WITHOUT ROWID;
            PRAGMA application_id = 1263420499;
            PRAGMA user_version = 1;
            INSERT INTO served_versions VALUES('shop', 3, 2, NULL);
            """)
        #expect(
            try ServerStateStore(path: path).load() == [model: ServedVersions(active: 3, previous: 2)])
    }
}
