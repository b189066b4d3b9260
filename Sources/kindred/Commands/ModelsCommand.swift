import ArgumentParser
import KindredClient
import KindredDomain
import KindredSystem
import KindredTerminal

/// `kindred models`: lists the server's models and versions.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "The server's models, their versions and what was refused.")

    @OptionGroup var server: ServerOptions
    @Argument(help: "One model; all where none is named.", transform: ParsedValue.modelName("model"))
    var name: ParsedValue<ModelName>?

    /// Number of versions shown for a model, newest first.
    private static let versionsShownMax = 10

    func validate() throws { _ = try name?.value }

    func run() async throws {
        let name = try name?.value
        let repository = try await server.withClient { try await $0.repository(name) }
        if server.json {
            repository.models.forEach { print(JSONWriter.compact($0.json)) }
        } else {
            if repository.models.isEmpty { print("no models") }
            repository.models.flatMap(Self.lines).forEach { print(VisibleText.line($0)) }
        }
        if !repository.remark.isEmpty { CommandOutput.note(repository.remark) }
    }

    private static func lines(of model: ModelDescription) -> [String] {
        var line = "model \(model.name)  "
        line += model.active == 0 ? "nothing serves" : "version \(model.active)"
        if model.pinned != 0 {
            line += model.pinned == model.active ? " (pinned)" : ", version \(model.pinned) is pinned"
        }
        if model.previous != 0 { line += "  previous \(model.previous)" }
        if model.isDefault { line += "  default" }
        var lines = [line]
        if model.active != 0 {
            lines.append(
                "  \(model.items.groupedDigits) items, \(model.users.groupedDigits) users, dimension "
                    + "\(model.dimension), \(model.metric), training '\(model.trainingID)'")
            lines += columns("item", model.itemColumns, model.itemColumnTypes)
            lines += columns("user", model.userColumns, model.userColumnTypes)
        }
        if !model.remark.isEmpty { lines.append("  note: \(model.remark)") }
        return lines + versions(of: model)
    }

    private static func columns(_ side: String, _ names: [String], _ types: [ColumnType]) -> [String] {
        if names.isEmpty { return [] }
        let all = zip(names, types).map { "\($0) (\($1))" }.joined(separator: ", ")
        return ["  \(side) columns: \(all)"]
    }

    /// A table of the versions on disk and in memory, newest first.
    private static func versions(of model: ModelDescription) -> [String] {
        let reasons = Dictionary(model.refusals.map { ($0.version, $0.reason) }) { first, _ in first }
        let onDisk = Set(model.versions.map(\.version))
        // A version can serve from memory after its files are gone.
        let gone = model.loaded.filter { !onDisk.contains($0) }.map { version in
            (version, [version.description, "loaded, not on disk", "", "", "", ""])
        }
        let present = model.versions.map { version in
            (
                version.version,
                [
                    version.version.description,
                    version.version == model.active ? "serves" : version.state.description,
                    version.dimension == 0 ? "" : version.dimension.description,
                    version.dimension == 0 ? "" : version.items.groupedDigits,
                    version.dimension == 0 ? "" : version.users.groupedDigits,
                    reasons[version.version]
                        ?? (version.itemColumns + version.userColumns).joined(separator: ", "),
                ]
            )
        }
        let rows = (gone + present).sorted { $0.0 > $1.0 }.map(\.1)
        guard !rows.isEmpty else { return [] }
        let heading = ["version", "state", "dimension", "items", "users", "columns, or why it was refused"]
        let table = TextTable(
            rows: [heading] + rows.prefix(versionsShownMax), rightAligned: [0, 2, 3, 4])
        let hidden = rows.count - min(rows.count, versionsShownMax)
        return table.lines.map { "  " + $0 }
            + (hidden == 0 ? [] : ["  and \(hidden) older: --json lists them"])
    }
}

extension ModelDescription {
    var json: JSONValue {
        .object([
            JSONMember("name", .string(name.description)), JSONMember("default", .bool(isDefault)),
            JSONMember("active", .integer(active)), JSONMember("previous", .integer(previous)),
            JSONMember("pinned", .integer(pinned)), JSONMember("dimension", .integer(dimension)),
            JSONMember("metric", .string(metric.description)), JSONMember("items", .integer(items)),
            JSONMember("users", .integer(users)),
            JSONMember("fingerprint", .string(HexText.encode(fingerprint))),
            JSONMember("training_id", .string(trainingID)),
            JSONMember("item_columns", .array(itemColumns.map(JSONValue.string))),
            JSONMember("user_columns", .array(userColumns.map(JSONValue.string))),
            JSONMember("item_column_types", .array(itemColumnTypes.map { .string($0.description) })),
            JSONMember("user_column_types", .array(userColumnTypes.map { .string($0.description) })),
            JSONMember("loaded", .array(loaded.map(JSONValue.integer))),
            JSONMember(
                "refused",
                .array(
                    refusals.map {
                        .object([
                            JSONMember("version", .integer($0.version)),
                            JSONMember("reason", .string($0.reason)),
                        ])
                    })),
            JSONMember("versions", .array(versions.map(\.json))), JSONMember("remark", .string(remark)),
        ])
    }
}

extension ModelDescription.Version {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("version", .integer(version)), JSONMember("state", .string(state.description)),
            JSONMember("dimension", .integer(dimension)), JSONMember("items", .integer(items)),
            JSONMember("users", .integer(users)),
            JSONMember("item_columns", .array(itemColumns.map(JSONValue.string))),
            JSONMember("user_columns", .array(userColumns.map(JSONValue.string))),
        ])
    }
}
