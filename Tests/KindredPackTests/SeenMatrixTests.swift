import Foundation
import KindredDomain
import KindredModel
import KindredPack
import KindredSystem
import ModelTestSupport
import Testing
import TestSupport

/// Matrices of seen pairs beside the tiny model. Their rows are the users 20 and 3, their columns pear, apple and fig.
@Suite struct SeenMatrixTests {
    // [[1, 0, 2], [0, 3, 0]] by scipy.sparse.save_npz of SciPy 1.17: a csr_matrix of float32, deflated, and a csr_array
    // of booleans, stored.
    private static let deflated =
        "UEsDBC0AAAAIAAAAIQAPRIc1//////////8LABQAaW5kaWNlcy5ucHkBABAAjAAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQ"
        + "rZ6SWpxcpG6loG6TaaKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoUAC4GIGACYkYgBgBQSwMELQAA"
        + "AAgAAAAhAISMjp///////////woAFABpbmRwdHIubnB5AQAQAIwAAAAAAAAATAAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRu"
        + "paBuk2mirqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOpo6CrUKFAAuBiBgAmJmIAYAUEsDBC0AAAAIAAAAIQCj"
        + "w3SX//////////8KABQAZm9ybWF0Lm5weQEAEACDAAAAAAAAAEUAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXhNsrK6j"
        + "oJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkamjoKtQoUAa7k4iIAUEsDBC0AAAAIAAAAIQBgSH4M//////////8JABQA"
        + "c2hhcGUubnB5AQAQAJAAAAAAAAAASgAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3"
        + "S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuJgYIYIbSAFBLAwQtAAAACAAAACEAd6ZA0f//////////CAAUAGRhdGEubnB5AQAQ"
        + "AIwAAAAAAAAATwAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2airqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC"
        + "+RrGOpo6CrUKFAAuBoYGewYGBgcgcgAAUEsBAi0DLQAAAAgAAAAhAA9EhzVMAAAAjAAAAAsAAAAAAAAAAAAAAIABAAAAAGlu"
        + "ZGljZXMubnB5UEsBAi0DLQAAAAgAAAAhAISMjp9MAAAAjAAAAAoAAAAAAAAAAAAAAIABiQAAAGluZHB0ci5ucHlQSwECLQMt"
        + "AAAACAAAACEAo8N0l0UAAACDAAAACgAAAAAAAAAAAAAAgAERAQAAZm9ybWF0Lm5weVBLAQItAy0AAAAIAAAAIQBgSH4MSgAA"
        + "AJAAAAAJAAAAAAAAAAAAAACAAZIBAABzaGFwZS5ucHlQSwECLQMtAAAACAAAACEAd6ZA0U8AAACMAAAACAAAAAAAAAAAAAAA"
        + "gAEXAgAAZGF0YS5ucHlQSwUGAAAAAAUABQAWAQAAoAIAAAAA"
    private static let stored =
        "UEsDBC0AAAAAAAAAIQAPRIc1//////////8LABQAaW5kaWNlcy5ucHkBABAAjAAAAAAAAACMAAAAAAAAAJNOVU1QWQEAdgB7"
        + "J2Rlc2NyJzogJzxpNCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgzLCksIH0gICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAIAAAABAAAAUEsDBC0AAAAAAAAAIQCE"
        + "jI6f//////////8KABQAaW5kcHRyLm5weQEAEACMAAAAAAAAAIwAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPGk0Jywg"
        + "J2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAgAAAAMAAABQSwMELQAAAAAAAAAhAKPDdJf//////////woAFABm"
        + "b3JtYXQubnB5AQAQAIMAAAAAAAAAgwAAAAAAAACTTlVNUFkBAHYAeydkZXNjcic6ICd8UzMnLCAnZm9ydHJhbl9vcmRlcic6"
        + "IEZhbHNlLCAnc2hhcGUnOiAoKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgICAgCmNzclBLAwQtAAAAAAAAACEAYEh+DP//////////CQAUAHNoYXBlLm5weQEAEACQAAAAAAAAAJAAAAAA"
        + "AAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoCAAAAAAAAAAMAAAAA"
        + "AAAAUEsDBC0AAAAAAAAAIQBXopei//////////8IABQAZGF0YS5ucHkBABAAgwAAAAAAAACDAAAAAAAAAJNOVU1QWQEAdgB7"
        + "J2Rlc2NyJzogJ3xiMScsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgzLCksIH0gICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAQEBUEsDBC0AAAAAAAAAIQCCLfjT////////"
        + "//8NABQAX2lzX2FycmF5Lm5weQEAEACBAAAAAAAAAIEAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnfGIxJywgJ2ZvcnRy"
        + "YW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgIAoBUEsBAi0DLQAAAAAAAAAhAA9EhzWMAAAAjAAAAAsAAAAAAAAAAAAAAIABAAAAAGlu"
        + "ZGljZXMubnB5UEsBAi0DLQAAAAAAAAAhAISMjp+MAAAAjAAAAAoAAAAAAAAAAAAAAIAByQAAAGluZHB0ci5ucHlQSwECLQMt"
        + "AAAAAAAAACEAo8N0l4MAAACDAAAACgAAAAAAAAAAAAAAgAGRAQAAZm9ybWF0Lm5weVBLAQItAy0AAAAAAAAAIQBgSH4MkAAA"
        + "AJAAAAAJAAAAAAAAAAAAAACAAVACAABzaGFwZS5ucHlQSwECLQMtAAAAAAAAACEAV6KXooMAAACDAAAACAAAAAAAAAAAAAAA"
        + "gAEbAwAAZGF0YS5ucHlQSwECLQMtAAAAAAAAACEAgi3404EAAACBAAAADQAAAAAAAAAAAAAAgAHYAwAAX2lzX2FycmF5Lm5w"
        + "eVBLBQYAAAAABgAGAFEBAACYBAAAAAA="

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The lists of the users 3 and 20 as rows of apple, fig and pear, and what was left out.
    private func pack(_ bytes: [UInt8]) throws -> (lists: [[UInt32]], report: SeenReport) {
        var packer = try TinyModel.packer(in: folder)
        packer.seen = try folder.write("seen.npz", bytes)
        let report = try packer.run()
        let loaded = try VersionLoader().load(
            directory: report.directory, expecting: TinyModel.name, version: report.manifest.version)
        let seen = try #require(loaded.seen)
        return ((0..<2).map { Array(seen.list(ofUser: $0)) }, try #require(report.seen))
    }

    private func failure(_ bytes: [UInt8]) throws -> FileFailure? {
        let failure = #expect(throws: PackFailure.self) { try pack(bytes) }
        guard case .input(let input)? = failure else {
            Issue.record("\(String(describing: failure))")
            return nil
        }
        #expect(input.file.contains("seen.npz"))
        return input
    }

    private static let scipyMatrix = Array(Data(base64Encoded: deflated)!)
    private static let scipyArray = Array(Data(base64Encoded: stored)!)
    /// User 20 has pear and fig, user 3 apple.
    private static let wanted: [[UInt32]] = [[0], [1, 2]]

    private static func members() -> [ZipBytes.Member] {
        ZipBytes.csr(indptr: [0, 2, 3], indices: [0, 2, 1], shape: [2, 3])
    }

    /// The archive of the members after a change of the one with a name.
    private func archive(
        _ name: String, _ change: (inout ZipBytes.Member) -> Void
    ) -> [UInt8] {
        ZipBytes.file(
            Self.members().map { member in
                var member = member
                if member.name == name { change(&member) }
                return member
            })
    }

    @Test func filesOfSciPy() throws {
        for bytes in [Self.scipyMatrix, Self.scipyArray] {
            let (lists, report) = try pack(bytes)
            #expect(lists == Self.wanted && report.duplicates == 0 && report.zeros == 0)
            #expect(report.packed.pairs == 3 && report.packed.longestList == 2)
        }
    }

    @Test func formsOfArchives() throws {
        for bytes in [
            ZipBytes.file(Self.members()), ZipBytes.file(Self.members().reversed()),
            ZipBytes.file(Self.members(), comment: Array("PK\u{5}\u{6} and more".utf8)),
            ZipBytes.file(Self.members(), isWide: true),
            ZipBytes.file(
                Self.members().map {
                    var member = $0
                    member.isWide = true
                    return member
                }, comment: [1, 2, 3], isWide: true),
        ] {
            #expect(try pack(bytes).lists == Self.wanted)
        }
    }

    @Test func typesOfIntegersAndValues() throws {
        func array(_ type: String, _ values: [some FixedWidthInteger]) -> [UInt8] {
            NpyBytes.file(
                descr: "'\(type)'", shape: "(\(values.count),)", data: values.flatMap { NpyBytes.bytes($0) })
        }
        for content in [
            array("<i4", [0, 2, 1] as [Int32]), array("<u4", [0, 2, 1] as [UInt32]),
            array("<i8", [0, 2, 1] as [Int64]), array("<u8", [0, 2, 1] as [UInt64]),
        ] {
            #expect(try pack(archive("indices.npy") { $0.content = content }).lists == Self.wanted)
        }
        for content in [
            array("|b1", [1, 1, 1] as [UInt8]), array("|i1", [-1, 1, 1] as [Int8]),
            array("<i2", [256, 1, 1] as [Int16]),
            array("<f2", [1, 1, 1] as [UInt16]), array("<f8", [1, .max, 1] as [UInt64]),
        ] {
            #expect(try pack(archive("data.npy") { $0.content = content }).lists == Self.wanted)
        }
        let characters = "csr".unicodeScalars.flatMap { NpyBytes.bytes($0.value) }
        let format = NpyBytes.file(descr: "'<U3'", shape: "()", data: characters)
        #expect(try pack(archive("format.npy") { $0.content = format }).lists == Self.wanted)
    }

    @Test func zerosAreNotSeen() throws {
        let values = ZipBytes.csr(
            indptr: [0, 2, 3], indices: [0, 2, 1], shape: [2, 3], data: [0, 1, -0.0])
        let (lists, report) = try pack(ZipBytes.file(values))
        #expect(lists == [[], [1]] && report.zeros == 2)
    }

    @Test func unsortedAndRepeatedColumns() throws {
        let matrix = ZipBytes.csr(indptr: [0, 4, 5], indices: [2, 0, 2, 2, 1], shape: [2, 3])
        let (lists, report) = try pack(ZipBytes.file(matrix))
        #expect(lists == Self.wanted && report.duplicates == 2)
    }

    /// Random matrices in any order of ids, against sets.
    @Test func randomMatrices() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<(isOptimised ? 40 : 8) {
            let (users, items) = (
                Int.random(in: 1...40, using: &generator), Int.random(in: 1...60, using: &generator)
            )
            let userIDs = Array((0..<users).map { UInt64($0) * 7 }.shuffled(using: &generator))
            let itemIDs = Array((0..<items).map { "i\($0)" }.shuffled(using: &generator))
            var (indptr, indices): ([Int32], [Int32]) = ([0], [])
            for _ in 0..<users {
                let count = Int.random(in: 0...(items / 2), using: &generator)
                indices += (0..<count).map { _ in Int32.random(in: 0..<Int32(items), using: &generator) }
                indptr.append(Int32(indices.count))
            }
            let matrix = ZipBytes.csr(indptr: indptr, indices: indices, shape: [Int64(users), Int64(items)])
            var packer = Packer(root: folder.file("models"), name: TinyModel.name)
            packer.users = PackInput(
                vectors: try folder.write("u.npy", NpyBytes.floats((0..<users).map { _ in [1] })),
                ids: try folder.write("u.txt", userIDs.map { "\($0)" }.joined(separator: "\n")))
            packer.items = PackInput(
                vectors: try folder.write("i.npy", NpyBytes.floats((0..<items).map { _ in [1] })),
                ids: try folder.write("i.txt", itemIDs.joined(separator: "\n")))
            packer.seen = try folder.write("seen.npz", ZipBytes.file(matrix))
            let report = try packer.run()
            let loaded = try VersionLoader(loading: .map).load(
                directory: report.directory, expecting: TinyModel.name, version: report.manifest.version)
            let (userTable, itemTable) = (try #require(loaded.users), try #require(loaded.items))
            let seen = try #require(loaded.seen)
            for (input, id) in userIDs.enumerated() {
                let row = try #require(userTable.ids.row(ofNumber: id))
                let columns = Set(indices[Int(indptr[input])..<Int(indptr[input + 1])])
                let found = seen.list(ofUser: row).map { itemTable.ids.id(ofRow: $0) }
                #expect(found == columns.map { ExternalID(itemIDs[Int($0)]) }.sorted())
            }
        }
    }

    /// The columns of both users, without packing.
    private func columns(_ bytes: [UInt8]) throws(FileFailure) -> [[Int]] {
        let path = folder.file("any.npz")
        #expect(throws: Never.self) { try folder.write("any.npz", bytes) }
        let matrix = try SeenMatrix(path: path, userCount: 2, itemCount: 3)
        var lists: [[Int]] = [[], []]
        for user in 0..<2 { _ = try matrix.items(ofUser: user, itemCount: 3) { lists[user].append($0) } }
        return lists
    }

    @Test func cutAtAnyByte() throws {
        for bytes in [Self.scipyMatrix, ZipBytes.file(Self.members(), isWide: true)] {
            #expect(try columns(bytes) == [[0, 2], [1]])
            for count in bytes.indices {
                #expect(throws: FileFailure.self, "cut at \(count)") { try columns(Array(bytes[..<count])) }
            }
        }
        let empty = try failure([])
        #expect(empty?.field == "beginning" && empty?.wanted == "that of a .npz file, which is a zip archive")
    }

    /// A changed byte is refused or has no meaning: the columns are right or none.
    @Test func everyByteChanged() throws {
        var generator = SeededGenerator.announced()
        for bytes in [Self.scipyMatrix, Self.scipyArray, ZipBytes.file(Self.members(), isWide: true)] {
            for index in bytes.indices {
                for _ in 0..<(isOptimised ? 8 : 1) {
                    var changed = bytes
                    changed[index] ^= UInt8.random(in: 1...255, using: &generator)
                    do throws(FileFailure) {
                        #expect(try columns(changed) == [[0, 2], [1]], "byte \(index)")
                    } catch {
                        #expect(error.file.contains("any.npz"))
                    }
                }
            }
        }
    }

    @Test func matricesThatContradictThemselves() throws {
        func field(
            _ indptr: [Int32] = [0, 2, 3], _ indices: [Int32] = [0, 2, 1], _ shape: [Int64] = [2, 3],
            data: [Float]? = nil, format: String = "csr"
        ) throws -> String? {
            let failure = try failure(
                ZipBytes.file(
                    ZipBytes.csr(indptr: indptr, indices: indices, shape: shape, data: data, format: format)))
            return failure.map { "\($0.field) \($0.found)" }
        }
        #expect(try field([0, 2]) == "the length of indptr 2")
        #expect(try field([0, 2, 3, 3]) == "the length of indptr 4")
        #expect(try field([1, 2, 3]) == "indptr[0] 1")
        #expect(try field([0, -1, 3]) == "indptr[1] -1")
        #expect(try field([0, 4, 3]) == "indptr[1] 4")
        #expect(try field([0, 2, 1]) == "indptr[2] 1")
        #expect(try field([0, 2, 2]) == "indptr[2] 2")
        #expect(try field([0, .max, 3]) == "indptr[1] \(Int32.max)")
        #expect(try field([0, 2, 3], [0, 3, 1]) == "indices[1], in row 0 of the matrix 3")
        #expect(try field([0, 2, 3], [0, 2, -1]) == "indices[2], in row 1 of the matrix -1")
        #expect(try field([0, 2, 3], [.min, 2, 1]) == "indices[0], in row 0 of the matrix \(Int32.min)")
        #expect(try field(data: [1, 1]) == "the shape of data [2]")
        #expect(try field(format: "csc") == "the format \"csc\"")
        for shape in [[], [2], [3, 3], [2, 3, 1], [-2, 3], [2, .max]] as [[Int64]] {
            #expect(try field([0, 2, 3], [0, 2, 1], shape)?.hasPrefix("the shape") == true, "\(shape)")
        }
        let turned = try failure(
            ZipBytes.file(ZipBytes.csr(indptr: [0, 1, 2, 3], indices: [0, 1, 0], shape: [3, 2])))
        #expect(turned?.wanted.hasSuffix("(.T.tocsr() turns it)") == true)
    }

    @Test func membersThatAreMissingOrWrong() throws {
        for name in ["indices", "indptr", "format", "shape", "data"] {
            let missing = try failure(ZipBytes.file(Self.members().filter { $0.name != name + ".npy" }))
            #expect(missing?.field == "member \"\(name).npy\"", "\(name)")
            #expect(missing?.wanted == "what scipy.sparse.save_npz writes for a CSR matrix")
            #expect(try failure(archive(name + ".npy") { $0.content = [] }) != nil)
            #expect(try failure(archive(name + ".npy") { $0.content = NpyBytes.floats([[1]]) }) != nil)
        }
        let empty = [0x50, 0x4B, 3, 4] + ZipBytes.file([])
        #expect(try failure(empty)?.field == "member \"format.npy\"")
        #expect(try failure([0x50, 0x4B, 3, 4])?.field == "the end of the archive")
    }

    /// Archives that say one thing and hold another.
    @Test func membersThatLie() throws {
        func failure(_ change: (inout ZipBytes.Member) -> Void) throws -> FileFailure? {
            try self.failure(archive("data.npy", change))
        }
        #expect(try failure { $0.flags = 1 }?.found == "encrypted")
        #expect(try failure { $0.method = 12 }?.found == "method 12")
        #expect(try failure { $0.crc32 = 7 }?.field == "the CRC-32 of \"data.npy\"")
        #expect(try failure { $0.byteCount = 1 }?.field == "the size of \"data.npy\"")
        #expect(try failure { $0.method = 8 }?.field.hasSuffix(" of \"data.npy\"") == true)
        for size in [UInt64(1) << 40, .max, UInt64(Int64.max), 1 << 32] {
            for deflated in [nil, [3, 0]] as [[UInt8]?] {
                let found = try failure {
                    $0.byteCount = size
                    $0.deflated = deflated
                }
                #expect(found?.field == "the size of \"data.npy\"", "\(size)")
            }
        }
        // Within what DEFLATE can do, and still not the size of the content.
        #expect(
            try failure {
                $0.byteCount = 1_000
                $0.deflated = [3, 0]
            }?.wanted == "0, as its content has")
    }

    @Test func placesOutsideOfTheArchive() throws {
        let whole = ZipBytes.file(Self.members())
        // The directory's size and place in the end of the archive.
        for place in [whole.count - 10, whole.count - 6] {
            for value in [.max, .max - 1, 1 << 31, UInt32(whole.count)] as [UInt32] {
                var bytes = whole
                bytes.replaceSubrange(place..<place + 4, with: NpyBytes.bytes(value))
                #expect(try failure(bytes) != nil, "\(value)")
            }
        }
        // The place of a member in the directory.
        let start = try #require(
            whole.indices.first { whole[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
        for value in [.max, .max - 1, 1, UInt32(whole.count), UInt32(whole.count - 29)] as [UInt32] {
            var bytes = whole
            bytes.replaceSubrange(start + 42..<start + 46, with: NpyBytes.bytes(value))
            #expect(try failure(bytes)?.field == "the place of \"indices.npy\"", "\(value)")
        }
    }

    @Test func limitsOfTheDirectory() throws {
        let more = { (count: Int) in (0..<count).map { ZipBytes.Member("more\($0)", []) } }
        let rest = Limits.archiveMembersMax - Self.members().count
        #expect(try pack(ZipBytes.file(Self.members() + more(rest))).lists == Self.wanted)
        #expect(try failure(ZipBytes.file(Self.members() + more(rest + 1)))?.field == "number of members")

        /// The archive with one more member, whose name makes the directory have so many bytes.
        func archive(directoryByteCount: Int) -> [UInt8] {
            let fixed = (Self.members() + more(0)).reduce(0) { $0 + 48 + $1.name.utf8.count }
            var rest = directoryByteCount - fixed
            var members = Self.members()
            while rest > 0 {
                let entry = min(rest, 60_000)
                members.append(ZipBytes.Member(String(repeating: "n", count: entry - 48), []))
                rest -= entry
            }
            return ZipBytes.file(members)
        }
        let most = Limits.archiveDirectoryBytesMax
        #expect(try pack(archive(directoryByteCount: most)).lists == Self.wanted)
        #expect(try failure(archive(directoryByteCount: most + 1))?.field == "the bytes of the directory")
    }
}
