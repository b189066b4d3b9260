import Glibc
import KindredServer
import Testing

/// How many connections fit the descriptors of a process.
@Suite struct DescriptorLimitTests {
    @Test func someAreKeptForModels() {
        #expect(DescriptorLimit.connectionsMax(of: 64, threads: 2) == 64 - 16 - 6)
        #expect(DescriptorLimit.connectionsMax(of: 256, threads: 1) == 256 - 64 - 3)
        #expect(DescriptorLimit.connectionsMax(of: 1_024, threads: 4) == 1_024 - 64 - 12)
    }

    @Test func moreThanTheLimitCannotBeOpened() {
        #expect(DescriptorLimit.canOpen(8))
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(!DescriptorLimit.canOpen(min(UInt64(limit.rlim_cur), 4_096)) || limit.rlim_cur > 4_096)
    }

    @Test func thereIsAlwaysRoomForOne() {
        for limit in [0, 1, 16, 24] as [UInt64] {
            #expect(DescriptorLimit.connectionsMax(of: limit, threads: 8) == 1)
        }
    }
}
