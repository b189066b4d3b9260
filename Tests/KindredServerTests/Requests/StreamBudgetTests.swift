import KindredDomain
import KindredServer
import Testing

/// The bounds on open streams and on the memory that is reserved for them.
@Suite struct StreamBudgetTests {
    private static let limits: Limits = {
        var limits = Limits.standard
        limits.streamsMax = 3
        limits.streamBytesHeldMax = 1_000
        return limits
    }()

    private func check(_ budget: StreamBudget, holds count: Int, _ byteCount: UInt64) {
        #expect(budget.held == (count, byteCount))
    }

    @Test func streamsAreCounted() {
        let budget = StreamBudget()
        for _ in 0..<3 { #expect(budget.reserve(0, limits: Self.limits)) }
        #expect(!budget.reserve(0, limits: Self.limits))
        check(budget, holds: 3, 0)
        budget.release(0)
        #expect(budget.reserve(0, limits: Self.limits))
        check(budget, holds: 3, 0)
    }

    @Test func bytesAreCounted() {
        for (more, fits) in [(599, true), (600, true), (601, false)] as [(UInt64, Bool)] {
            let budget = StreamBudget()
            #expect(budget.reserve(400, limits: Self.limits))
            #expect(budget.reserve(more, limits: Self.limits) == fits)
            check(budget, holds: fits ? 2 : 1, fits ? 400 + more : 400)
            budget.release(400)
            check(budget, holds: fits ? 1 : 0, fits ? more : 0)
        }
    }

    @Test func streamsGrowWhileThereIsRoom() {
        for (more, fits) in [(499, true), (500, true), (501, false)] as [(UInt64, Bool)] {
            let budget = StreamBudget()
            for bytes in [200, 300] as [UInt64] { #expect(budget.reserve(bytes, limits: Self.limits)) }
            #expect(budget.extend(by: more, limits: Self.limits) == fits)
            check(budget, holds: 2, fits ? 500 + more : 500)
        }
    }

    /// A single stream may exceed the limit, so a model whose look-alikes do is served one at a time.
    @Test func onlyStreamAlwaysHasRoom() {
        let budget = StreamBudget()
        #expect(budget.reserve(5_000, limits: Self.limits))
        #expect(budget.extend(by: 5_000, limits: Self.limits))
        check(budget, holds: 1, 10_000)
        #expect(!budget.reserve(0, limits: Self.limits))
        budget.release(10_000)
        check(budget, holds: 0, 0)
        #expect(budget.reserve(1_001, limits: Self.limits))
        budget.release(1_001)
        // The last stream that is left has room, too.
        for _ in 0..<2 { #expect(budget.reserve(500, limits: Self.limits)) }
        #expect(!budget.extend(by: 1, limits: Self.limits))
        budget.release(500)
        #expect(budget.extend(by: 501, limits: Self.limits))
        check(budget, holds: 1, 1_001)
    }
}
