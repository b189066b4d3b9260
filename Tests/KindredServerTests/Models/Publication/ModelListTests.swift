import Foundation
import KindredClient
import KindredDomain
import KindredServer
import KindredWire
import TestSupport
import Testing

/// The content of MODEL_LIST, and its bounds.
@Suite(.serialized) struct ModelListTests {
    private static func status(_ name: String, versions: Int = 0, columns: [String] = []) -> ModelStatus {
        var status = ModelStatus(name: ModelName(name)!)
        for version in 0..<versions {
            var details = VersionDetails()
            details.dimension = 8
            details.itemColumns = columns
            status.available.append(
                AvailableVersion(version: UInt64(version + 1), state: .onDisk, details: details))
        }
        return status
    }

    private static func decode(_ body: EncodedBody) throws -> ModelListResponse {
        let header = FrameHeader(
            bodyLength: UInt32(body.bytes.count), type: MessageType.modelList.rawValue | MessageType.replyBit,
            flags: .end, requestID: 1, argument: 0)
        guard
            case .modelList(let response) = try ServerReply.decode(
                header: header, body: body.bytes.span.bytes)
        else { throw RequestFailure.draining }
        return response
    }

    @Test func theListOfOneModelAndOfAll() throws {
        let models = [Self.status("a", versions: 2), Self.status("b")]
        let list = ModelList(models, remark: "strange", bodyBytesMax: 1 << 20)
        #expect(try Self.decode(list.reply(nil)) == ModelListResponse(models: models, remark: "strange"))
        #expect(
            try Self.decode(list.reply(ModelName("b")))
                == ModelListResponse(models: [models[1]], remark: "strange"))
        #expect(throws: RequestFailure.unknownModel("c", known: ["a", "b"])) {
            try list.reply(ModelName("c"))
        }
        #expect(list.isAlike(models, remark: "strange"))
        #expect(!list.isAlike(models, remark: "") && !list.isAlike([models[0]], remark: "strange"))
    }

    /// The details of versions are left out first; a list that is still too long is refused, and one model can be
    /// asked for.
    @Test func aListThatDoesNotFitABody() throws {
        let models = (0..<10).map { Self.status("m\($0)", versions: 50, columns: ["a", "long", "column"]) }
        let full = ModelList(models, remark: "", bodyBytesMax: 1 << 20)
        let size = UInt32(try full.reply(nil).bytes.count)
        #expect(try Self.decode(full.reply(nil)).models == models)
        let exact = ModelList(models, remark: "", bodyBytesMax: size)
        #expect(try Self.decode(exact.reply(nil)).models == models)
        let short = ModelList(models, remark: "", bodyBytesMax: size - 8)
        let without = try Self.decode(short.reply(nil)).models
        #expect(without.map { $0.available.map(\.version) } == models.map { $0.available.map(\.version) })
        #expect(without.allSatisfy { $0.available.allSatisfy { $0.details == VersionDetails() } })
        #expect(try Self.decode(short.reply(models[3].name)).models == [models[3]])
        let least = UInt32(try short.reply(nil).bytes.count)
        #expect(
            try Self.decode(ModelList(models, remark: "", bodyBytesMax: least).reply(nil)).models == without)
        let tooShort = ModelList(models, remark: "", bodyBytesMax: least - 8)
        let failure = #expect(throws: RequestFailure.self) { try tooShort.reply(nil) }
        #expect(
            failure == .limitExceeded(.modelListBytes, found: UInt64(least), limit: UInt64(least - 8)))
        #expect(try Self.decode(tooShort.reply(models[3].name)).models == [models[3]])
    }

    /// Versions on disk with their details, and the refusals of requests for those that are not loaded.
    @Test func versionsOnDiskAreListed() async throws {
        let folder = try TemporaryFolder()
        for version in 1...4 { try folder.pack(items: [[Float(version)], [0]], users: [[1]]) }
        // The newest is damaged: the third serves.
        try TemporaryFolder.replace(folder.file("models/sample/4/items.safetensors"), [1, 2, 3])
        let server = try await RunningServer(folder)
        try await server.withClient { (client: KindredClient) async throws in
            let model = try #require(try await client.models(ModelName("sample")).first)
            #expect(model.active == 3)
            #expect(model.versions.map(\.version) == [1, 2, 3, 4])
            #expect(model.versions.map(\.state) == [.onDisk, .onDisk, .loaded, .refused])
            #expect(
                model.versions.map(\.items) == [2, 2, 2, 2] && model.versions.map(\.users) == [1, 1, 1, 1])
            #expect(model.versions.map(\.dimension) == [1, 1, 1, 1])
            await #expect { try await client.models(ModelName("other")) } throws: {
                ($0 as? KindredError)?.name == "UNKNOWN_MODEL"
            }
            await #expect { try await client.rollback() } throws: {
                let error = $0 as? KindredError
                return error?.name == "CONFLICT"
                    && error?.message.hasSuffix(
                        "the next older one is version 2: activate it (on disk: 1, 2, 3, 4)") == true
            }
            var options = RecommendOptions()
            options.call.version = 1
            await #expect { try await client.recommend(.vector([1]), k: 1, options: options) } throws: {
                let error = $0 as? KindredError
                return error?.name == "VERSION_GONE" && error?.detail == 28
                    && error?.message
                        == "version 1 is on disk but not loaded; version 3 serves: begin pages again, "
                        + "or activate version 1 to serve it to all requests"
            }
            options.call.version = 9
            await #expect { try await client.recommend(.vector([1]), k: 1, options: options) } throws: {
                let error = $0 as? KindredError
                return error?.detail == 0
                    && error?.message == "version 9 is not here (on disk: 1, 2, 3, 4); version 3 serves"
            }
            #expect(try await client.activate(version: 1).active == 1)
        }
        await server.stop()
    }

    /// Many refused versions are published in a few lists.
    @Test func refusalsArePublishedTogether() async throws {
        let count = isOptimised ? 2_000 : 400
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        for version in 2...count {
            let directory = folder.file("models/sample/\(version)")
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try TemporaryFolder.create(directory + "/manifest.json", Array("{}".utf8))
        }
        let clock = ContinuousClock()
        let start = clock.now
        let server = try await RunningServer(folder)
        #expect(clock.now - start < .seconds(20))
        try await server.withClient { (client: KindredClient) async throws in
            let model = try await client.models()[0]
            #expect(model.active == 1 && model.refusals.count == min(count - 1, Limits.versionsListedMax))
            // The serving version is always among them.
            #expect(model.versions.count == min(count, Limits.versionsListedMax + 1))
            #expect(try await client.stats()["model_refusals_total"] == UInt64(count - 1))
            // Another look refuses none of them again.
            _ = try await client.load()
            #expect(try await client.stats()["model_refusals_total"] == UInt64(count - 1))
        }
        await server.stop()
    }

    @Test func aRepositoryThatIsAModelIsExplained() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1]])
        for (path, words) in [
            ("models/sample", "folder of one model"), ("models/sample/1", "folder of one version"),
        ] {
            let server = try await RunningServer(folder) { $0.modelsRoot = folder.file(path) }
            try await server.withClient { (client: KindredClient) async throws in
                let repository = try await client.repository()
                #expect(repository.remark.contains(words), "\(repository.remark)")
                #expect(repository.models.allSatisfy { $0.active == 0 && !$0.remark.isEmpty })
            }
            await server.stop()
        }
    }
}
