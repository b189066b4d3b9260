import Foundation
import KindredDomain
import KindredModel
import KindredSystem
import ModelTestSupport
import Testing
import TestSupport

/// The file of seen pairs of the tiny model: items apple, fig and pear, users 3 and 20.
@Suite struct SeenFileTests {
    private static let text = "20\tpear\n3\tfig\n20\tapple\n20\tpear\n"
    private static let offsets = SeenHeader.byteCount
    private static let rows = 192

    private func model() throws -> TinyModel { try TinyModel(seen: Self.text) }

    private func lists(_ version: LoadedVersion) throws -> [[UInt32]] {
        let seen = try #require(version.seen)
        return (0..<seen.userCount).map { Array(seen.list(ofUser: UInt32($0))) }
    }

    /// The failure of loading the model with this file and a manifest that agrees with it; nil if it loads.
    private func failure(_ model: TinyModel, _ bytes: [UInt8]) throws -> FileFailure? {
        try model.replaceAgreeing(ModelFiles.seen, bytes)
        do throws(FileFailure) {
            _ = try model.load()
            return nil
        } catch {
            return error
        }
    }

    private func changed<Value: FixedWidthInteger>(_ bytes: [UInt8], at place: Int, to value: Value)
        -> [UInt8]
    {
        var bytes = bytes
        let new = NpyBytes.bytes(value)
        bytes.replaceSubrange(place..<place + new.count, with: new)
        return bytes
    }

    @Test func headerIsAsDocumented() throws {
        let model = try model()
        let bytes = try model.bytes(ModelFiles.seen)
        let manifest = try Manifest.read(directory: model.directory)
        #expect(bytes.count == Self.rows + 12)
        #expect(Array(bytes[0..<8]) == Array("KINDSEEN".utf8))
        #expect(Array(bytes[8..<16]) == [1, 0, 0, 0, 0, 0, 0, 0])
        let numbers = stride(from: 16, to: 40, by: 8).map { Int(bytes[$0]) }
        #expect(numbers == [2, 3, 3], "users, items, pairs")
        #expect(Array(bytes[40..<56]) == manifest.fingerprint)
        let sections = stride(from: 56, to: 88, by: 8).map { Int(bytes[$0]) }
        #expect(sections == [Self.offsets, 24, Self.rows, 12])
        #expect(bytes[88..<128].allSatisfy { $0 == 0 })
        #expect(stride(from: Self.offsets, to: 152, by: 8).map { Int(bytes[$0]) } == [0, 1, 3])
        #expect(stride(from: Self.rows, to: 204, by: 4).map { Int(bytes[$0]) } == [1, 0, 2])
        #expect(bytes[152..<192].allSatisfy { $0 == 0 })
    }

    @Test(arguments: [VectorLoading.memory, .map]) func roundTrip(_ loading: VectorLoading) throws {
        let version = try model().load(loading)
        #expect(try lists(version) == [[1], [0, 2]])
        let seen = try #require(version.seen)
        #expect(seen.pairCount == 3 && seen.itemCount == 3)
        var summary = SeenPairs.Summary(pairs: 3)
        (summary.usersWithAny, summary.longestList) = (2, 2)
        #expect(seen.summary == summary)
        #expect(version.manifest.popularitySource == .seenPairs)
        let replica = SeenPairs(replicaOf: seen)
        #expect(replica !== seen && Array(replica.list(ofUser: 1)) == [0, 2])
        #expect(try Manifest(json: version.manifest.encoded) == version.manifest)
    }

    @Test func aVersionWithoutTheFileHasNone() throws {
        let version = try TinyModel().load()
        #expect(version.seen == nil && version.manifest.popularitySource == nil)
    }

    @Test func noPairAtAll() throws {
        let version = try TinyModel(seen: "").load()
        #expect(try lists(version) == [[], []])
        #expect(version.seen?.summary == SeenPairs.Summary())
    }

    @Test func cutOrLonger() throws {
        let model = try model()
        let whole = try model.bytes(ModelFiles.seen)
        for count in Array(0..<whole.count) + [whole.count + 1, whole.count + 64] {
            let bytes = Array((whole + [UInt8](repeating: 0, count: 64))[0..<count])
            try model.replace(ModelFiles.seen, bytes)
            #expect(throws: FileFailure.self, "\(count) bytes") { try model.load() }
            #expect(try failure(model, bytes)?.file == ModelFiles.seen, "\(count) bytes")
            try model.replaceAgreeing(ModelFiles.seen, whole)
        }
        _ = try model.load()
    }

    @Test func everyByteChanged() throws {
        var generator = SeededGenerator.announced()
        let model = try model()
        let whole = try model.bytes(ModelFiles.seen)
        let manifest = try model.bytes(ModelFiles.manifest)
        for index in whole.indices {
            var bytes = whole
            bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            try model.replace(ModelFiles.seen, bytes)
            let failure = #expect(throws: FileFailure.self) { try model.load() }
            #expect(failure?.file == ModelFiles.seen && failure?.field == "CRC32C", "byte \(index)")
            try model.replaceAgreeing(ModelFiles.seen, bytes)
            for loading in [VectorLoading.memory, .map] {
                // Only other items make another file that is right.
                guard let version = try? model.load(loading) else { continue }
                #expect(index >= Self.rows, "byte \(index)")
                for list in try lists(version) {
                    #expect(list.allSatisfy { $0 < 3 } && zip(list, list.dropFirst()).allSatisfy { $0 < $1 })
                }
            }
            try model.replace(ModelFiles.manifest, manifest)
        }
    }

    @Test func fieldsOutOfRange() throws {
        let model = try model()
        let whole = try model.bytes(ModelFiles.seen)
        func field(_ bytes: [UInt8]) throws -> String? { try failure(model, bytes)?.field }
        #expect(try field([]) == "byte count" && field(Array(whole[..<127])) == "byte count")
        #expect(try field(changed(whole, at: 7, to: UInt8(0))) == "magic")
        let layout = try #require(try failure(model, changed(whole, at: 8, to: UInt32(2))))
        #expect(layout.field == "layout version" && layout.found == "2")
        #expect(layout.wanted.contains("needs another kindred"))
        #expect(try field(changed(whole, at: 16, to: UInt64(3))) == "users")
        #expect(try field(changed(whole, at: 24, to: UInt64(2))) == "items")
        #expect(try field(changed(whole, at: 32, to: UInt64(4))) == "rows.bytes")
        #expect(try field(changed(whole, at: 32, to: Limits.seenPairsMax)) == "rows.bytes")
        #expect(try field(changed(whole, at: 32, to: Limits.seenPairsMax + 1)) == "pairs")
        #expect(try field(changed(whole, at: 32, to: UInt64.max)) == "pairs")
        #expect(try field(changed(whole, at: 40, to: ~whole[40])) == "fingerprint")
        for (entry, name) in [
            (56, "offsets.offset"), (64, "offsets.bytes"), (72, "rows.offset"), (80, "rows.bytes"),
        ] {
            for value in [0, 1, 1 << 40, UInt64.max] {
                #expect(try field(changed(whole, at: entry, to: value)) == name, "\(value)")
            }
        }
        #expect(try field(changed(whole, at: 127, to: UInt8(1))) == "byte 127")
        #expect(try field(changed(whole, at: 191, to: UInt8(1))) == "byte 191")
    }

    @Test func offsetsAndRowsOutOfOrder() throws {
        let model = try model()
        let whole = try model.bytes(ModelFiles.seen)
        func failure(_ place: Int, _ value: UInt64) throws -> FileFailure? {
            try self.failure(model, changed(whole, at: place, to: value))
        }
        #expect(try failure(Self.offsets, 1)?.field == "offsets[0]")
        for value in [4, UInt64.max] {
            let found = try failure(Self.offsets + 8, value)
            #expect(found?.field == "offsets[1]" && found?.wanted == "0...3" && found?.found == "\(value)")
        }
        #expect(try failure(Self.offsets + 16, 2)?.field == "offsets[2]")
        for (position, row, wanted) in [
            (1, 3, "0..<3"), (2, 0, "1..<3"), (2, 3, "1..<3"), (0, UInt32.max, "0..<3"),
        ]
            as [(Int, UInt32, String)]
        {
            let found = try self.failure(model, changed(whole, at: Self.rows + 4 * position, to: row))
            #expect(found?.field == "rows[\(position)]" && found?.found == "\(row)")
            #expect(found?.wanted.hasPrefix(wanted) == true, "\(String(describing: found))")
        }
    }

    /// The first fault is named, whichever thread finds another one earlier.
    @Test func faultsInSeveralParts() throws {
        var lists = [[UInt32]](repeating: [1, 4], count: 20_000)
        #expect(try SeenPairs(lists: lists, itemCount: 5).summary.usersWithAny == 20_000)
        for user in [19_999, 12_000, 5_000] {
            lists[user] = [1, 5]
            let failure = #expect(throws: FileFailure.self) { try SeenPairs(lists: lists, itemCount: 5) }
            #expect(failure?.field == "rows[\(2 * user + 1)]" && failure?.found == "5")
        }
    }

    @Test func ofAnotherPack() throws {
        let model = try model()
        let other = try self.model()
        #expect(try failure(model, try other.bytes(ModelFiles.seen))?.field == "fingerprint")
    }

    @Test func namedButAbsent() throws {
        let model = try model()
        try FileManager.default.removeItem(atPath: model.directory + "/" + ModelFiles.seen)
        let failure = #expect(throws: FileFailure.self) { try model.load() }
        #expect(failure?.file == ModelFiles.seen && failure?.field == "open")
    }

    /// A mapped file that is overwritten changes lists, but every element stays a row.
    @Test func overwrittenWhileMapped() throws {
        let model = try model()
        let seen = try #require(try model.load(.map).seen)
        let path = model.directory + "/" + ModelFiles.seen
        #expect(chmod(path, 0o644) == 0)
        let descriptor = open(path, O_WRONLY)
        let bytes = [UInt8](repeating: 0xFF, count: 12)
        #expect(pwrite(descriptor, bytes, bytes.count, off_t(Self.rows)) == bytes.count)
        close(descriptor)
        for user in 0..<2 { #expect(seen.list(ofUser: UInt32(user)).allSatisfy { $0 < 3 }) }
    }

    @Test func demandOfMemory() throws {
        let (with, without) = (try model().load().manifest, try TinyModel().load().manifest)
        for loading in [VectorLoading.memory, .map] {
            let more = MemoryDemand(of: with, loading: loading)
            let less = MemoryDemand(of: without, loading: loading)
            // Rows, scores and positions, sorting, and counts of three items.
            let popularity: UInt64 = 3 * (12 + 32 + 20)
            let file: UInt64 = loading == .memory ? 204 : 2 * 8
            #expect(more.byteCount - less.byteCount == file + popularity)
            #expect(more.addressByteCount > less.addressByteCount)
        }
    }
}
