import Foundation
import KindredDomain
import KindredModel
import KindredPack
import KindredSystem
import ModelTestSupport
import Testing
import TestSupport

/// Loading codes files that differ from what the packer writes.
@Suite struct CodesFileTests {
    private static let items = ModelFiles.codes(of: .items)
    /// The begin of each section for the tiny model's three items, which are one block of one group.
    private static let rows = 128
    private static let codes = 192
    private static let blocks = 256

    private func failure(
        _ model: TinyModel, _ bytes: [UInt8], name: String = Self.items
    ) throws -> FileFailure? {
        try model.replaceAgreeing(name, bytes)
        do throws(FileFailure) {
            _ = try model.load()
            return nil
        } catch {
            return error
        }
    }

    private func changed<Value: FixedWidthInteger>(
        _ bytes: [UInt8], at offset: Int, to value: Value
    ) -> [UInt8] {
        var bytes = bytes
        bytes.replaceSubrange(offset..<offset + Value.bitWidth / 8, with: NpyBytes.bytes(value))
        return bytes
    }

    @Test func headerIsAsDocumented() throws {
        let model = try TinyModel()
        let bytes = try model.bytes(Self.items)
        let manifest = try Manifest.read(directory: model.directory)
        #expect(bytes.count == Self.blocks + 24)
        #expect(Array(bytes[0..<8]) == Array("KINDCODE".utf8))
        #expect(Array(bytes[8..<24]) == [1, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(bytes[24..<40]) == manifest.fingerprint)
        let sections = stride(from: 40, to: 88, by: 8).map { Int(bytes[$0]) + Int(bytes[$0 + 1]) << 8 }
        #expect(sections == [Self.rows, 12, Self.codes, 64, Self.blocks, 24])
        #expect(bytes[88..<128].allSatisfy { $0 == 0 })
        // Rows in descending norm.
        #expect(Array(bytes[128..<140]) == [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0])
    }

    @Test(arguments: [1, 15, 16, 17, 2_000]) func roundTrip(count: Int) throws {
        var generator = SeededGenerator.announced()
        for metric in Similarity.allCases {
            let folder = try TemporaryFolder()
            let rows = VectorShape.skewed.rows(count: count, dimension: 5, using: &generator)
            // Shuffled ids, so that the order of stored rows differs from the input's.
            let ids = (0..<count).shuffled(using: &generator).map { "id-\($0)" }.joined(separator: "\n")
            var packer = Packer(root: folder.file("models"), name: TinyModel.name, metric: metric)
            packer.users = PackInput(
                vectors: try folder.write("v.npy", NpyBytes.floats(rows)),
                ids: try folder.write("i.txt", ids))
            var steps: Set<String> = []
            packer.progress = {
                if case .coding(let side, _, let rows) = $0 { steps.insert("\(side) \(rows)") }
            }
            let report = try packer.run()
            #expect(steps == ["users \(count)"])
            #expect(
                report.manifest.files.map(\.name) == ["users.safetensors", "users.codes", "users.statistics"])
            let loaded = try VersionLoader().load(
                directory: report.directory, expecting: TinyModel.name, version: 1)
            let users = try #require(loaded.users)
            let codes = try #require(loaded.codes(.users))
            #expect(loaded.codesBuilt.isEmpty && loaded.codes(.items) == nil)
            #expect(CodesBytes.of(codes) == CodesBytes.of(try Int8Codes(building: users)))
            #expect(UInt(bitPattern: codes.view.codes) % 64 == 0)
            try Int8Codes.check(codes, against: users)
        }
    }

    @Test func cutOrLonger() throws {
        let model = try TinyModel()
        let whole = try model.bytes(Self.items)
        let manifest = try model.bytes(ModelFiles.manifest)
        for count in Array(0..<whole.count) + [whole.count + 1, whole.count + 64] {
            let bytes = Array((whole + [UInt8](repeating: 0, count: 64))[0..<count])
            try model.replace(Self.items, bytes)
            #expect(throws: FileFailure.self, "\(count) bytes") { try model.load() }
            #expect(try failure(model, bytes)?.file == Self.items, "\(count) bytes")
            try model.replace(ModelFiles.manifest, manifest)
        }
    }

    @Test func everyByteChanged() throws {
        var generator = SeededGenerator.announced()
        let model = try TinyModel()
        let whole = try model.bytes(Self.items)
        let manifest = try model.bytes(ModelFiles.manifest)
        let wanted = CodesBytes.of(try model.load())
        for index in whole.indices {
            var bytes = whole
            bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            try model.replace(Self.items, bytes)
            let failure = #expect(throws: FileFailure.self) { try model.load() }
            #expect(failure?.field == "CRC32C")
            try model.replaceAgreeing(Self.items, bytes)
            // Codes of another layout are made again. Other changes are refused; changed codes and bounds are found by
            // comparing them with the vectors.
            let isLayout = (8..<12).contains(index)
            let version = try? model.load()
            #expect((version != nil) == isLayout, "byte \(index)")
            #expect(version?.codesBuilt[.items] != nil || !isLayout, "byte \(index)")
            #expect(version.map { CodesBytes.of($0) == wanted } ?? true, "byte \(index)")
            if let version = try? model.load(.map), !isLayout {
                #expect(index >= Self.codes, "byte \(index)")
                #expect(throws: FileFailure.self, "byte \(index)") {
                    try Int8Codes.check(try #require(version.itemCodes), against: version.items!)
                }
            }
            try model.replace(ModelFiles.manifest, manifest)
        }
    }

    @Test func ofAnotherPackOrSide() throws {
        let model = try TinyModel()
        let other = try TinyModel()
        let failure = try failure(model, try other.bytes(Self.items))
        #expect(failure?.field == "fingerprint")
        #expect(try self.failure(model, try model.bytes("users.codes"))?.field == "rows")
    }

    @Test func codesOfAnotherLayoutOrWithoutFileAreMadeInMemory() throws {
        let model = try TinyModel()
        let version = try model.load()
        #expect(version.codesBuilt.isEmpty)
        // The rest of a later layout is unknown.
        let later = Array(try model.bytes(Self.items)[0..<8]) + [7, 0, 0, 0, 9]
        try model.replaceAgreeing(Self.items, later)
        let built = try model.load()
        #expect(built.codesBuilt == [.items: .layout(found: 7, read: 1)])
        #expect(CodesBytes.of(built) == CodesBytes.of(version))
        try model.edit { $0.files.removeAll { $0.name.hasSuffix(".codes") } }
        let bare = try model.load(.map)
        #expect(bare.codesBuilt == [.items: .missing, .users: .missing])
        #expect(CodesBytes.of(bare) == CodesBytes.of(version))
    }

    @Test func filesThatAreNamedButAbsentOrEmpty() throws {
        let model = try TinyModel()
        #expect(try failure(model, [])?.field == "byte count")
        #expect(try failure(model, Array("KINDCODE".utf8))?.field == "byte count")
        try FileManager.default.removeItem(atPath: model.directory + "/" + Self.items)
        let failure = #expect(throws: FileFailure.self) { try model.load() }
        #expect(failure?.file == Self.items && failure?.field == "open")
    }

    @Test func rowsThatAreNoPermutationInOrder() throws {
        let model = try TinyModel()
        let whole = try model.bytes(Self.items)
        for (position, row, found) in [(0, 3, "3"), (1, UInt32.max, "4294967295")] as [(Int, UInt32, String)]
        {
            let failure = try failure(model, changed(whole, at: Self.rows + 4 * position, to: row))
            #expect(failure?.field == "rows[\(position)]" && failure?.found == found)
        }
        let duplicate = try failure(model, changed(whole, at: Self.rows + 4, to: UInt32(1)))
        #expect(duplicate?.field == "rows[1]")
        let swapped = changed(
            changed(whole, at: Self.rows, to: UInt32(0)), at: Self.rows + 4, to: UInt32(1))
        #expect(try failure(model, swapped)?.field == "rows[1]")
    }

    @Test func sectionsAtOtherPlaces() throws {
        let model = try TinyModel()
        let whole = try model.bytes(Self.items)
        for (entry, field) in [
            (40, "rows.offset"), (48, "rows.bytes"), (56, "codes.offset"), (64, "codes.bytes"),
            (72, "blocks.offset"), (80, "blocks.bytes"),
        ] {
            for value in [0, 64, 128, 130, 256, UInt64(whole.count), 1 << 40, 1 << 63, .max] {
                let bytes = changed(whole, at: entry, to: value)
                if bytes == whole { continue }
                #expect(try failure(model, bytes)?.field == field, "\(value) at \(entry)")
            }
        }
        #expect(try failure(model, changed(whole, at: 12, to: UInt32(4)))?.field == "dimension")
        #expect(try failure(model, changed(whole, at: 16, to: UInt64.max))?.field == "rows")
        #expect(try failure(model, changed(whole, at: 120, to: UInt64(1)))?.field == "byte 120")
        #expect(try failure(model, changed(whole, at: Self.codes - 1, to: UInt8(1)))?.field == "byte 191")
    }

    @Test func boundsOutOfRange() throws {
        let model = try TinyModel()
        let whole = try model.bytes(Self.items)
        let members = ["scale", "inverse_scale", "error", "coded_norm", "norm_min", "norm_max"]
        for (index, member) in members.enumerated() {
            for value in [Float.nan, -1, .infinity, -.infinity, 0x1p61] {
                let bytes = changed(whole, at: Self.blocks + 4 * index, to: value.bitPattern)
                #expect(try failure(model, bytes)?.field == "blocks[0].\(member)", "\(value)")
            }
        }
    }

    @Test func blocksOutOfOrder() throws {
        let folder = try TemporaryFolder()
        var packer = Packer(root: folder.file("models"), name: TinyModel.name)
        packer.items = PackInput(
            vectors: try folder.write("v.npy", NpyBytes.floats((0..<17).map { [Float($0 + 1)] })),
            ids: try folder.write("i.txt", (0..<17).map { "\($0)" }.joined(separator: "\n")))
        let model = TinyModel(folder: folder, directory: try packer.run().directory)
        let whole = try model.bytes(Self.items)
        // The greatest norm of the second block is 1, that of the first 17. The value 17 is in order but wrong.
        let place = whole.count - 4
        let other = try failure(model, changed(whole, at: place, to: Float(17).bitPattern))
        #expect(other?.field == "blocks[1].norm_max")
        #expect(other?.wanted.contains("as the vectors give it") == true)
        #expect(throws: Never.self) { try model.load(.map) }
        let failure = try failure(model, changed(whole, at: place, to: Float(18).bitPattern))
        #expect(failure?.field == "blocks[1].norm_max" && failure?.found == "18.0")
    }
}
