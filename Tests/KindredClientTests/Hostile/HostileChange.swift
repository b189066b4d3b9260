import KindredWire
import TestSupport

/// Changes bytes in the bodies of frames. The headers stay right, so that the client decodes the bodies.
struct HostileChange {
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    /// The same frames with one to four changes in each body: a byte, or a number of four bytes.
    func callAsFunction(_ bytes: [UInt8]) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        var changed = bytes
        var frame = 0
        while frame + FrameHeader.byteCount <= bytes.count,
            let header = try? FrameHeader(
                decoding: bytes.span.bytes.extracting(frame..<bytes.count), bodyBytesMax: 4 << 20)
        {
            let body = frame + FrameHeader.byteCount
            let end = body + Int(header.bodyLength)
            guard end <= bytes.count else { break }
            for _ in 0..<Int.random(in: 1...4, using: &random) where end - body >= 8 {
                let place = Int.random(in: body..<end - 4, using: &random)
                if Bool.random(using: &random) {
                    changed[place] = UInt8.random(in: 0...255, using: &random)
                } else {
                    let number =
                        [0, 1, 7, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF].randomElement(using: &random) ?? 0
                    for byte in 0..<4 {
                        changed[place + byte] = UInt8(truncatingIfNeeded: number >> (8 * byte))
                    }
                }
            }
            frame = end
        }
        return changed
    }
}
