import ArgumentParser
import KindredClient
import KindredDomain
import KindredModel

/// `kindred models`: what the server serves.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "The server's models, their versions and what was refused.")

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let models = try await server.withClient { try await $0.models() }
        if server.json {
            models.forEach { print(JSONWriter.compact($0.json)) }
            return
        }
        if models.isEmpty { print("no models") }
        for model in models { Self.show(model) }
    }

    private static func show(_ model: ModelDescription) {
        var line = "model \(model.name)  "
        line += model.active == 0 ? "nothing serves" : "version \(model.active)"
        if model.pinned != 0 { line += " (pinned)" }
        if model.previous != 0 { line += "  previous \(model.previous)" }
        if model.isDefault { line += "  default" }
        print(line)
        if model.active != 0 {
            print(
                "  \(model.items.groupedDigits) items, \(model.users.groupedDigits) users, dimension "
                    + "\(model.dimension), \(model.metric), training '\(model.trainingID)'")
        }
        for refusal in model.refusals { print("  refused version \(refusal.version): \(refusal.reason)") }
    }
}

/// `kindred activate`: serve a version and hold it, or follow the newest again.
struct ActivateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate", abstract: "Serve a version and pin it, or follow the newest again (latest).")

    @OptionGroup var server: ServerOptions
    @Argument(help: "The model.", transform: ParsedValue.modelName("model"))
    var name: ParsedValue<ModelName>
    @Argument(help: "A version, or latest.", transform: { ParsedValue($0, Self.number) })
    var version: ParsedValue<UInt64?>
    @Option(parsing: .unconditional, help: "Only if this version is active now.")
    var expect: UInt64?

    func validate() throws {
        _ = try name.value
        _ = try version.value
    }

    func run() async throws {
        let name = try name.value
        let version = try version.value
        let versions = try await server.withSession(about: .change(name)) {
            try await $0.client.activate(model: name, version: version, expectedActive: expect ?? 0)
        }
        VersionPrinter(json: server.json).show(name, versions)
    }

    /// The number of a version; nil for the latest.
    private static func number(_ text: String) throws(ValidationError) -> UInt64? {
        if text == "latest" { return nil }
        guard let number = UInt64(text), number > 0 else {
            throw ValidationError("version '\(text)': a positive number, or latest")
        }
        return number
    }
}

/// `kindred rollback`: serve the previously active version and hold it.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Serve the previously active version and pin it.")

    @OptionGroup var server: ServerOptions
    @Argument(help: "The model.", transform: ParsedValue.modelName("model"))
    var name: ParsedValue<ModelName>
    @Option(parsing: .unconditional, help: "Only if this version is active now.")
    var expect: UInt64?

    func validate() throws { _ = try name.value }

    func run() async throws {
        let name = try name.value
        let versions = try await server.withSession(about: .change(name)) {
            try await $0.client.rollback(model: name, expectedActive: expect ?? 0)
        }
        VersionPrinter(json: server.json).show(name, versions)
    }
}

/// What serves after a switch.
struct VersionPrinter {
    let json: Bool

    func show(_ name: ModelName, _ versions: ModelVersions) {
        if json {
            print(
                JSONWriter.compact(
                    .object([
                        JSONMember("model", .string(name.description)),
                        JSONMember("active", .integer(versions.active)),
                        JSONMember("previous", .integer(versions.previous)),
                        JSONMember("pinned", .integer(versions.pinned)),
                    ])))
        } else {
            let held = versions.pinned == 0 ? "newer versions take over" : "pinned"
            print("model \(name)  version \(versions.active) serves, \(held), previous \(versions.previous)")
        }
    }
}

/// `kindred stats`: the server's counters.
struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "stats", abstract: "The server's counters.")

    @OptionGroup var server: ServerOptions

    func run() async throws {
        let stats = try await server.withClient { try await $0.stats() }.sorted { $0.key < $1.key }
        if server.json {
            print(JSONWriter.compact(.object(stats.map { JSONMember($0.key, .integer($0.value)) })))
        } else {
            TextTable(rows: stats.map { [$0.key, $0.value.groupedDigits] }, rightAligned: [1]).lines.forEach {
                print($0)
            }
        }
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
        ])
    }
}
