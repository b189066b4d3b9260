import KindredServer
import Testing

@Suite("Which processors event loops keep to")
struct LoopPlacementTests {
    private let allowed = [2, 3, 5, 8]

    @Test func autoGivesEveryLoopAProcessorWhereTheyAreAsMany() throws {
        #expect(try LoopPlacement.auto.processors(threadCount: 4, allowed: allowed) == allowed)
    }

    @Test(arguments: [1, 3, 5, 1_024])
    func autoLeavesOtherNumbersToTheSystem(threadCount: Int) throws {
        #expect(try LoopPlacement.auto.processors(threadCount: threadCount, allowed: allowed) == nil)
    }

    @Test func onTakesTheFirstProcessors() throws {
        #expect(try LoopPlacement.on.processors(threadCount: 3, allowed: allowed) == [2, 3, 5])
        #expect(try LoopPlacement.on.processors(threadCount: 4, allowed: allowed) == allowed)
        #expect(throws: LoopPlacement.Failure(threadCount: 5, processorCount: 4)) {
            try LoopPlacement.on.processors(threadCount: 5, allowed: allowed)
        }
    }

    @Test func offLeavesAllToTheSystem() throws {
        #expect(try LoopPlacement.off.processors(threadCount: 4, allowed: allowed) == nil)
    }

    @Test func allowedProcessorsAscend() {
        let allowed = LoopPlacement.allowedProcessors
        #expect(!allowed.isEmpty)
        #expect(allowed == allowed.sorted() && Set(allowed).count == allowed.count)
        #expect((1...allowed.count).contains(LoopPlacement.defaultThreadCount))
    }
}
