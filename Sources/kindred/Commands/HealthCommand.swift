import ArgumentParser
import KindredClient
import KindredSystem
import KindredTerminal

/// `kindred health`: whether a model serves, as a word and as an exit status.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Whether the server is ready for queries.",
        discussion: """
            Exit status: 0 where a model serves, 2 where none is ready, 3 where the server answers that it is \
            shutting down, 4 where it gives no answer. A server that is shutting down takes no new connections: who \
            asks it then gets no answer. 'kindred models' says why a model is not ready.
            """)

    @OptionGroup var server: ServerOptions

    /// The result of asking the server.
    private enum Finding {
        case answered(Health)
        case noAnswer(KindredError)
        /// No answer came in time.
        case late(limit: String)

        var status: Int32 {
            switch self {
            case .answered(let health):
                switch health.state {
                case .serving: 0
                case .notReady: 2
                case .draining: 3
                }
            case .noAnswer(let error): error.name == "DRAINING" ? 3 : 4
            case .late: 4
            }
        }

        var name: String { ["serving", "", "not_ready", "draining", "unreachable"][Int(status)] }

        /// The reason for a missing answer; empty where there is an answer.
        var reason: String {
            switch self {
            case .answered: ""
            case .noAnswer(let error): "\(error)"
            case .late(let limit): "no answer within \(limit) s"
            }
        }
    }

    func run() async throws {
        let finding: Finding
        do {
            finding = try await server.withSession { session in
                do throws(KindredError) {
                    return .answered(try await session.client.health())
                } catch {
                    // The timeout either closes the client or ends the call.
                    let isLate = await session.timeout.isOver || error.name == "DEADLINE_EXCEEDED"
                    let limit = (server.timeout == nil ? "" : "--timeout ") + server.seconds.shortened
                    return isLate ? .late(limit: limit) : .noAnswer(error)
                }
            }
        }
        try CommandOutput.result(server.json ? JSONWriter.compact(.object(members(finding))) : text(finding))
        if finding.status != 0 { throw ExitCode(finding.status) }
    }

    private func members(_ finding: Finding) -> [JSONMember] {
        let state = JSONMember("state", .string(finding.name))
        switch finding {
        case .answered(let health): return [state, JSONMember("models_ready", .integer(health.modelsReady))]
        case .noAnswer, .late: return [state, JSONMember("reason", .string(finding.reason))]
        }
    }

    private func text(_ finding: Finding) -> String {
        let name = finding.name.replacing("_", with: " ")
        switch finding {
        case .answered(let health):
            let models = health.modelsReady == 1 ? "1 model" : "\(health.modelsReady) models"
            return "\(name): \(models) ready on \(server.server)"
        case .noAnswer, .late:
            return "\(name): \(server.server): \(VisibleText.escaped(finding.reason))"
        }
    }
}
