import ArgumentParser
import KindredClient
import KindredSystem
import KindredTerminal

/// `kindred stats`: prints the server's counters.
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
