import KindredChecksum
import TestSupport
import Testing

@Suite struct ChecksumTests {
    /// The check values of the catalogue of parametrised CRC algorithms, over "123456789".
    @Test func knownValues() {
        let digits = Array("123456789".utf8)
        digits.withUnsafeBytes {
            #expect(CRC32.of($0) == 0xCBF4_3926)
            #expect(CRC32C.of($0) == 0xE306_9283)
        }
        #expect(CRC32.of(UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
    }

    @Test func piecesGiveTheSameAsTheWhole() {
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
}
