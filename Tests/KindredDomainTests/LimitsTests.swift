import KindredDomain
import Testing

@Suite struct LimitsTests {
    @Test func standardLimitsAgree() { #expect(Limits.standard.violation == nil) }

    /// The first violation of the standard limits after `change`.
    private func violation(_ change: (inout Limits) -> Void) -> String? {
        var limits = Limits.standard
        change(&limits)
        return limits.violation
    }

    @Test func bodyLimitIsAMultipleOfEight() {
        let standard = Limits.standard.bodyBytesMax
        for bytes in [standard - 8, standard + 8] { #expect(violation { $0.bodyBytesMax = bytes } == nil) }
        for bytes in [standard - 7, standard - 1, standard + 1, standard + 7] {
            #expect(
                violation { $0.bodyBytesMax = bytes } == "bodyBytesMax \(bytes) is not a multiple of 8")
        }
    }

    /// Every other relation is between two limits. Checked at its edge: the last value that holds, the first that does
    /// not.
    @Test func contradictingLimitsAreNamed() {
        let standard = Limits.standard
        let body = standard.bodyBytesMax
        check("bodyBytesBeforeHelloMax exceeds bodyBytesMax", at: body) { $0.bodyBytesBeforeHelloMax = $1 }
        check("dataBodyBytesMax exceeds bodyBytesMax", at: body) {
            $0.dataBodyBytesMax = $1
            $0.windowBytesDefault = $0.windowBytesMax
        }
        check("dataBodyBytesMax exceeds windowBytesDefault", at: 70_000 as UInt32) {
            $0.windowBytesDefault = 70_000
            $0.dataBodyBytesMax = $1
        }
        check("windowBytesDefault exceeds windowBytesMax", at: standard.windowBytesMax) {
            $0.windowBytesDefault = $1
        }
        check(
            "timeoutMillisecondsDefault exceeds timeoutMillisecondsMax", at: standard.timeoutMillisecondsMax
        ) {
            $0.timeoutMillisecondsDefault = $1
        }
        check("kMax exceeds resultsPerRequestMax", at: standard.resultsPerRequestMax) { $0.kMax = $1 }
        check("one vector does not fit a body", at: (body - 64) / 4) { $0.dimensionMax = $1 }
        #expect(violation { $0.dimensionMax = .max } == "one vector does not fit a body")
    }

    /// `edge` is the greatest value that `set` may write without a violation.
    private func check<Number: FixedWidthInteger>(
        _ contradiction: String, at edge: Number, _ set: (inout Limits, Number) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for number in [edge - 1, edge] {
            #expect(violation { set(&$0, number) } == nil, "\(number)", sourceLocation: sourceLocation)
        }
        #expect(violation { set(&$0, edge + 1) } == contradiction, sourceLocation: sourceLocation)
    }
}
