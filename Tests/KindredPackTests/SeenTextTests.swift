import KindredDomain
import KindredModel
import KindredPack
import KindredSystem
import ModelTestSupport
import Testing
import TestSupport

/// Texts of seen pairs beside the tiny model: items pear, apple and fig, users 20 and 3.
@Suite struct SeenTextTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The lists of the users 3 and 20 as rows of apple, fig and pear, and what was left out.
    private func pack(_ text: [UInt8]) throws -> (lists: [[UInt32]], report: SeenReport) {
        var packer = try TinyModel.packer(in: folder)
        packer.seen = try folder.write("seen.txt", text)
        let report = try packer.run()
        let loaded = try VersionLoader().load(
            directory: report.directory, expecting: TinyModel.name, version: report.manifest.version)
        let seen = try #require(loaded.seen)
        #expect(seen.summary == report.seen?.packed)
        return ((0..<2).map { Array(seen.list(ofUser: $0)) }, try #require(report.seen))
    }

    private func pack(_ text: String) throws -> (lists: [[UInt32]], report: SeenReport) {
        try pack(Array(text.utf8))
    }

    private func failure(_ text: [UInt8]) throws -> FileFailure? {
        let failure = #expect(throws: PackFailure.self) { try pack(text) }
        guard case .input(let input)? = failure else {
            Issue.record("\(String(describing: failure))")
            return nil
        }
        return input
    }

    private func failure(_ text: String) throws -> FileFailure? { try failure(Array(text.utf8)) }

    private static let wanted: [[UInt32]] = [[1], [0, 2]]

    /// A report of the same pairs of which nothing was left out.
    private func untouched(_ report: SeenReport) -> SeenReport {
        var whole = SeenReport()
        whole.packed = report.packed
        return whole
    }

    @Test(arguments: [
        "20\tpear\n3\tfig\n20\tapple", "20,pear\r\n3,fig\r\n20,apple\r\n",
        "\u{FEFF}3\tfig\n20\tapple\n20\tpear\n",
    ]) func separatorsAndLineEnds(_ text: String) throws {
        let (lists, report) = try pack(text)
        #expect(lists == Self.wanted && report == untouched(report))
    }

    @Test func duplicatesCountOnce() throws {
        let (lists, report) = try pack("20\tpear\n20\tapple\n3\tfig\n20\tpear\n20\tpear\n")
        #expect(lists == Self.wanted && report.duplicates == 2 && report.packed.pairs == 3)
    }

    @Test func headings() throws {
        for line in [
            "user_id\titem_id", "\"Customer ID\"\tStockCode", "id\tid", "nummer\tpear", "nummer\tartikel",
        ] {
            let (lists, report) = try pack("\(line)\n20\tpear\n20\tapple\n3\tfig\n")
            // A first line of which one id is known is a pair of an unknown user.
            let isHeading = line != "nummer\tpear"
            #expect(lists == Self.wanted, "\(line)")
            #expect(
                (report.heading != nil) == isHeading && report.unknown.pairs == (isHeading ? 0 : 1), "\(line)"
            )
        }
        let swapped = try failure("item_id\tuser_id\npear\t20\n")
        #expect(swapped?.field == "line 1" && swapped?.wanted.hasPrefix("users before items") == true)
        // Later lines are none.
        #expect(try pack("20\tpear\nuser_id\titem_id\n").report.unknown.pairs == 1)
    }

    @Test func unknownIDsAreCountedAndNamed() throws {
        let (lists, report) = try pack(
            "20\tpear\n21\tpear\n22\tkiwi\n21\tfig\n23\tfig\n24\tfig\n20\tapple\n3\tfig\n020\tfig\n20\tPear\n20\t\n"
        )
        #expect(lists == Self.wanted)
        #expect(report.unknown.pairs == 8)
        #expect(report.unknown.users.count == 6 && report.unknown.items.count == 3)
        #expect(report.unknown.users.examples == ["\"21\"", "\"22\"", "\"23\""])
        #expect(report.unknown.users.examples.count == Limits.unknownExamplesMax)
        #expect(report.unknown.items.examples == ["\"kiwi\"", "\"Pear\"", "\"\""])
        #expect(
            report.unknown.examples
                == "users such as \"21\", \"22\", \"23\"; items such as \"kiwi\", \"Pear\", \"\"")
    }

    /// White space and quotes belong to ids, as in files of ids.
    @Test func idsAreTakenAsTheyStand() throws {
        let (lists, report) = try pack("20\tpear \n\"20\"\tpear\n 3\tfig\n20\tapple\n")
        #expect(lists == [[], [0]] && report.unknown.pairs == 3)
        #expect(report.unknown.items.examples == ["\"pear \""])
    }

    @Test func noKnownPair() throws {
        let failure = try failure("20\t3\npear\t20\nfig\t3\n")
        #expect(failure?.field == "every pair")
        #expect(
            failure?.found
                == "one of unknown ids (users such as \"pear\", \"fig\"; items such as \"3\", \"20\")")
        #expect(try pack("").report.packed.pairs == 0)
        #expect(try pack("user\titem\n").report.packed.pairs == 0)
    }

    @Test func linesThatAreNoPair() throws {
        for (text, line, found) in [
            ("20\tpear\n\n3\tfig\n", "line 2", "\"\""), ("20 pear\n", "line 1", "\"20 pear\""),
            ("20\tpear\n3,fig\n", "line 2", "\"3,fig\""), ("20,pear,5\n", "line 1", "\"20,pear,5\""),
            ("20\tpear\n20\tfig\t2011\n", "line 2", "\"20\\tfig\\t2011\""),
        ] {
            let failure = try failure(text)
            #expect(failure?.field == line && failure?.file.hasSuffix("seen.txt") == true, "\(text)")
            #expect(failure?.wanted.contains("the id of a user and that of an item") == true)
            #expect(failure?.found == found)
        }
    }

    @Test func longestLine() throws {
        let user = "20\t"
        let rest = String(repeating: "x", count: Limits.pairLineBytesMax - user.utf8.count)
        for end in ["\n", "\r\n", ""] {
            #expect(try pack("20\tpear\n\(user)\(rest)\(end)").report.unknown.pairs == 1)
            let failure = try failure("20\tpear\n\(user)\(rest)x\(end)")
            #expect(
                failure?.field == "line 2" && failure?.wanted.contains("\(Limits.pairLineBytesMax)") == true)
        }
        // A line that never ends is not read to its end.
        let endless = Array("20\t".utf8) + [UInt8](repeating: 0x61, count: 3 << 20)
        #expect(try failure(endless)?.field == "line 1")
    }

    /// Lines on both sides of the places at which the file is read.
    @Test func filesOfManyChunks() throws {
        var generator = SeededGenerator.announced()
        var text: [UInt8] = []
        var wanted: [Set<UInt32>] = [[], []]
        let names = ["apple", "fig", "pear"]
        while text.count < 3 << 20 {
            let (user, item) = (
                Int.random(in: 0..<2, using: &generator), Int.random(in: 0..<4, using: &generator)
            )
            if item < 3 { wanted[user].insert(UInt32(item)) }
            let name =
                item < 3
                ? names[item] : String(repeating: "y", count: Int.random(in: 1...500, using: &generator))
            text += "\([3, 20][user])\t\(name)\n".utf8
        }
        let (lists, report) = try pack(text)
        #expect(lists == wanted.map { $0.sorted() })
        let lineCount = text.count { $0 == 0x0A }
        #expect(report.packed.pairs + report.duplicates + report.unknown.pairs == lineCount)
    }

    @Test func otherFormats() throws {
        for start in [[0xFF, 0xFE, 0x33, 0], [0xFE, 0xFF, 0, 0x33]] as [[UInt8]] {
            #expect(try failure(start)?.found == "UTF-16")
        }
        #expect(try failure([0x1F, 0x8B, 8, 0])?.found == "gzip")
        #expect(try failure(NpyBytes.floats([[1]]))?.found == "a .npy file")
    }

    @Test func randomBytes() throws {
        var generator = SeededGenerator.announced()
        let alphabet = Array("20\t3,\n\r\nfig\"pear\u{0}\u{FF}é".utf8) + [0xFF, 0x80]
        for _ in 0..<(isOptimised ? 500 : 60) {
            let count = Int.random(in: 0..<60, using: &generator)
            // May fail, but must not trap.
            _ = try? pack((0..<count).map { _ in alphabet.randomElement(using: &generator)! })
        }
    }

    @Test func bothSidesAreNeeded() throws {
        for side in Side.allCases {
            var packer = try TinyModel.packer(in: folder)
            packer.seen = folder.file("none")
            if side == .items { packer.items = nil } else { packer.users = nil }
            #expect(throws: PackFailure.sideMissing("--seen", side)) { try packer.run() }
        }
        var packer = try TinyModel.packer(in: folder)
        packer.items = nil
        packer.popularityColumn = "orders"
        #expect(throws: PackFailure.sideMissing("--popularity", .items)) { try packer.run() }
        packer.popularityColumn = nil
        packer.foldIn = try FoldInParameters(alpha: 1, lambda: 1)
        #expect(throws: PackFailure.sideMissing("--alpha", .items)) { try packer.run() }
    }

    @Test func aFileThatIsNotThere() throws {
        var packer = try TinyModel.packer(in: folder)
        packer.seen = folder.file("none")
        guard case .input(let failure)? = #expect(throws: PackFailure.self, performing: { try packer.run() })
        else { return }
        #expect(failure.file == folder.file("none") && failure.field == "open")
    }
}
