import KindredServer
import Testing

/// The memory that connections hold, and which of them are cut off.
@Suite struct ConnectionMemoryTests {
    @Test func peersThatHaveOwedLongestAreEvictedFirst() {
        let candidates = [(3, 50), (1, 10), (2, 100)].enumerated().map { index, entry in
            Eviction.Candidate(index: index, byteCount: entry.1, since: UInt64(entry.0))
        }
        #expect(Eviction.choose(candidates, freeing: 0).isEmpty)
        #expect(Eviction.choose(candidates, freeing: 10).map(\.index) == [1])
        #expect(Eviction.choose(candidates, freeing: 11).map(\.index) == [1, 2])
        #expect(Eviction.choose(candidates, freeing: 1_000).map(\.index) == [1, 2, 0])
    }

    @Test func onlyTheExcessIsFreed() {
        let budget = ConnectionMemoryBudget(byteCountMax: 800)
        budget.change(by: 800)
        #expect(budget.excess() == 0 && budget.wantedExcess() == 0)
        #expect(budget.excess(with: 1) == 1 && budget.wantedExcess(with: 1) == 101)
        budget.change(by: -800)
        #expect(budget.byteCount == 0 && budget.excess(with: 800) == 0)
    }

    @Test func bytesAreTakenOnlyWhereTheyHaveRoom() {
        let budget = ConnectionMemoryBudget(byteCountMax: 800)
        #expect(budget.tryTake(300, needing: 300))
        #expect(!budget.tryTake(501, needing: 501) && budget.byteCount == 300)
        // A request that needs more than there is takes it where half is free.
        #expect(budget.tryTake(2_000, needing: 400) && budget.byteCount == 2_300)
        #expect(!budget.tryTake(1, needing: 1))
    }

    /// A connection counts once it holds more than every connection does, and gives back all that it counted.
    @Test func smallHoldingsDoNotCount() {
        var memory = ConnectionMemory()
        memory.inputByteCount = 4 << 10
        #expect(memory.count() == 0)
        memory.outputByteCount = 1
        #expect(memory.count() == 4_097)
        memory.takeWork(1_000)
        #expect(memory.count() == 0 && memory.counted == 5_097 && memory.byteCountOfPeer == 4_097)
        memory = ConnectionMemory(counted: memory.counted)
        #expect(memory.count() == -5_097 && memory.counted == 0)
    }
}
