import Dispatch
import Foundation
import Glibc
import KindredChecksum
import KindredDomain
import KindredKernels
import KindredModel
import KindredPack
import KindredSystem
import ModelTestSupport
import Synchronization
import Testing
import TestSupport

/// Several threads load files and tables in parts: the result is that of one thread, and so is the failure.
@Suite struct LoadingInPartsTests {
    private static let dimension = 60
    /// Enough rows for three parts of a file's bytes, of a table's norms and of a code table's rows.
    private static let rowCount = 40_000
    /// Repetitions of a failing load, in which different threads come first.
    private static let repetitions = 20

    /// Vectors with different norms, whose order is far from the order of rows.
    private static let elements: [Float] = {
        var generator = SeededGenerator(seed: 40_000)
        return (0..<rowCount * dimension).map { _ in Float.random(in: -1...1, using: &generator) }
    }()

    private func table(_ elements: [Float]) throws(FileFailure) -> VectorTable {
        try VectorTable(
            side: .items, ids: IDTable(ids: .numbers((0..<Self.rowCount).map { UInt64($0) })),
            dimension: Self.dimension, elements: elements)
    }

    /// A cancelled load begins no other part and throws, whether it gives way or not.
    @Test(arguments: [false, true]) func aCancelledLoadEnds(givesWay: Bool) throws {
        let cancellation = Cancellation()
        let threads: LoadingThreads = givesWay ? .givingWay(cancellation) : .eager(cancellation)
        let done = Atomic<Int>(0)
        func run() throws(FileFailure) {
            try threads.run(10_000, inPartsOf: 10) { (part) throws(FileFailure) in
                done.wrappingAdd(part.count, ordering: .relaxed)
                if part.lowerBound >= 500 { cancellation.cancel() }
            }
        }
        #expect(throws: FileFailure.self) { try run() }
        // Each thread may have begun one more part.
        #expect(done.load(ordering: .relaxed) < 1_000)
        let before = done.load(ordering: .relaxed)
        #expect(throws: FileFailure.self) { try run() }
        #expect(done.load(ordering: .relaxed) == before)
        #expect(throws: FileFailure.self) { try threads.checkCancellation() }
        #expect(throws: FileFailure.self) {
            let model = try TinyModel()
            _ = try VersionLoader().load(
                directory: model.directory, expecting: TinyModel.name, version: 1,
                with: LoadResources(threads: threads, memory: nil))
        }
    }

    @Test func filesAreReadWhole() throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator.announced()
        for count in [0, 1, 1 << 20, 4 << 20, 4 << 20 + 1, 9_000_001] {
            let words = (0..<count / 8 + 1).map { _ in generator.next() }
            let bytes = words.withUnsafeBytes { Array($0[..<count]) }
            let path = try folder.write("file", bytes)
            let wanted = bytes.withUnsafeBytes { CRC32C.of($0) }
            let file = try ReadableFile(path: path, name: "file")
            let givingWay = LoadResources(threads: .givingWay(), memory: SpareMemory())
            for (region, crc32c) in [
                try file.readAll(), try file.mapAll(), try file.readAll(with: givingWay),
                try file.mapAll(with: givingWay),
            ] {
                #expect(crc32c == wanted, "\(count) bytes")
                let isSame = region.withBytes {
                    $0.count == count && (count == 0 || memcmp($0.baseAddress!, bytes, count) == 0)
                }
                #expect(isSame, "\(count) bytes")
            }
        }
    }

    @Test func everyPartIsDoneOnceByThreadsThatGiveWay() throws {
        let threads = LoadingThreads.givingWay()
        for count in [0, 1, 7, 1_000] {
            let done = Mutex<[Range<Int>]>([])
            try threads.run(count, inPartsOf: 7) { range in done.withLock { $0.append(range) } }
            let parts = done.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
            #expect(parts.flatMap { Array($0) } == Array(0..<count))
        }
    }

    /// If the low-priority threads make no progress, threads of the caller's niceness do the rest.
    @Test(.timeLimit(.minutes(1))) func stuckLowPriorityThreadsAreHelped() throws {
        let threadCount = min(4, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let asking = pthread_self()
        let helped = DispatchSemaphore(value: 0)
        let stuck = Mutex<Set<pthread_t>>([])
        try LoadingThreads.givingWay().run(10 * threadCount, inPartsOf: 1) { _ in
            let thread = pthread_self()
            let isStuck = stuck.withLock {
                $0.count < threadCount && thread != asking && $0.insert(thread).inserted
            }
            // The first part of each low-priority thread waits until another thread has done a part.
            if isStuck { helped.wait() } else { helped.signal() }
        }
        #expect(stuck.withLock { $0.count } > 0)
    }

    @Test func cancelledWorkEnds() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("file", [UInt8](repeating: 7, count: 20 << 20))
        let file = try ReadableFile(path: path, name: "file")
        let model = try TinyModel()
        let cancellation = Cancellation()
        let resources = LoadResources(threads: .eager(cancellation), memory: SpareMemory())
        #expect(try file.readAll(with: resources).1 == file.checksum(with: resources))
        cancellation.cancel()
        for load: () throws -> Void in [
            { _ = try file.readAll(with: resources) }, { _ = try file.mapAll(with: resources) },
            { _ = try file.checksum(with: resources) },
            {
                _ = try VersionLoader().load(
                    directory: model.directory, expecting: TinyModel.name, version: 1, with: resources)
            },
            { _ = try Int8Codes(building: self.table(Self.elements), with: resources) },
        ] {
            let failure = #expect(throws: FileFailure.self) { try load() }
            #expect(failure?.field == "state" && failure?.found == "cancelled")
        }
        #expect(model.directory.hasPrefix(model.folder.path), "the folder exists until here")
    }

    /// A version is loaded into reused memory of another one.
    @Test func reusedMemoryMakesNoDifference() throws {
        let folder = try TemporaryFolder()
        let name = ModelName("used")!
        var packer = Packer(root: folder.file("models"), name: name, metric: .dot)
        for rowCount in [Self.rowCount, 30_001, Self.rowCount] {
            let rows = (0..<rowCount).map { Array(Self.elements[$0 * 20..<$0 * 20 + 20]) }
            packer.items = PackInput(
                vectors: try folder.write("items.npy", NpyBytes.floats(rows)),
                ids: try folder.write("items.txt", rows.indices.map { "\($0)" }.joined(separator: "\n")))
            _ = try packer.run()
        }
        let memory = SpareMemory()
        for version in UInt64(1)...3 {
            func load(_ resources: LoadResources) throws -> LoadedVersion {
                try VersionLoader().load(
                    directory: folder.file("models/used/\(version)"), expecting: name, version: version,
                    with: resources)
            }
            let plain = try load(.plain)
            #expect((memory.byteCount > 0) == (version > 1))
            let used = try load(LoadResources(threads: .givingWay(), memory: memory))
            let (wanted, found) = (try #require(plain.items), try #require(used.items))
            #expect(Self.bytes(of: wanted.vectorColumn) == Self.bytes(of: found.vectorColumn))
            #expect(Self.bytes(of: wanted.normColumn) == Self.bytes(of: found.normColumn))
            let codes = (try #require(plain.itemCodes), try #require(used.itemCodes))
            #expect(CodesBytes.of(codes.0) == CodesBytes.of(codes.1))
        }
    }

    @Test func theFirstFailureOfThreadsThatGiveWayIsNamed() throws {
        for _ in 0..<Self.repetitions {
            let failure = #expect(throws: FileFailure.self) {
                try LoadingThreads.givingWay().run(1_000, inPartsOf: 10) {
                    (range) throws(FileFailure) in
                    guard range.lowerBound < 500 else {
                        throw FileFailure(
                            file: "parts", field: "\(range.lowerBound)", found: "it", wanted: "none")
                    }
                }
            }
            #expect(failure?.field == "500")
        }
    }

    private static func bytes<Element>(of column: RegionColumn<Element>) -> [UInt8] {
        column.withBytes { Array($0) }
    }

    @Test func normsAreThoseOfOneThread() throws {
        let norms = try table(Self.elements).normColumn
        for row in 0..<Self.rowCount {
            let norm = Canonical.norm(
                Array(Self.elements[row * Self.dimension..<(row + 1) * Self.dimension]), count: Self.dimension
            )
            guard norms[row] == norm else {
                Issue.record("row \(row): \(norms[row]) instead of \(norm)")
                return
            }
        }
    }

    @Test func theFirstBadRowIsNamed() throws {
        var elements = Self.elements
        for row in [20_000, 30_000, Self.rowCount - 1] { elements[row * Self.dimension + 7] = .nan }
        for _ in 0..<Self.repetitions {
            let failure = #expect(throws: FileFailure.self) { try table(elements) }
            #expect(failure?.field == "vectors[20000, 7]")
        }
    }

    @Test func codesAreThoseOfOneThread() throws {
        let table = try table(Self.elements)
        let codes = try Int8Codes(building: table)
        try Int8Codes.check(codes, against: table)
        let (rows, positions) = (codes.rowColumn, codes.positionColumn)
        for row in 0..<Self.rowCount where Int(rows[Int(positions[row])]) != row {
            Issue.record("row \(row) is not at position \(positions[row])")
            return
        }
    }

    @Test func theFirstRowOutOfOrderIsNamed() throws {
        let folder = try TemporaryFolder()
        var packer = Packer(root: folder.file("models"), name: TinyModel.name, metric: .dot)
        let rows = (0..<Self.rowCount).map { Array(Self.elements[$0 * 3..<$0 * 3 + 3]) }
        packer.items = PackInput(
            vectors: try folder.write("items.npy", NpyBytes.floats(rows)),
            ids: try folder.write("items.txt", rows.indices.map { "\($0)" }.joined(separator: "\n")))
        let model = TinyModel(folder: folder, directory: try packer.run().directory)
        let name = ModelFiles.codes(of: .items)
        let whole = try model.bytes(name)
        let first = CodesHeader(
            rowCount: Self.rowCount, dimension: 3,
            fingerprint: try Manifest.read(directory: model.directory).fingerprint
        ).range(of: .rows).lowerBound
        // The last position of a part, the first one, and later ones; an absent row, and a row that occurs twice.
        for (positions, found) in [
            ([16_383, 33_000], 16_383), ([16_384, 33_000, 39_999], 16_384), ([39_999], 39_999),
        ] {
            for bad in [UInt32.max, 0] {
                var bytes = whole
                for position in positions {
                    // Row 0 has another position, so this one is its second.
                    let value = NpyBytes.bytes(bad)
                    bytes.replaceSubrange(first + 4 * position..<first + 4 * position + 4, with: value)
                }
                try model.replaceAgreeing(name, bytes)
                var fields: Set<String> = []
                for _ in 0..<Self.repetitions {
                    do throws(FileFailure) {
                        _ = try model.load()
                        fields.insert("none")
                    } catch {
                        fields.insert(error.field)
                    }
                }
                // A row of too great a norm is reported itself, one of too small a norm by the row after it.
                let wanted = bad == 0 ? ["rows[\(found)]", "rows[\(found + 1)]"] : ["rows[\(found)]"]
                #expect(fields.count == 1 && fields.isSubset(of: wanted), "\(positions) \(bad): \(fields)")
            }
        }
    }
}
