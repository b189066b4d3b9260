import Foundation
import KindredDomain
import KindredModel
import KindredSystem
import ModelTestSupport
import Testing
import TestSupport

/// The file of statistics of the tiny model: users 3 and 20 with the vectors (1, 0, 0) and (0.5, 0.25, 1).
@Suite struct PopulationFileTests {
    private static let name = ModelFiles.statistics
    private static let mean = PopulationHeader.byteCount
    private static let products = 192
    private static let norms = 256
    private static let sample = 704

    /// The failure of loading the model with this file and a manifest that agrees with it; nil if it loads.
    private func failure(_ model: TinyModel, _ bytes: [UInt8]) throws -> FileFailure? {
        try model.replaceAgreeing(Self.name, bytes)
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

    private func elements<Value: BitwiseCopyable>(
        _ bytes: [UInt8], at place: Int, count: Int, of type: Value.Type
    ) -> [Value] {
        bytes.withUnsafeBytes { bytes in
            (0..<count).map {
                bytes.loadUnaligned(fromByteOffset: place + $0 * MemoryLayout<Value>.stride, as: type)
            }
        }
    }

    private func content(_ version: LoadedVersion) throws -> [[UInt8]] {
        let statistics = try #require(version.statistics)
        return PopulationHeader.Section.allCases.map { statistics.bytes(of: $0) }
    }

    @Test func fileIsAsDocumented() throws {
        let model = try TinyModel()
        let bytes = try model.bytes(Self.name)
        let manifest = try Manifest.read(directory: model.directory)
        #expect(bytes.count == Self.sample + 8)
        #expect(Array(bytes[0..<8]) == Array("KINDSTAT".utf8))
        #expect(Array(bytes[8..<16]) == [1, 0, 0, 0, 3, 0, 0, 0])
        #expect(elements(bytes, at: 16, count: 2, of: UInt64.self) == [2, 2], "users, rows of the sample")
        #expect(Array(bytes[32..<48]) == manifest.fingerprint)
        #expect(
            elements(bytes, at: 48, count: 8, of: UInt64.self) == [
                128, 24, 192, 48, 256, 404, 704, 8,
            ])
        #expect(bytes[112..<128].allSatisfy { $0 == 0 })
        #expect(elements(bytes, at: Self.mean, count: 3, of: Double.self) == [0.75, 0.125, 0.5])
        #expect(
            elements(bytes, at: Self.products, count: 6, of: Double.self) == [
                1.25, 0.125, 0.0625, 0.5, 0.25, 1,
            ])
        let norms = elements(bytes, at: Self.norms, count: 101, of: Float.self)
        #expect(norms == Array(repeating: 1, count: 100) + [Float(1.3125.squareRoot())])
        let order = [UInt64(3), 20].map { IDHash.of($0) }
        #expect(
            elements(bytes, at: Self.sample, count: 2, of: UInt32.self)
                == (order[0] < order[1] ? [0, 1] : [1, 0])
        )
        let version = try model.load()
        #expect(version.statisticsBuilt == nil)
        #expect(version.manifest.files.map(\.name).contains(Self.name))
    }

    @Test func aVersionWithoutTheFileHasTheSameStatistics() throws {
        let model = try TinyModel()
        let stored = try model.load()
        let later = Array(try model.bytes(Self.name)[0..<8]) + [7, 0, 0, 0]
        try model.replaceAgreeing(Self.name, later + [UInt8](repeating: 9, count: 200))
        let rebuilt = try model.load()
        #expect(rebuilt.statisticsBuilt == .layout(found: 7, read: 1))
        try model.edit { $0.files.removeAll { $0.name == Self.name } }
        for loading in [VectorLoading.memory, .map] {
            let bare = try model.load(loading)
            #expect(bare.statisticsBuilt == .missing)
            #expect(try content(bare) == content(stored) && content(rebuilt) == content(stored))
        }
    }

    @Test func cutOrLonger() throws {
        let model = try TinyModel()
        let whole = try model.bytes(Self.name)
        for count in Array(0..<whole.count) + [whole.count + 1, whole.count + 64] {
            let bytes = Array((whole + [UInt8](repeating: 0, count: 64))[0..<count])
            try model.replace(Self.name, bytes)
            #expect(throws: FileFailure.self, "\(count) bytes") { try model.load() }
            #expect(try failure(model, bytes)?.file == Self.name, "\(count) bytes")
            try model.replaceAgreeing(Self.name, whole)
        }
        _ = try model.load()
    }

    @Test func everyByteChanged() throws {
        var generator = SeededGenerator.announced()
        let model = try TinyModel()
        let whole = try model.bytes(Self.name)
        let manifest = try model.bytes(ModelFiles.manifest)
        for index in whole.indices {
            var bytes = whole
            bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            try model.replace(Self.name, bytes)
            let failure = #expect(throws: FileFailure.self) { try model.load() }
            #expect(failure?.file == Self.name && failure?.field == "CRC32C", "byte \(index)")
            try model.replaceAgreeing(Self.name, bytes)
            if let version = try? model.load() {
                let isLayout = (8..<12).contains(index)
                #expect(isLayout || index >= Self.mean, "byte \(index)")
                #expect((version.statisticsBuilt != nil) == isLayout, "byte \(index)")
                let statistics = try #require(version.statistics)
                #expect(statistics.mean.withElements { $0.allSatisfy(\.isFinite) })
                #expect(statistics.products.withElements { $0.allSatisfy(\.isFinite) })
                if !isLayout {
                    // What a server takes, the check finds.
                    let failure = #expect(throws: FileFailure.self, "byte \(index)") {
                        try PopulationStatistics.check(
                            statistics, against: version.users!, codes: version.userCodes!)
                    }
                    #expect(failure?.file == Self.name)
                }
            }
            try model.replace(ModelFiles.manifest, manifest)
        }
    }

    @Test func fieldsOutOfRange() throws {
        let model = try TinyModel()
        let whole = try model.bytes(Self.name)
        func field(_ bytes: [UInt8]) throws -> String? { try failure(model, bytes)?.field }
        #expect(try field([]) == "byte count" && field(Array(whole[..<127])) == "byte count")
        #expect(try field(changed(whole, at: 7, to: UInt8(0))) == "magic")
        #expect(try field(changed(whole, at: 12, to: UInt32(4))) == "dimension")
        #expect(try field(changed(whole, at: 16, to: UInt64(3))) == "users")
        #expect(try field(changed(whole, at: 24, to: UInt64(1))) == "rows of the sample")
        #expect(try field(changed(whole, at: 32, to: ~whole[32])) == "fingerprint")
        for (index, name) in ["mean", "products", "norms", "sample"].enumerated() {
            for value in [0, 1, 1 << 40, UInt64.max] {
                #expect(try field(changed(whole, at: 48 + 16 * index, to: value)) == name + ".offset")
                #expect(try field(changed(whole, at: 56 + 16 * index, to: value)) == name + ".bytes")
            }
        }
        #expect(try field(changed(whole, at: 127, to: UInt8(1))) == "byte 127")
        #expect(try field(changed(whole, at: 191, to: UInt8(1))) == "byte 191")
    }

    @Test func valuesOutOfRange() throws {
        let model = try TinyModel()
        let whole = try model.bytes(Self.name)
        func field<Value: FixedWidthInteger>(_ place: Int, _ value: Value) throws -> String? {
            try failure(model, changed(whole, at: place, to: value))?.field
        }
        for value in [Double.nan, .infinity, -.infinity] {
            #expect(try field(Self.mean + 16, value.bitPattern) == "mean[2]")
            #expect(try field(Self.products + 40, value.bitPattern) == "products[5]")
        }
        for value in [Float.nan, .infinity, -1, 0.5, 0x1p61] {
            #expect(try field(Self.norms + 40, value.bitPattern) == "norms[10]", "\(value)")
        }
        #expect(try field(Self.norms, Float(-1).bitPattern) == "norms[0]")
        #expect(try field(Self.norms, Float(1.1).bitPattern) == "norms[1]")
        let sample = elements(whole, at: Self.sample, count: 2, of: UInt32.self)
        #expect(try field(Self.sample, UInt32(2)) == "sample[0]")
        #expect(try field(Self.sample, UInt32.max) == "sample[0]")
        #expect(try field(Self.sample, sample[1]) == "sample[1]", "a row that stands there twice")
        let turned = changed(
            changed(whole, at: Self.sample, to: sample[1]), at: Self.sample + 4, to: sample[0])
        #expect(try failure(model, turned)?.field == "sample[1]")
    }

    @Test func ofAnotherPackOrAbsent() throws {
        let model = try TinyModel()
        let other = try TinyModel()
        #expect(try failure(model, try other.bytes(Self.name))?.field == "fingerprint")
        try FileManager.default.removeItem(atPath: model.directory + "/" + Self.name)
        let failure = #expect(throws: FileFailure.self) { try model.load() }
        #expect(failure?.file == Self.name && failure?.field == "open")
    }

    @Test func demandOfMemory() throws {
        let model = try TinyModel()
        var manifest = try model.load().manifest
        let (held, making) = PopulationStatistics.byteCounts(rowCount: 2, dimension: 3)
        #expect(held == (64 + 8) * 8 + 101 * 4 + 2 * 4 && making == held + (64 + 8) * 8)
        let stored = MemoryDemand(of: manifest, loading: .map).byteCount
        manifest.files.removeAll { $0.name == Self.name }
        let bare = MemoryDemand(of: manifest, loading: .map).byteCount
        manifest.users = nil
        let without = MemoryDemand(of: manifest, loading: .map).byteCount
        #expect(Int(stored) - Int(bare) == held + 712 - making && bare > without)
    }
}
