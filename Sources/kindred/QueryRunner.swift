import ArgumentParser
import KindredClient
import KindredDomain

/// Sends queries in batches and prints their answers in order.
struct QueryRunner {
    let server: ServerOptions
    var options: RecommendOptions
    /// Names separated by commas; nil: the catalog's first column for people, none for programs.
    let columns: String?
    let k: Int

    /// Fewer than a request may have, so that long lists and long vectors fit too.
    private static let queriesPerRequest = 500

    private var batchSize: Int {
        min(Self.queriesPerRequest, max(1, Int(Limits.standard.resultsPerRequestMax) / k))
    }

    func run(_ queries: [(text: String, query: Query)]) async throws {
        let isComplete = try await server.withClient { client in
            var options = options
            options.columns = try await chosenColumns(client)
            let printer = QueryPrinter(json: server.json, target: options.target, columns: options.columns)
            var isComplete = true
            var rest = queries[...]
            while !rest.isEmpty {
                let batch = rest.prefix(batchSize)
                rest = rest.dropFirst(batchSize)
                let answers = try await client.recommendBatch(batch.map(\.query), k: k, options: options)
                for (query, answer) in zip(batch, answers) {
                    switch answer {
                    case .success(let found): printer.show(query.text, found)
                    case .failure(let error):
                        isComplete = false
                        printer.show(query.text, error)
                    }
                }
            }
            return isComplete
        }
        if !isComplete { throw ExitCode(1) }
    }

    private func chosenColumns(_ client: KindredClient) async throws -> [String] {
        if let columns { return columns.split(separator: ",").map(String.init) }
        if server.json { return [] }
        let models = try await client.models()
        let model = models.first { options.call.model == nil ? $0.isDefault : $0.name == options.call.model }
        let names = options.target == .items ? model?.itemColumns : model?.userColumns
        return Array((names ?? []).prefix(1))
    }
}

/// A basket as text: `ID[:WEIGHT],...`.
enum BasketText {
    static let option: @Sendable (String) -> ParsedValue<[BasketMember]> = { ParsedValue($0, members) }

    private static func members(_ text: String) throws(ValidationError) -> [BasketMember] {
        var members: [BasketMember] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            members.append(try member(part))
        }
        return members
    }

    private static func member(_ part: Substring) throws(ValidationError) -> BasketMember {
        // The last colon separates the weight; an id may have others.
        guard let colon = part.lastIndex(of: ":") else { return BasketMember(ExternalID(String(part))) }
        let digits = part[part.index(after: colon)...]
        guard let weight = Float(digits), colon > part.startIndex else {
            throw ValidationError("--basket: '\(part)' is no ID[:WEIGHT], such as 22423:2.5")
        }
        return BasketMember(ExternalID(String(part[..<colon])), weight: weight)
    }
}
