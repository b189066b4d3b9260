import KindredDomain
import KindredModel
import KindredSystem
import ModelTestSupport
import Testing
import TestSupport

/// The members of a manifest for popularity, folding in and seen pairs.
@Suite struct ShopManifestTests {
    private let manifest: Manifest

    init() throws { manifest = try TinyModel(seen: "3\tfig").load().manifest }

    /// The failure of the document with a member replaced by this JSON; nil if it is read.
    private func failure(_ member: String, _ json: String) throws -> FileFailure? {
        let value = try Array(json.utf8).withUnsafeBytes { try JSONParser.parse($0, file: "test") }
        guard case .object(var members) = manifest.json else { return nil }
        members.removeAll { $0.name == member }
        members.append(JSONMember(member, value))
        do throws(FileFailure) {
            _ = try Manifest(json: Array(JSONWriter.pretty(.object(members)).utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test func settingsSurviveWithAllBits() throws {
        var generator = SeededGenerator.announced()
        var pairs: [(Double, Double)] = [
            (3, 15), (40, 0), (0.1, 1e-300), (.leastNonzeroMagnitude, -0.0), (0x1p60, 0x1p60),
            (1e17, 123456789.125),
        ]
        while pairs.count < 2_000 {
            let random = (0..<2).map { _ in
                Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &generator))
            }
            guard random.allSatisfy({ $0 > 0 && $0 <= 0x1p60 }) else { continue }
            pairs.append((random[0], random[1]))
        }
        for (alpha, lambda) in pairs {
            var changed = manifest
            changed.foldIn = try FoldInParameters(alpha: alpha, lambda: lambda)
            let read = try Manifest(json: changed.encoded)
            #expect(read == changed)
            #expect(read.foldIn?.alpha.bitPattern == alpha.bitPattern)
            #expect(read.foldIn?.lambda.bitPattern == lambda.bitPattern)
        }
    }

    @Test func malformedSettings() throws {
        for (json, field, found) in [
            ("3", "fold_in", "3"), ("{}", "fold_in.alpha", "absent"),
            (#"{"alpha": 1}"#, "fold_in.lambda", "absent"),
            (#"{"alpha": "1", "lambda": 1}"#, "fold_in.alpha", "\"1\""),
            (#"{"alpha": 1e999, "lambda": 1}"#, "fold_in.alpha", "1e999"),
            (#"{"alpha": 0.0, "lambda": 1}"#, "fold_in.alpha", "0.0"),
            (#"{"alpha": 1, "lambda": -2}"#, "fold_in.lambda", "-2"),
            (#"{"alpha": 1152921504606847232, "lambda": 1}"#, "fold_in.alpha", "1152921504606847232"),
            (#"{"alpha": 1, "lambda": 1152921504606847232}"#, "fold_in.lambda", "1152921504606847232"),
            (#"{"alpha": 1, "lambda": null}"#, "fold_in.lambda", "null"),
        ] {
            let failure = try failure("fold_in", json)
            #expect(failure?.field == field && failure?.found == found, "\(json)")
        }
        #expect(try failure("fold_in", #"{"alpha": 1, "lambda": 0}"#) == nil)
        #expect(try failure("fold_in", #"{"alpha": 1, "lambda": 0, "later": 7}"#) == nil)
    }

    @Test func popularityColumns() throws {
        let longest = String(repeating: "c", count: Limits.columnNameBytesMax)
        for json in ["7", "null", "\"\"", "\"\(longest)c\""] {
            #expect(try failure("popularity_column", json)?.field == "popularity_column", "\(json)")
        }
        #expect(try failure("popularity_column", "\"\(longest)\"") == nil)
        var changed = manifest
        changed.popularityColumn = "orders"
        let read = try Manifest(json: changed.encoded)
        #expect(read == changed && read.popularitySource == .column("orders"))
        changed.popularityColumn = nil
        #expect(changed.popularitySource == .seenPairs)
    }

    /// Seen pairs need both sides; popularity and folding in need items.
    @Test func membersOfAbsentSides() throws {
        func field(_ change: (inout Manifest) throws -> Void) throws -> String? {
            var changed = manifest
            try change(&changed)
            return #expect(throws: FileFailure.self) { try Manifest(json: changed.encoded) }?.field
        }
        func drop(_ side: Side, of manifest: inout Manifest) {
            if side == .items { manifest.items = nil } else { manifest.users = nil }
            manifest.files.removeAll { $0.name.hasPrefix("\(side)") }
        }
        for side in Side.allCases {
            #expect(try field { drop(side, of: &$0) } == "files.seen.csr")
        }
        func dropItemsAndSeen(_ manifest: inout Manifest) {
            drop(.items, of: &manifest)
            manifest.files.removeAll { $0.name == ModelFiles.seen }
        }
        #expect(
            try field {
                dropItemsAndSeen(&$0)
                $0.popularityColumn = "orders"
            } == "popularity_column")
        #expect(
            try field {
                dropItemsAndSeen(&$0)
                $0.foldIn = try FoldInParameters(alpha: 1, lambda: 1)
            } == "fold_in")
    }
}
