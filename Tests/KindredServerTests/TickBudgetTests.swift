import KindredServer
import Testing

@Suite struct TickBudgetTests {
    @Test func framesAreLimited() {
        var budget = TickBudget()
        for number in 0..<TickBudget.framesMax {
            #expect(budget.hasRoom)
            let isTaken = budget.take(byteCount: 1)
            #expect(isTaken, "\(number)")
        }
        #expect(!budget.hasRoom)
        let isTaken = budget.take(byteCount: 0)
        #expect(!isTaken)
        budget.renew()
        #expect(budget.hasRoom)
    }

    /// The frame that exceeds what is left is the tick's last, however long it is.
    @Test(arguments: [0, 1, 4 << 20]) func bytesAreLimited(beyond: Int) {
        var budget = TickBudget()
        let first = budget.take(byteCount: TickBudget.byteCountMax - 1)
        #expect(first && budget.hasRoom)
        let last = budget.take(byteCount: 1 + beyond)
        #expect(last && !budget.hasRoom)
        let after = budget.take(byteCount: 0)
        #expect(!after)
    }
}
