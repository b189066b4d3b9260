import KindredDomain
import KindredModel
import KindredServer
import Synchronization
import TestSupport
import Testing

/// The bounds on the memory of a process, and versions that do not fit.
@Suite struct MemoryCheckTests {
    /// A probe that reads these files alone.
    private func probe(_ files: [String: String], memoryMax: UInt64? = nil, addressSpaceMax: UInt64? = nil)
        -> MemoryProbe
    {
        var probe = MemoryProbe(memoryMax: memoryMax)
        probe.addressSpaceMax = addressSpaceMax
        probe.readFile = { files[$0] }
        return probe
    }

    @Test func versionTwoWithGroupsAbove() {
        let probe = probe([
            "/proc/self/cgroup": "0::/shop/servers/kindred\n",
            "/proc/self/mountinfo":
                "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
            "/sys/fs/cgroup/shop/servers/kindred/memory.max": "max\n",
            "/sys/fs/cgroup/shop/servers/kindred/memory.current": "5000\n",
            "/sys/fs/cgroup/shop/servers/memory.max": "314572800\n",
            "/sys/fs/cgroup/shop/servers/memory.current": "104857600\n",
            "/sys/fs/cgroup/shop/servers/memory.stat":
                "anon 1\nfile 9\nactive_file 1048576\ninactive_file 2097152\nother x\n",
            "/sys/fs/cgroup/shop/memory.max": "1000\n", "/sys/fs/cgroup/shop/memory.current": "2000\n",
        ])
        #expect(
            probe.bounds == [
                MemoryBound(
                    source: .controlGroup("/sys/fs/cgroup/shop/servers"), byteCount: 300 << 20, used: 97 << 20
                ),
                MemoryBound(source: .controlGroup("/sys/fs/cgroup/shop"), byteCount: 1_000, used: 2_000),
            ])
        #expect(probe.bounds.map(\.free) == [203 << 20, 0])
    }

    @Test func versionOne() {
        let probe = probe([
            "/proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/a\n1:cpuset:/\n0::/\n",
            "/proc/self/mountinfo": """
            31 29 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
            """,
            "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "314572800\n",
            "/sys/fs/cgroup/memory/a/memory.usage_in_bytes": "104857600\n",
            "/sys/fs/cgroup/memory/a/memory.stat": "inactive_file 5\ntotal_inactive_file 104857600\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1\n",
        ])
        #expect(
            probe.bounds == [
                MemoryBound(source: .controlGroup("/sys/fs/cgroup/memory/a"), byteCount: 300 << 20, used: 0)
            ])
    }

    /// A container without a namespace for groups: the path is that of the host, and the container's group is
    /// mounted.
    @Test(arguments: ["/docker/abc", "/docker/abc/inner", "/../other"])
    func containers(_ group: String) {
        let probe = probe([
            "/proc/self/cgroup": "0::\(group)\n",
            "/proc/self/mountinfo": "30 24 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
            "/sys/fs/cgroup/memory.max": "100\n", "/sys/fs/cgroup/memory.current": "10\n",
        ])
        #expect(
            probe.bounds == [MemoryBound(source: .controlGroup("/sys/fs/cgroup"), byteCount: 100, used: 10)])
    }

    @Test func boundsOfTheProcess() {
        let files = ["/proc/self/status": "VmSize:\t    2048 kB\nRssAnon:\t     512 kB\n"]
        #expect(
            probe(files, memoryMax: 1 << 20, addressSpaceMax: 4 << 20).bounds == [
                MemoryBound(source: .option, byteCount: 1 << 20, used: 512 << 10),
                MemoryBound(source: .addressSpace, byteCount: 4 << 20, used: 2 << 20),
            ])
        #expect(probe(files).bounds == [] && probe([:], memoryMax: 1).bounds == [])
    }

    @Test func filesWithAnyText() {
        var generator = SeededGenerator.announced()
        let words = [
            "0", ":", "::", "/", "memory", "cgroup2", "-", " ", "\n", "..", "max", "18446744073709551615",
            "x",
        ]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0..<30, using: &generator))
                .map { _ in words.randomElement(using: &generator)! }.joined()
            var probe = MemoryProbe(memoryMax: 1)
            probe.addressSpaceMax = 1
            probe.readFile = { _ in text }
            #expect(probe.bounds.allSatisfy { $0.free <= $0.byteCount })
            _ = probe.ownByteCount
        }
    }

    /// A manifest may have any number of bytes.
    @Test func theDemandIsRoundedWithoutOverflow() {
        let bound = MemoryBound(source: .option, byteCount: 10 << 20, used: 0)
        for (needed, wanted) in [
            (UInt64.max, "17592186044416 MiB"), (1 << 20, "needs 1 MiB"), (1 << 20 + 1, "needs 2 MiB"),
        ] {
            let shortage = MemoryShortage(needed: needed, free: 0, bound: bound, beside: nil)
            #expect(shortage.description.contains(wanted))
        }
    }

    /// The bytes of a version's files, and of the tables that are made beside them.
    @Test func demandOfAManifest() throws {
        var manifest = Manifest(
            model: ModelName("m")!, version: 1, created: "", metric: .dot, dimension: 64,
            fingerprint: Array(repeating: 0, count: 16), trainingID: nil,
            items: .init(count: 1_000, idKind: .number, columns: ["a", "b"]), users: nil,
            files: [
                .init(name: "items.safetensors", byteCount: 300_000, crc32c: 0),
                .init(name: "items.codes", byteCount: 70_000, crc32c: 0),
                .init(name: "catalog.sqlite", byteCount: 8_192, crc32c: 0),
            ])
        // Two columns, the groups of both, and what building them takes; the catalog.
        let columns: UInt64 = 2 * (8_000 + 125 + 1) + 2 * 16_000 + 36_000 + 3 * 8_192
        let stored = MemoryDemand(of: manifest, loading: .memory)
        #expect(stored.byteCount == 300_000 + 16_000 + 70_000 + columns)
        #expect(stored.addressByteCount > stored.byteCount)
        let mapped = MemoryDemand(of: manifest, loading: .map)
        #expect(mapped.byteCount == 300_000 - 256_000 + 16_000 + 70_000 + columns)
        // The groups of so many columns are kept.
        manifest.items?.columns = (0..<100).map { "c\($0)" }
        let wide = MemoryDemand(of: manifest, loading: .memory).byteCount
        #expect(wide - stored.byteCount == 98 * 8_126 + UInt64(Limits.groupColumnsKeptMax - 2) * 16_000)
        manifest.items?.columns = ["a", "b"]
        manifest.foldIn = try FoldInParameters(alpha: 1, lambda: 1)
        let factors = FoldInFactors.byteCounts(rowCount: 1_000, dimension: 64)
        let folding = MemoryDemand(of: manifest, loading: .memory).byteCount
        #expect(folding - stored.byteCount == UInt64(max(factors.held, factors.making)))
        manifest.foldIn = nil
        manifest.files.remove(at: 1)
        #expect(MemoryDemand(of: manifest, loading: .memory).byteCount > stored.byteCount)
        // Nothing overflows with the largest numbers of a manifest.
        manifest.items?.count = Limits.rowsMax
        manifest.dimension = 4_096
        manifest.items?.columns = Array(repeating: "c", count: 256)
        for index in manifest.files.indices { manifest.files[index].byteCount = UInt64(Int64.max) }
        #expect(MemoryDemand(of: manifest, loading: .memory).byteCount > UInt64(Int64.max))
    }

    /// A version that does not fit is refused with figures and the old one serves on. It takes over once there is
    /// memory, with the same files.
    @Test(.timeLimit(.minutes(2))) func aVersionThatDoesNotFitWaits() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(items: [[1, 2], [3, 4]])
        let limit = Mutex<UInt64>(1 << 40)
        let real = MemoryProbe().readFile
        var probe = MemoryProbe()
        probe.addressSpaceMax = nil
        probe.readFile = { path in
            switch path {
            case "/proc/self/cgroup": "0::/\n"
            case "/proc/self/mountinfo": "30 24 0:26 / /group ro - cgroup2 cgroup rw\n"
            case "/group/memory.max": "\(limit.withLock { $0 })\n"
            case "/group/memory.current": "\(100 << 20)\n"
            default: path.hasPrefix("/group") ? nil : real(path)
            }
        }
        let server = try await RunningServer(folder, memory: probe)
        try await server.withClient { client in
            #expect(try await client.models().first?.active == 1)
            // The memory that is left is kept for the rest of the process.
            limit.withLock { $0 = 132 << 20 }
            try folder.pack(items: [[5, 6], [7, 8]])
            var refusal: String?
            while refusal == nil {
                refusal = try await client.models().first?.refusals.first { $0.version == 2 }?.reason
            }
            #expect(
                refusal?.hasPrefix(
                    "needs 1 MiB of memory, 0 of 132 MiB (the control group /group) are free beside version 1"
                )
                    == true, "\(refusal ?? "")")
            #expect(try await client.models().first?.active == 1)
            limit.withLock { $0 = 1 << 40 }
            while try await client.models().first?.active != 2 {}
            #expect(try await client.models().first?.refusals.isEmpty == true)
        }
        await server.stop()
    }
}
