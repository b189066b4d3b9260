import Foundation
import KindredClient
import KindredDomain
import KindredModel
import KindredTerminal

/// The server under load: a running one, or one that the bench starts.
final class LoadTarget: Sendable {
    /// Versions of a drawn model for swaps. A server keeps two in memory, so that with three each swap loads one.
    private static let drawnVersions = 3

    let endpoint: Endpoint
    /// The served folder; nil where unknown.
    let models: String?
    /// Nil for a server that the bench did not start.
    let serverProcessID: Int32?
    /// The model to ask; nil where the server has none, which suffices for PING.
    let model: ModelDescription?
    let ids: ServedIDs

    // Used once, by the task that stops the server.
    private nonisolated(unsafe) let server: ServerProcess?
    private let scratch: ScratchFolder?

    /// Starts the server where the options ask for one, and reads the ids for the requests.
    ///
    /// `isSwapping`: only ids that all versions have are used.
    init(_ options: LoadTargetOptions, scenario: Scenario, isSwapping: Bool) async throws {
        let progress = ProgressLine()
        defer { progress.clear() }
        if let binary = options.kindred {
            let scratch = try ScratchFolder()
            self.scratch = scratch
            if let rows = options.rows {
                progress.show("drawing and packing \(rows.groupedDigits) x \(options.dimension)")
                let team = ThreadTeam(count: Machine.current.coreCount)
                let drawn = try DrawnModel(
                    options.data, rows: rows, dimension: options.dimension, shipped: options.shipped,
                    team: team)
                try drawn.publish(
                    versions: isSwapping ? Self.drawnVersions : 1, in: scratch,
                    hasAttributes: scenario.hasRules)
            }
            models = options.models ?? scratch.models
            progress.show("starting the server")
            let threads = options.threads.map { ["--threads", "\($0)"] } ?? []
            let model = options.model.map { ["--default-model", $0] } ?? []
            let server = try ServerProcess(
                binary: binary, scratch: scratch, models: options.models,
                answerCacheMebibytes: options.answerCacheMib ?? 0, options: threads + model)
            self.server = server
            endpoint = server.endpoint
            serverProcessID = server.memory.processID
        } else {
            guard let text = options.endpoint, let endpoint = Endpoint(text) else {
                throw LoadFailure.portUnknown(options.endpoint ?? "")
            }
            self.endpoint = endpoint
            models = options.models
            server = nil
            scratch = nil
            serverProcessID = nil
        }
        let needsIDs = scenario.parts.contains { !$0.form.sides.isEmpty }
        let client = KindredClient(endpoint)
        let served = try await client.models()
        await client.close()
        let model = served.first { options.model.map($0.name.description.elementsEqual) ?? $0.isDefault }
        guard let model else {
            guard !needsIDs else {
                throw LoadFailure.modelMissing(asked: options.model, served: served.map(\.name.description))
            }
            self.model = nil
            ids = ServedIDs()
            return
        }
        self.model = model
        progress.show("reading ids")
        if !needsIDs {
            ids = ServedIDs()
        } else if !options.idsFile.isEmpty {
            ids = try ServedIDs(files: options.idsFile, of: model)
        } else if let models {
            let versions = isSwapping ? try Repository(root: models).versions(of: model.name) : [model.active]
            ids = try ServedIDs(models: models, model: model.name, versions: versions)
        } else {
            ids = ServedIDs()
        }
    }

    /// The versions to swap between, ascending. Throws for fewer than two.
    func versions() throws -> [UInt64] {
        guard let model else { throw LoadFailure.modelMissing(asked: nil, served: []) }
        let found = try models.map { try Repository(root: $0).versions(of: model.name) } ?? []
        guard found.count > 1 else {
            throw LoadFailure.tooFewVersions(
                model: model.name.description, models: models ?? "(not given)", found: found)
        }
        return found
    }

    /// The server's counter of cached answers; nil where it has none.
    func repeatedCount() async throws -> UInt64? {
        let client = KindredClient(endpoint)
        let stats = try await client.stats()
        await client.close()
        return stats["requests_repeated_total"]
    }

    /// Stops a server that the bench started. Throws unless it exits with 0.
    func stop() throws { try server?.stop() }
}

/// Counts requests that the server answers from its cache, for all clients, from creation on.
struct CacheHitCounter {
    private let target: LoadTarget
    private let before: UInt64?

    init(_ target: LoadTarget) async throws {
        self.target = target
        before = try await target.repeatedCount()
    }

    /// The count; nil where the server has no such counter.
    func count() async throws -> Int? {
        guard let before, let after = try await target.repeatedCount() else { return nil }
        return Int(truncatingIfNeeded: after &- before)
    }

    /// The line of a report; none where every answer was computed.
    static func lines(_ count: Int?) -> [String] {
        guard let count, count > 0 else { return [] }
        return ["repeated   \(count.groupedDigits) requests were answered with kept answers"]
    }
}
