import KindredDomain
import KindredServer
import NIOCore
import Testing

@Suite struct HeapWatchTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func aQuietProcessIsLookedAtEachTime() {
        var watch = HeapWatch()
        // Just below a fifth of a processor, then a fifth.
        let looks = [(0, 0), (10, 1_999_999_999), (20, 3_999_999_999)] as [(Int64, UInt64)]
        let times = looks.filter {
            watch.isTime(now: start + .seconds($0.0), processorNanoseconds: $0.1)
        }
        #expect(times.map(\.0) == [10])
    }

    @Test func aBusyProcessIsLookedAtOnceAMinute() {
        var watch = HeapWatch()
        let times = (0...14).filter {
            watch.isTime(
                now: start + .seconds(Int64($0) * 10), processorNanoseconds: UInt64($0) * 15_000_000_000)
        }
        #expect(times == [6, 12])
    }

    @Test func unusedMemoryBeyondTheBoundIsTooMuch() {
        let most = Limits.unusedHeapBytesMax
        var watch = HeapWatch()
        func isTooMuch(_ unused: UInt64, own: UInt64) -> Bool {
            watch.isTooMuch(unusedByteCount: unused, ownByteCount: own)
        }
        #expect(!isTooMuch(most, own: 10 << 30))
        #expect(isTooMuch(most + 1, own: 100 << 20))
        watch.released(unusedByteCount: most + 1, ownByteCount: 50 << 20)
        // Memory that was given back still counts as unused.
        #expect(!isTooMuch(most + 1, own: 50 << 20))
        #expect(!isTooMuch(most + 1, own: 50 << 20 + HeapWatch.growthMin - 1))
        #expect(isTooMuch(most + 1, own: 50 << 20 + HeapWatch.growthMin))
        // A model was freed meanwhile: the growth since then counts.
        #expect(!isTooMuch(most + 1, own: 10 << 20))
        #expect(isTooMuch(most + 1, own: 10 << 20 + HeapWatch.growthMin))
    }

    /// Memory that was in use when the rest was given back, and was freed later: the process has not grown.
    @Test func memoryThatIsFreedLaterCountsToo() {
        let most = Limits.unusedHeapBytesMax
        var watch = HeapWatch()
        func isTooMuch(_ unused: UInt64) -> Bool {
            watch.isTooMuch(unusedByteCount: unused, ownByteCount: 300 << 20)
        }
        watch.released(unusedByteCount: most, ownByteCount: 300 << 20)
        #expect(!isTooMuch(most + HeapWatch.growthMin - 1))
        #expect(isTooMuch(most + HeapWatch.growthMin))
        // Memory that is used again meanwhile may be freed again.
        #expect(!isTooMuch(10 << 20))
        #expect(isTooMuch(most + 1))
    }
}
