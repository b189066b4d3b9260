import KindredDomain
import Testing

@Suite struct LimitsTests {
    @Test func standardLimitsAgree() { #expect(Limits.standard.violation == nil) }

    @Test func contradictionsAreNamed() {
        var limits = Limits.standard
        limits.bodyBytesMax = 1_001
        #expect(limits.violation?.contains("1001") == true)
        limits = .standard
        limits.windowBytesDefault = 1
        #expect(limits.violation != nil)
        limits = .standard
        limits.kMax = limits.resultsPerRequestMax + 1
        #expect(limits.violation != nil)
    }
}
