import KindredServer
import KindredSystem
import NIOCore
import Testing

/// How long the memory of a freed generation is kept for the next one.
@Suite struct SpareModelMemoryTests {
    private func use(_ spare: SpareModelMemory) throws {
        withExtendedLifetime(try MemoryRegion(uninitialised: 1 << 20, from: spare.memory)) {}
    }

    @Test func memoryIsGivenBackAfterTenMinutes() throws {
        var spare = SpareModelMemory()
        let start = NIODeadline.uptimeNanoseconds(5)
        spare.look(now: start - .minutes(20))
        try use(spare)
        spare.look(now: start)
        spare.look(now: start + SpareModelMemory.kept - .nanoseconds(1))
        #expect(spare.memory.byteCount == 1 << 20)
        spare.look(now: start + SpareModelMemory.kept)
        #expect(spare.memory.byteCount == 0)
        // Memory that comes later is kept as long.
        try use(spare)
        spare.look(now: start + .minutes(11))
        #expect(spare.memory.byteCount == 1 << 20)
    }

    @Test func aLoadGivesBackMemoryThatItDidNotReuse() throws {
        var spare = SpareModelMemory()
        let start = NIODeadline.uptimeNanoseconds(5)
        try use(spare)
        spare.look(now: start)
        spare.loadEnded()
        #expect(spare.memory.byteCount == 0)
        try use(spare)
        spare.look(now: start + .minutes(9))
        spare.look(now: start + .minutes(18))
        #expect(spare.memory.byteCount == 1 << 20)
        spare.look(now: start + .minutes(19))
        #expect(spare.memory.byteCount == 0)
    }
}
