import GRDB
import KindredCatalog
import KindredDomain

/// The state file `state.sqlite`: the choice of versions of each model, and the default model.
///
/// Every change is durable when `save` returns. Any thread may call; calls wait for the disk, so none comes from an
/// event loop.
package final class ServerStateStore: Sendable {
    package let path: String
    /// True: `save` throws.
    package let isReadOnly: Bool
    private let database: DatabaseQueue
    private let meter: StateMeter

    /// Opens the file, or makes it where it is absent; its folder must exist. A file of an older format is brought to
    /// the current one. `readOnly`: the file must exist, and is not changed. Throws where the file is not one of a
    /// server, or no regular file. Waits for SQLite's lock alone.
    package init(path: String, readOnly: Bool = false) throws(StateFailure) {
        try Self.checkFile(path)
        self.path = path
        isReadOnly = readOnly
        let meter = StateMeter()
        self.meter = meter
        database = try Self.translating(path, "open") {
            var configuration = Configuration()
            configuration.readonly = readOnly
            configuration.prepareDatabase { database in
                meter.watch(database)
                // A saved choice is on the disk, and so is the removal of its journal.
                try database.execute(sql: "PRAGMA synchronous = EXTRA")
                try database.execute(sql: "PRAGMA trusted_schema = OFF")
            }
            configuration.busyMode = .timeout(5)
            let database = try DatabaseQueue(path: path, configuration: configuration)
            if readOnly {
                try database.read { try Self.prepare($0, path: path, readOnly: true) }
            } else {
                // Writes in any case, so that a file that cannot be written is found when the server starts.
                try database.write {
                    try Self.prepare($0, path: path, readOnly: false)
                    try $0.execute(sql: "PRAGMA user_version = \(ServerStateSchema.formatVersion)")
                }
            }
            return database
        }
    }

    /// Throws for a file on which SQLite would wait, such as a pipe, and for one that is too large to be a state
    /// file.
    private static func checkFile(_ path: String) throws(StateFailure) {
        switch DatabaseFile.look(at: path) {
        case .absent: break
        case .other(let found): throw .notAFile(file: path, found: found)
        case .file(let byteCount, _):
            guard byteCount <= Limits.stateFileBytesMax else {
                throw .tooLarge(file: path, byteCount: byteCount)
            }
        }
        if let companion = DatabaseFile.irregularCompanion(of: path) {
            throw .notAFile(file: companion.path, found: companion.found)
        }
    }

    private static func prepare(_ database: Database, path: String, readOnly: Bool) throws {
        let id = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let format = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let entry = try Row.fetchOne(database, sql: "SELECT 1 FROM sqlite_schema LIMIT 1")
        if id == 0, format == 0, entry == nil {
            // A disk that was full when the file was made leaves an empty one.
            if !readOnly { try ServerStateSchema.make(in: database) }
            return
        }
        guard id == ServerStateSchema.applicationID else {
            throw StateFailure.foreign(file: path, applicationID: id)
        }
        guard format <= ServerStateSchema.formatVersion else {
            throw StateFailure.newerFormat(
                file: path, found: format, wanted: ServerStateSchema.formatVersion)
        }
        // Before any table is read, and before checks of tables run.
        try ServerStateSchema.check(database, format: format, path: path)
        if case .file(let byteCount, let pageByteCount?) = DatabaseFile.look(at: path),
            byteCount % pageByteCount != 0
        {
            throw StateFailure.cut(file: path, byteCount: byteCount, pageByteCount: pageByteCount)
        }
        // Reads every page once, so that damage is found when the server starts and not at a rollback.
        let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no verdict"
        guard verdict == "ok" else {
            throw StateFailure.sqlite(file: path, operation: "check", code: 11, message: verdict)
        }
        if !readOnly { try ServerStateSchema.update(database, from: format) }
    }

    /// The choices of all models.
    package func load() throws(StateFailure) -> [ModelName: ServedVersions] {
        try Self.translating(path, "read") {
            try database.read { database in
                meter.grant()
                var result: [ModelName: ServedVersions] = [:]
                guard try database.tableExists("served_versions") else { return result }
                let rows = try Row.fetchCursor(
                    database, sql: "SELECT model, active, previous, pinned FROM served_versions")
                while let row = try rows.next() {
                    let text = String.fromDatabaseValue(row["model"]) ?? ""
                    guard let model = ModelName(text) else {
                        throw StateFailure.row(
                            file: path, model: text, field: "the name", found: "\"\(text)\"",
                            wanted: ModelName.rule)
                    }
                    result[model] = ServedVersions(
                        active: try version(row, "active", of: model),
                        previous: try version(row, "previous", of: model),
                        pinned: try version(row, "pinned", of: model))
                }
                return result
            }
        }
    }

    private func version(_ row: Row, _ column: String, of model: ModelName) throws -> UInt64? {
        let value: DatabaseValue = row[column]
        if value.isNull { return nil }
        guard let number = Int64.fromDatabaseValue(value), number > 0 else {
            throw StateFailure.row(
                file: path, model: model.description, field: column, found: "\(value)",
                wanted: "null or a positive number")
        }
        return UInt64(number)
    }

    /// Saves the choice of a model in place of the one before.
    package func save(_ versions: ServedVersions, for model: ModelName) throws(StateFailure) {
        try save([model: versions])
    }

    /// Saves the choices of several models, all or none.
    package func save(_ choices: [ModelName: ServedVersions]) throws(StateFailure) {
        var rows: [(ModelName, [Int64?])] = []
        for (model, versions) in choices { rows.append((model, try numbers(versions, of: model))) }
        try Self.translating(path, "write") {
            try database.write { database in
                meter.grant()
                for (model, numbers) in rows {
                    try database.execute(
                        sql: "INSERT OR REPLACE INTO served_versions VALUES (?, ?, ?, ?)",
                        arguments: [model.description, numbers[0], numbers[1], numbers[2]])
                }
            }
        }
    }

    /// The columns of a model's row.
    private func numbers(_ versions: ServedVersions, of model: ModelName) throws(StateFailure) -> [Int64?] {
        var numbers: [Int64?] = []
        for version in [versions.active, versions.previous, versions.pinned] {
            guard let version else {
                numbers.append(nil)
                continue
            }
            guard let number = Int64(exactly: version), number > 0 else {
                throw .version(file: path, model: model.description, found: version)
            }
            numbers.append(number)
        }
        return numbers
    }

    /// The model of requests that name none; nil where none was chosen yet.
    package func loadDefaultModel() throws(StateFailure) -> ModelName? {
        try Self.translating(path, "read") {
            try database.read { database in
                meter.grant()
                let format = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                guard format >= ServerStateSchema.formatWithDefaultModel,
                    let text = try String.fetchOne(database, sql: "SELECT model FROM default_model")
                else { return nil }
                guard let model = ModelName(text) else {
                    throw StateFailure.row(
                        file: path, model: text, field: "the default model", found: "\"\(text)\"",
                        wanted: ModelName.rule)
                }
                return model
            }
        }
    }

    /// Saves the model of requests that name none.
    package func save(defaultModel: ModelName) throws(StateFailure) {
        try Self.translating(path, "write") {
            try database.write { database in
                meter.grant()
                try database.execute(
                    sql: "INSERT OR REPLACE INTO default_model VALUES (1, ?)",
                    arguments: [defaultModel.description])
            }
        }
    }

    /// Throws errors of SQLite as `StateFailure`.
    private static func translating<Result>(
        _ path: String, _ operation: String, _ body: () throws -> Result
    ) throws(StateFailure) -> Result {
        do {
            return try body()
        } catch let error as StateFailure {
            throw error
        } catch let error as DatabaseError {
            throw .sqlite(
                file: path, operation: operation, code: error.extendedResultCode.rawValue,
                message: error.message ?? "no message")
        } catch {
            throw .sqlite(file: path, operation: operation, code: 1, message: "\(error)")
        }
    }
}

/// Bounds the steps and the time of the connection to a state file, anew for each piece of work.
///
/// Sendable because the connection is used by one thread at a time, and the meter with it.
private final class StateMeter: @unchecked Sendable {
    private let meter = ReadMeter()

    init() { grant() }

    /// Watches a connection, which must be closed before the meter is freed.
    func watch(_ database: Database) {
        ReadRules.bound(database.sqliteConnection)
        meter.watch(database.sqliteConnection)
    }

    /// Grants a piece of work the steps and the time that the largest state file may take.
    func grant() {
        meter.grant(
            steps: ReadBudget.stepsMax(byteCount: Limits.stateFileBytesMax),
            milliseconds: ReadBudget.millisecondsMax(byteCount: Limits.stateFileBytesMax), from: .now,
            cancellation: Cancellation())
    }
}
