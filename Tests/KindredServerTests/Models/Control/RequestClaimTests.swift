import KindredServer
import Synchronization
import Testing

@Suite struct RequestClaimTests {
    @Test func theFirstOfBothSidesWins() {
        let done = RequestClaim(deadline: 100, timeoutMilliseconds: 5)
        #expect(done.isOpen(now: 100) && done.take(now: 100))
        #expect(!done.giveUp() && !done.isOpen(now: 0) && !done.take(now: 0))
        let failed = RequestClaim(deadline: 100, timeoutMilliseconds: 5)
        #expect(failed.giveUp() && failed.giveUp())
        #expect(!failed.isOpen(now: 0) && !failed.take(now: 0))
    }

    @Test func noSwitchIsMadeAfterTheDeadline() {
        let claim = RequestClaim(deadline: 100, timeoutMilliseconds: 5)
        #expect(!claim.isOpen(now: 101) && !claim.take(now: 101))
        // Nor with an earlier time after that.
        #expect(!claim.take(now: 99) && claim.giveUp())
        #expect(claim.lateness == .deadlineExceeded(milliseconds: 5))
    }

    /// Two threads that race for a claim never both win, and never both lose.
    @Test func oneOfTwoThreadsWins() async {
        for _ in 0..<2_000 {
            let claim = RequestClaim(deadline: 1, timeoutMilliseconds: 1)
            async let taken = Task.detached { claim.take(now: 0) }.value
            async let givenUp = Task.detached { claim.giveUp() }.value
            let (isTaken, isGivenUp) = await (taken, givenUp)
            #expect(isTaken != isGivenUp)
        }
    }
}
