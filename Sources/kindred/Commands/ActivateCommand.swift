import ArgumentParser
import KindredClient
import KindredDomain
import KindredSystem

/// `kindred activate`: pins a version, or follows the newest one again.
struct ActivateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate", abstract: "Serve a version and pin it, or follow the newest again (latest).")

    @OptionGroup var server: ServerOptions
    @Argument(help: "The model.", transform: ParsedValue.modelName("model"))
    var name: ParsedValue<ModelName>
    @Argument(help: "A version, or latest.", transform: { ParsedValue($0, Self.number) })
    var version: ParsedValue<UInt64?>
    @Option(
        parsing: .unconditional, help: "Only if this version is active now.", transform: NumberText.version)
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

    /// The version number; nil for `latest`.
    private static func number(_ text: String) throws(ValidationError) -> UInt64? {
        if text == "latest" { return nil }
        guard let number = UInt64(text), number > 0 else {
            throw ValidationError("version '\(text)': a positive number, or latest")
        }
        return number
    }
}

/// `kindred rollback`: pins the version that was active before.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Serve the previously active version and pin it.")

    @OptionGroup var server: ServerOptions
    @Argument(help: "The model.", transform: ParsedValue.modelName("model"))
    var name: ParsedValue<ModelName>
    @Option(
        parsing: .unconditional, help: "Only if this version is active now.", transform: NumberText.version)
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

/// Prints the model's versions after a switch.
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
                        JSONMember("remembered", .bool(versions.isRemembered)),
                    ])))
        } else {
            let held = versions.pinned == 0 ? "newer versions take over" : "pinned"
            let serving = versions.active == 0 ? "nothing serves" : "version \(versions.active) serves"
            let previous = versions.previous == 0 ? "" : ", previous \(versions.previous)"
            print("model \(name)  \(serving), \(held)\(previous)")
        }
        guard !versions.isRemembered else { return }
        CommandOutput.note("the server cannot write its state file: after a restart it does not know of this")
    }
}
