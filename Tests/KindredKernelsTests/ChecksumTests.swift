import KindredChecksum
import TestSupport
import Testing

@Suite struct ChecksumTests {
    /// The check values of the "Catalogue of parametrised CRC algorithms", over "123456789".
    @Test func knownValues() {
        let digits = Array("123456789".utf8)
        digits.withUnsafeBytes {
            #expect(CRC32.of($0) == 0xCBF4_3926)
            #expect(CRC32C.of($0) == 0xE306_9283)
        }
        #expect(CRC32.of(UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
    }

    @Test func updatesInPiecesGiveTheChecksumOfTheWhole() {
        var generator = SeededGenerator.announced()
        let bytes = (0..<1_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bytes.withUnsafeBytes { all in
            for _ in 0..<50 {
                let cut = Int.random(in: 0...1_000, using: &generator)
                var zlib = CRC32()
                var castagnoli = CRC32C()
                for part in [all[..<cut], all[cut...]] {
                    zlib.update(UnsafeRawBufferPointer(rebasing: part))
                    castagnoli.update(UnsafeRawBufferPointer(rebasing: part))
                }
                #expect(zlib.value == CRC32.of(all))
                #expect(castagnoli.value == CRC32C.of(all))
            }
        }
    }

    /// Checksums of single pieces are joined to that of the whole; some pieces are empty, one input is 20 MiB of zeros.
    @Test func checksumsOfPiecesAreJoined() {
        var generator = SeededGenerator.announced()
        let bytes = (0..<5_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bytes.withUnsafeBytes { all in
            for _ in 0..<200 {
                let cuts = (0..<3).map { _ in Int.random(in: 0...5_000, using: &generator) }.sorted()
                var joined = CRC32C()
                for (first, end) in zip([0] + cuts, cuts + [5_000]) {
                    let part = UnsafeRawBufferPointer(rebasing: all[first..<end])
                    var alone = CRC32C()
                    alone.update(part)
                    joined.append(alone, byteCount: part.count)
                }
                #expect(joined.value == CRC32C.of(all), "cut at \(cuts)")
            }
        }
        let zeros = [UInt8](repeating: 0, count: 20 << 20)
        zeros.withUnsafeBytes { all in
            var joined = CRC32C()
            for part in [all[..<(1 << 20)], all[(1 << 20)...]] {
                var alone = CRC32C()
                alone.update(UnsafeRawBufferPointer(rebasing: part))
                joined.append(alone, byteCount: part.count)
            }
            #expect(joined.value == CRC32C.of(all))
        }
    }

    /// Long inputs are summed in parallel stretches. The definition takes one bit at a time.
    @Test func longInputsMatchTheDefinition() {
        var generator = SeededGenerator.announced()
        let bytes = (0..<30_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for count in [4_095, 12_287, 12_288, 12_289, 24_576, 30_000] {
            var wanted = ~UInt32(0)
            for byte in bytes[..<count] {
                wanted ^= UInt32(byte)
                for _ in 0..<8 { wanted = wanted & 1 == 1 ? wanted >> 1 ^ 0x82F6_3B78 : wanted >> 1 }
            }
            #expect(bytes[..<count].withUnsafeBytes { CRC32C.of($0) } == ~wanted, "\(count) bytes")
        }
    }
}
