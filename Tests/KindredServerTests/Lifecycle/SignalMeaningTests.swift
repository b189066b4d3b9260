import KindredServer
import Testing

@Suite struct SignalMeaningTests {
    @Test func firstSignalDrainsAndSecondEnds() {
        var meaning = SignalMeaning()
        #expect(meaning.take("SIGUSR1") == .ignore)
        #expect(meaning.take("SIGHUP") == .shutDown)
        #expect(meaning.take("SIGUSR2") == .ignore)
        #expect(meaning.take("SIGTERM") == .endAtOnce)
    }
}
