import KindredDomain
import KindredModel
import KindredQuery
import KindredServer
import KindredWire
import TestSupport
import Testing

/// Which model and version a request asks for, and which generation answers, without decoding the request.
@Suite struct AdmissionTests {
    private static func generation(_ model: String, _ version: UInt64) throws -> Generation {
        let name = ModelName(model)!
        let manifest = Manifest(
            model: name, version: version, created: "2000-01-01T00:00:00Z", metric: .dot, dimension: 2,
            fingerprint: Array(repeating: 1, count: 16), trainingID: nil,
            items: Manifest.Rows(count: 2, idKind: .number), users: nil, files: [])
        let table = try VectorTable(
            side: .items, ids: IDTable(ids: .numbers([1, 2])), dimension: 2, elements: [1, 2, 3, 4],
            metric: .dot)
        let loaded = try LoadedVersion(
            name: name, version: version, directory: "", manifest: manifest, items: table, users: nil,
            catalogPath: nil)
        return try Generation(version: loaded, itemCatalog: nil, userCatalog: nil, release: { _, _ in })
    }

    private static func model(_ generator: inout SeededGenerator) -> ModelName? {
        [nil, "a", "model", "a-model-with-a-long-name-0123456789"].randomElement(using: &generator)!
            .flatMap { ModelName($0) }
    }

    private static func message(_ generator: inout SeededGenerator) -> ClientMessage {
        let model = model(&generator)
        let version = [0, 1, .max, UInt64.random(in: 0...9, using: &generator)]
            .randomElement(using: &generator)!
        let scope = QueryScope(
            model: model, version: version, queries: .items(.numbers([1, 2])), target: .items, similarity: nil
        )
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return .recommend(RecommendRequest(scope: scope, k: 3))
        case 1:
            return .score(ScoreRequest(scope: scope, candidates: RaggedIDs(shared: .numbers([4]))))
        case 2:
            return .vectors(VectorsRequest(model: model, version: version, side: .users, ids: .numbers([7])))
        default:
            var request = LookalikeRequest(size: .count(5))
            request.model = model
            request.version = version
            return .lookalike(request)
        }
    }

    /// The model and version of a decoded request that a model answers.
    private static func decoded(_ message: ClientMessage) -> (model: ModelName?, version: UInt64)? {
        switch message {
        case .recommend(let request): (request.scope.model, request.scope.version)
        case .score(let request): (request.scope.model, request.scope.version)
        case .vectors(let request): (request.model, request.version)
        case .lookalike(let request): (request.model, request.version)
        default: nil
        }
    }

    /// Bodies as clients write them, and bodies with changed bytes: where one decodes, its model and version are those
    /// of the decoded request.
    @Test func requestedModelIsThatOfTheDecodedRequest() throws {
        var generator = SeededGenerator.announced()
        var decodedCount = 0
        for round in 0..<20_000 {
            let message = Self.message(&generator)
            var writer = ByteWriter()
            message.encodeBody(into: &writer)
            var bytes = writer.bytes
            if round % 2 == 1 {
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let index = Int.random(in: bytes.indices, using: &generator)
                    bytes[index] = [0, 1, 8, 255, UInt8.random(in: 0...255, using: &generator)]
                        .randomElement(using: &generator)!
                }
                if Bool.random(using: &generator) {
                    bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
                }
            }
            let type = message.type.rawValue
            let requested = RequestedModel(type: type, body: bytes.span.bytes)
            guard
                let found = try? ClientMessage.decode(type: type, body: bytes.span.bytes, limits: .standard),
                let wanted = Self.decoded(found)
            else { continue }
            decodedCount += 1
            #expect(requested?.version == wanted.version)
            let name = requested?.name.map { String(decoding: bytes[$0], as: UTF8.self) }
            #expect(name == wanted.model?.description, "\(bytes)")
        }
        #expect(decodedCount > 10_000)
    }

    @Test(arguments: [MessageType.hello, .ping, .modelList, .modelLoad, .stats, .health])
    func noModelAnswersOtherTypes(type: MessageType) {
        let body = [UInt8](repeating: 0, count: 64)
        #expect(RequestedModel(type: type.rawValue, body: body.span.bytes) == nil)
    }

    /// The index finds the generations of the table, and none where the table refuses.
    @Test(arguments: [nil, "b", "zz"]) func indexAgreesWithTheTable(defaultModel: String?) throws {
        var models: [ModelName: GenerationTable.Entry] = [:]
        let names = ["b", "ab", "a", "abc", "b-0", "abcdefghijklmnopqrstuvwxyz0123456789", "b0"]
        for name in names {
            models[ModelName(name)!] = GenerationTable.Entry(
                active: try Self.generation(name, 2),
                others: [try Self.generation(name, 1), try Self.generation(name, 3)])
        }
        let table = GenerationTable(models: models, defaultModel: defaultModel.flatMap { ModelName($0) })
        let index = ModelIndex(table)
        for name in names + ["c", "0", "abcd", "b-", "aa"] {
            for version in UInt64(0)...4 {
                let wanted = try? table.generation(model: ModelName(name), version: version)
                let found = Array(name.utf8).withUnsafeBytes { index.generation(model: $0, version: version) }
                #expect(found?.identity == wanted?.identity, "\(name) \(version)")
            }
        }
        for version in UInt64(0)...4 {
            let wanted = try? table.generation(model: nil, version: version)
            let found = index.generation(model: nil, version: version)
            #expect(found?.identity == wanted?.identity, "\(version)")
        }
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(index.generation(model: empty, version: 0) == nil)
        #expect(ModelIndex(GenerationTable()).generation(model: nil, version: 0) == nil)
    }
}
