import Foundation
import KindredClient
import KindredDomain
import KindredModel
import KindredServer
import TestSupport
import Testing

/// Versions take over, are refused, are chosen, and survive a restart.
@Suite(.serialized) struct HotSwapTests {
    /// Version v scores every item v x 100 + row for the query [1].
    private static func rows(version: Int) -> [[Float]] { (0..<50).map { [Float(version * 100 + $0)] } }

    private static func best(_ client: KindredClient, version: UInt64 = 0) async throws -> (
        version: UInt64, score: Float
    ) {
        var options = RecommendOptions()
        options.call.version = version
        let answer = try await client.recommend(.vector([1]), k: 1, options: options)
        return (answer.version, answer.results[0].score)
    }

    /// Has the repository looked at, and returns once every version that this finds is loaded or refused.
    private static func look(_ client: KindredClient) async throws { _ = try await client.load() }

    /// The server looks at the repository without a request.
    @Test(.timeLimit(.minutes(1))) func aNewVersionIsFound() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: Self.rows(version: 1))
        let events = LogEvents()
        let server = try await RunningServer(folder, logger: events.logger)
        try await server.withClient { (client: KindredClient) async throws in
            try folder.pack(items: Self.rows(version: 2))
            await events.wait(for: "version serves", ["version": "2"])
            // The line is written before the event loops know the version; a look is answered after that.
            try await Self.look(client)
            #expect(try await Self.best(client) == (2, 249))
        }
        await server.stop()
    }

    @Test func aNewVersionTakesOverAndThePreviousStays() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: Self.rows(version: 1))
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            #expect(try await Self.best(client) == (1, 149))
            try folder.pack(items: Self.rows(version: 2))
            try await Self.look(client)
            #expect(try await Self.best(client) == (2, 249))
            #expect(try await Self.best(client, version: 1) == (1, 149))
            try folder.pack(items: Self.rows(version: 3))
            try await Self.look(client)
            let status = try await client.models()[0]
            #expect(status.previous == 2)
            #expect(status.loaded == [2, 3])
            await #expect { try await Self.best(client, version: 1) } throws: {
                ($0 as? KindredError)?.name == "VERSION_GONE"
            }
        }
        await server.stop()
    }

    @Test func choicesSurviveARestart() async throws {
        let folder = try TemporaryFolder()
        for version in 1...3 { try folder.pack(items: Self.rows(version: version)) }
        let first = try await RunningServer(folder)
        try await first.withClient { (client: KindredClient) async throws in
            #expect(try await Self.best(client).version == 3)
            let activated = try await client.activate(version: 1)
            #expect(activated.active == 1)
            #expect(activated.pinned == 1)
            #expect(activated.previous == 3)
            // A newer version is loaded and does not take over.
            try folder.pack(items: Self.rows(version: 4))
            try await Self.look(client)
            #expect(try await client.models()[0].loaded == [1, 3, 4])
            #expect(try await Self.best(client).version == 1)
        }
        await first.stop()

        let second = try await RunningServer(folder)
        try await second.withClient { (client: KindredClient) async throws in
            #expect(try await Self.best(client) == (1, 149))
            await #expect { try await client.rollback(expectedActive: 2) } throws: {
                ($0 as? KindredError)?.name == "CONFLICT"
            }
            #expect(try await client.rollback(expectedActive: 1).active == 3)
        }
        await second.stop()

        let third = try await RunningServer(folder)
        try await third.withClient { (client: KindredClient) async throws in
            #expect(try await Self.best(client).version == 3)
            #expect(try await client.models()[0].pinned == 3)
            #expect(try await client.activate(version: nil).active == 4)
            #expect(try await client.models()[0].pinned == 0)
        }
        await third.stop()
    }

    /// Writes other bytes into a file without a trace: its size, inode and modification time stay the same.
    private static func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        let files = FileManager.default
        try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
        try files.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)], ofItemAtPath: path)
    }

    @Test(.timeLimit(.minutes(1))) func aPinOutlivesADamagedVersion() async throws {
        let folder = try TemporaryFolder()
        for version in 1...2 { try folder.pack(items: Self.rows(version: version)) }
        let first = try await RunningServer(folder)
        try await first.withClient { (client: KindredClient) async throws in
            #expect(try await client.activate(version: 1).pinned == 1)
        }
        await first.stop()

        let path = folder.file("models/sample/1/items.safetensors")
        let whole = try TemporaryFolder.bytes(path)
        var damaged = whole
        damaged[damaged.count - 1] ^= 1
        try Self.overwrite(path, damaged)
        let second = try await RunningServer(folder)
        try await second.withClient { (client: KindredClient) async throws in
            #expect(try await Self.best(client) == (2, 249))
            let status = try await client.models()[0]
            #expect(status.active == 2)
            #expect(status.pinned == 1)
            #expect(status.refusals.map(\.version) == [1])
            // The previous version stands in; a newer one is loaded and does not serve.
            try folder.pack(items: Self.rows(version: 3))
            try await Self.look(client)
            #expect(try await client.models()[0].loaded == [2, 3])
            #expect(try await Self.best(client) == (2, 249))
            #expect(try await client.models()[0].pinned == 1)
        }
        await second.stop()
        // A version that stands in is no choice.
        let remembered = try ServerStateStore(path: folder.file("state/state.sqlite")).load()
        #expect(remembered[ModelName("sample")!] == ServedVersions(active: 1, previous: 2, pinned: 1))

        let events = LogEvents()
        let third = try await RunningServer(folder, logger: events.logger)
        try await third.withClient { (client: KindredClient) async throws in
            #expect(try await Self.best(client).version == 2)
            try Self.overwrite(path, whole)
            await events.wait(for: "version serves", ["version": "1"])
            try await Self.look(client)
            #expect(try await Self.best(client) == (1, 149))
            let status = try await client.models()[0]
            #expect(status.pinned == 1)
            #expect(status.previous == 2)
            #expect(status.refusals.isEmpty)
        }
        await third.stop()

        let fourth = try await RunningServer(folder)
        try await fourth.withClient { (client: KindredClient) async throws in
            #expect(try await Self.best(client) == (1, 149))
            #expect(try await client.models()[0].pinned == 1)
        }
        await fourth.stop()
    }

    /// `activate` without a version ends a pin whose version cannot be loaded, also over a restart.
    @Test func aPinOfADamagedVersionCanBeEnded() async throws {
        let folder = try TemporaryFolder()
        for version in 1...2 { try folder.pack(items: Self.rows(version: version)) }
        let first = try await RunningServer(folder)
        try await first.withClient { (client: KindredClient) async throws in
            #expect(try await client.activate(version: 1).pinned == 1)
        }
        await first.stop()
        let path = folder.file("models/sample/1/items.safetensors")
        var damaged = try TemporaryFolder.bytes(path)
        damaged[damaged.count - 1] ^= 1
        try Self.overwrite(path, damaged)
        let second = try await RunningServer(folder)
        try await second.withClient { (client: KindredClient) async throws in
            #expect(try await Self.best(client) == (2, 249))
            let latest = try await client.activate(version: nil)
            #expect(latest.active == 2)
            #expect(latest.pinned == 0)
        }
        await second.stop()
        let remembered = try ServerStateStore(path: folder.file("state/state.sqlite")).load()
        #expect(remembered[ModelName("sample")!]?.active == 2)
        #expect(remembered[ModelName("sample")!]?.pinned == nil)
    }

    /// Each choice is logged with what it changes, also where the same version serves; one that changes nothing is not.
    @Test func choicesAreLogged() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: Self.rows(version: 1))
        let events = LogEvents()
        let server = try await RunningServer(folder, logger: events.logger)
        func fields(_ message: String) -> [[String: String]] {
            events.lines(message).map { line in
                line.metadata.filter {
                    ["version", "replaced", "pinned_version", "pinned_before"].contains($0.key)
                }
            }
        }
        try await server.withClient { (client: KindredClient) async throws in
            try folder.pack(items: Self.rows(version: 2))
            try await Self.look(client)
            let start = fields("version serves").count
            _ = try await client.activate(version: 2)
            _ = try await client.activate(version: 2)
            _ = try await client.rollback()
            _ = try await client.activate(version: nil)
            _ = try await client.activate(version: 2)
            _ = try await client.activate(version: nil)
            _ = try await client.activate(version: nil)
            #expect(
                fields("version pinned") == [
                    ["version": "2", "pinned_version": "2", "pinned_before": "0"],
                    ["version": "2", "pinned_version": "2", "pinned_before": "0"],
                ])
            #expect(
                Array(fields("version serves").dropFirst(start)) == [
                    ["version": "1", "replaced": "2", "pinned_version": "1", "pinned_before": "2"],
                    ["version": "2", "replaced": "1", "pinned_version": "0", "pinned_before": "1"],
                ])
            #expect(
                fields("pin ended, newer versions take over") == [
                    ["version": "2", "pinned_version": "0", "pinned_before": "2"]
                ])
            #expect(events.lines("version pinned").allSatisfy { $0.metadata["model"] == "sample" })
        }
        await server.stop()
    }

    @Test func aVersionThatDoesNotExistIsRefused() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: Self.rows(version: 1))
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            await #expect { try await client.activate(version: 99) } throws: {
                let error = $0 as? KindredError
                return error?.name == "VERSION_GONE" && error?.value == 99 && error?.limit == 1
            }
            await #expect { try await client.load(version: 99) } throws: {
                ($0 as? KindredError)?.name == "VERSION_GONE"
            }
            let status = try await client.models()[0]
            #expect(status.active == 1)
            #expect(status.pinned == 0)
            #expect(status.refusals.isEmpty)
        }
        await server.stop()
    }

    @Test func replacedFilesAreNoticedAndDoNotServe() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: Self.rows(version: 1))
        let elsewhere = try TemporaryFolder()
        let replacement = try elsewhere.pack(items: Self.rows(version: 7))
        let directory = folder.file("models/sample/1")
        let files = FileManager.default
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            #expect(try await Self.best(client) == (1, 149))
            try files.moveItem(atPath: directory, toPath: folder.file("aside"))
            try files.moveItem(atPath: replacement, toPath: directory)
            try await Self.look(client)
            let status = try await client.models()[0]
            #expect(status.active == 1)
            #expect(status.refusals.map(\.version) == [1])
            #expect(status.refusals.first?.reason.contains("publish a new version") == true)
            #expect(try await Self.best(client) == (1, 149))
            // The files that were loaded are back.
            try files.moveItem(atPath: directory, toPath: replacement)
            try files.moveItem(atPath: folder.file("aside"), toPath: directory)
            try await Self.look(client)
            #expect(try await client.models()[0].refusals.isEmpty)
            #expect(try await Self.best(client) == (1, 149))
        }
        await server.stop()
    }

    @Test func aDamagedVersionChangesNothing() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: Self.rows(version: 1))
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            let directory = try folder.pack("other", items: Self.rows(version: 2))
            // A version whose manifest is that of another model.
            try FileManager.default.copyItem(atPath: directory, toPath: folder.file("models/sample/2"))
            _ = try await client.load(model: ModelName("sample"))
            let sample = try await client.models().first { $0.name == ModelName("sample") }!
            #expect(sample.active == 1)
            #expect(sample.refusals.map(\.version) == [2])
            #expect(sample.refusals[0].reason.contains("other"))
            var options = RecommendOptions()
            options.call.model = ModelName("sample")
            #expect(try await client.recommend(.vector([1]), k: 1, options: options).results[0].score == 149)
            await #expect { try await client.activate(model: ModelName("sample"), version: 2) } throws: {
                ($0 as? KindredError)?.name == "MODEL_CORRUPT"
            }
            // A good version after a bad one takes over.
            try folder.pack("sample", items: Self.rows(version: 3))
            _ = try await client.load(model: ModelName("sample"))
            #expect(try await client.recommend(.vector([1]), k: 1, options: options).results[0].score == 349)
        }
        await server.stop()
    }

    /// Requests without pause over a series of versions: none fails, none mixes two versions.
    @Test func noRequestFailsDuringSwaps() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: Self.rows(version: 1))
        let server = try await RunningServer(folder)
        let versions = isOptimised ? 30 : 8
        let answered = try await server.withClient(connections: 4) { client in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var count = 0
                        while !Task.isCancelled {
                            let best = try await Self.best(client)
                            #expect(best.score == Float(best.version * 100 + 49))
                            count += 1
                            if best.version == UInt64(versions) { break }
                        }
                        return count
                    }
                }
                for version in 2...versions {
                    try folder.pack(items: Self.rows(version: version))
                    try await Self.look(client)
                }
                return try await group.reduce(0, +)
            }
        }
        #expect(answered > versions)
        await server.stop()
    }
}
