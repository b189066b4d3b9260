import KindredServer
import Testing

@Suite struct PublicationPaceTests {
    @Test func whatTakesLongIsDoneSeldom() {
        var pace = PublicationPace()
        #expect(pace.next == 0)
        pace.published(from: 1_000, to: 2_000)
        #expect(pace.next == 50_002_000)
        pace.published(from: 0, to: 5_000_000)
        #expect(pace.next == 55_000_000)
        pace.published(from: 0, to: 5_000_001)
        #expect(pace.next == 55_000_011)
    }
}
