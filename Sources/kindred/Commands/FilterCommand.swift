import ArgumentParser
import KindredClient
import KindredDomain
import KindredModel
import KindredSystem
import KindredTerminal

/// `kindred filter`: how many rows pass a filter.
struct FilterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filter", abstract: "How many items or users pass a filter.",
        discussion: """
            The filter is an expression in SQLite's language over the model's catalog: a row passes where \
            SELECT id FROM items WHERE ... returns it. 'kindred models' lists the columns.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var model: ModelOptions
    @OptionGroup var filter: FilterOptions
    @Option(help: "Filter items or users.")
    var over = SideOption.items

    func validate() throws {
        try filter.checkSingle()
        guard !filter.filter.isEmpty else {
            throw ValidationError("--where: give a filter, such as \"price < 5\"")
        }
    }

    func run() async throws {
        let call = try model.call
        try filter.remark()
        guard let asked = try filter.whole else { return }
        let count = try await server.withSession(about: .query(call.model)) {
            try await $0.client.count(of: over.side, where: asked, options: call)
        }
        if server.json {
            let object = JSONValue.object([
                JSONMember("model", .string(count.model.description)),
                JSONMember("version", .integer(count.version)),
                JSONMember("over", .string(over.side.description)),
                JSONMember("passing", .integer(count.passing)),
                JSONMember("rows", .integer(count.rows)), JSONMember("kept", .bool(count.isKept)),
                JSONMember("ms", .real(count.time.inMilliseconds)),
            ])
            return try CommandOutput.result(JSONWriter.compact(object))
        }
        let time = count.isKept ? "kept from before" : "\(count.time.formattedMilliseconds) ms"
        let share =
            count.rows == 0 ? 0 : (10_000 * Double(count.passing) / Double(count.rows)).rounded() / 100
        try CommandOutput.result(
            "\(count.passing.groupedDigits) of \(count.rows.groupedDigits) \(over.side) pass "
                + "(\(share.shortened) %)  model \(count.model)  version \(count.version)  \(time)")
    }
}
