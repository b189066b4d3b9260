import KindredServer
import Testing

@Suite struct PublicationPaceTests {
    @Test func nothingIsPublishedWithoutAChange() {
        var pace = PublicationPace()
        #expect(pace.dueAt == nil)
        pace.note()
        #expect(pace.dueAt == 0)
        pace.published(from: 1_000, to: 2_000)
        #expect(pace.dueAt == nil)
    }

    /// At least 50 ms after the last publication, and ten times as long as that took.
    @Test(
        arguments: [
            (1_000, 2_000, 50_002_000), (0, 5_000_000, 55_000_000), (0, 5_000_001, 55_000_011),
        ] as [(UInt64, UInt64, UInt64)]) func aSlowPublicationIsRepeatedLater(
            start: UInt64, end: UInt64, due: UInt64
        )
    {
        var pace = PublicationPace()
        pace.published(from: start, to: end)
        pace.note()
        #expect(pace.dueAt == due)
    }
}
