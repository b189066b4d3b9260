import KindredDomain
import KindredServer
import Testing

@Suite struct ServedModelsTests {
    private static let shop = ModelName("shop")!
    private static let other = ModelName("other")!

    @Test func withoutModelsNothingIsReady() {
        var models = ServedModels()
        #expect(throws: RequestFailure.noModelReady) { try models.resolve(nil) }
        #expect(throws: RequestFailure.unknownModel("shop")) { try models.resolve(Self.shop) }
    }

    @Test func aRequestWithoutANameHasTheDefaultModel() throws {
        var models = ServedModels(defaultModel: Self.shop)
        #expect(models.missingDefault == Self.shop)
        #expect(throws: RequestFailure.unknownModel("shop")) { try models.resolve(nil) }
        models[Self.shop] = ServedModel(name: Self.shop, remembered: nil)
        #expect(try models.resolve(nil) == Self.shop && models.missingDefault == nil)
    }

    /// The names in a refusal follow the set of models.
    @Test func aRefusalNamesTheModels() {
        var models = ServedModels()
        models[Self.shop] = ServedModel(name: Self.shop, remembered: nil)
        #expect(throws: RequestFailure.unknownModel("other", known: ["shop"])) {
            try models.resolve(Self.other)
        }
        #expect(throws: RequestFailure.unknownModel("", known: ["shop"])) { try models.resolve(nil) }
        models[Self.other] = ServedModel(name: Self.other, remembered: nil)
        #expect(models.unknown(Self.shop) == .unknownModel("shop", known: ["other", "shop"]))
        models[Self.shop] = nil
        #expect(models.unknown(Self.shop) == .unknownModel("shop", known: ["other"]))
        #expect(models.sorted.map(\.name) == [Self.other])
    }

    /// A model without a version that serves is in the table as not ready.
    @Test func theTableOfEventLoops() {
        var models = ServedModels(defaultModel: Self.shop)
        models[Self.shop] = ServedModel(name: Self.shop, remembered: nil)
        #expect(models.table.models.isEmpty && models.table.unready == [Self.shop])
        #expect(models.table.defaultModel == Self.shop && models.onlyServing == nil)
    }
}
