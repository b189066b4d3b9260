import KindredServer
import Testing

@Suite struct PlanningBacklogTests {
    @Test func waitIsThatOfTheWaitingSteps() {
        var planning = PlanningBacklog()
        planning.add(stepCount: 10, operationCount: 7)
        #expect(planning.wait(share: 1) == 0)
        planning.note(nanoseconds: 50)
        #expect(planning.wait(share: 1) == 500 && planning.wait(share: 0.25) == 2_000)
        planning.remove(stepCount: 10, operationCount: 7)
        #expect(planning.wait(share: 1) == 0 && planning.operationCount == 0)
    }

    /// Later steps count more than earlier ones, and no wait overflows.
    @Test func laterStepsCountMore() {
        var planning = PlanningBacklog()
        planning.add(stepCount: 1, operationCount: 0)
        planning.note(nanoseconds: 1_000)
        for _ in 0..<200 { planning.note(nanoseconds: 3_000) }
        #expect((2_990...3_000).contains(planning.wait(share: 1)))
        planning.add(stepCount: 1 << 40, operationCount: 0)
        planning.note(nanoseconds: .max)
        #expect(planning.wait(share: 0.25) == 1 << 62)
    }
}
