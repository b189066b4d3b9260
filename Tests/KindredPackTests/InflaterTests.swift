import Foundation
import KindredPack
import Testing
import TestSupport

/// DEFLATE streams of zlib, of the tests' own making, and damaged ones.
@Suite struct InflaterTests {
    // Level 9; and with fixed codes alone. Both have the content of `content`.
    private static let dynamic =
        "XVSLcoMwDPsVfm1Aj0GAde16dHz98EOyvbteA8SRLVlOm/fxcRs7X7pmD/YfTwzi6ife+FRCA2w5ueEoOBGbgO8aoJgpcreZ"
        + "CNdf5PSv2+4V2WoAGu35geTVAP+r79PqAUjqEmjt2AxNEra+H2tOn/G0UFuKEHGo6hSYqkmQFfEUP5cwUUCyKfpFhEPK7hJ1"
        + "Wcx9R7khTkigD9129P8B9ASgBtrGEHJPNAP66awbasK5pKHkNl2SubhdOLNFcJSq7x3fqB4zZGKh2UmH/9Ka92hjmMeOww4g"
        + "DzeUgmgucbkEJqbikWG9zm5L8tSZZRIedDJVZz1tH/WlzKYlYbLCqadlpiyo9ABDk3pbbIpZ4/BQDk4FRHYm0w/3rQYcT1WD"
        + "jAMOdEaxIznc8vzx3oj7IY/KC9CXxnRptmLm6MOgctUJys385tV3fSn+kATlhvuE6Ad54E6o4chh0HHNfjzD+o8kufzW4m9w"
        + "FpvNWtVTy92OPw=="
    private static let fixed =
        "y87MSylKTVGAUgrZEAaERLDgiuA0VEcFTAhFKcKwrCq4BNQUmA6EJMx4hWyYUXCbEHZnZ8JNABIIO6GiuXlQF0FoiAFg1VD7"
        + "YSZBXQMzPz8pCYmGKoBZCg0CsNthkogwQTIbzC/PQbYe2TywQyEUSkAgNKGGE8JMcJggPAsKPLD5yE5Ihwcg3Dco4YdQATUS"
        + "JJuFcBdETUEezLmIwEEEAZihkFuehG4AWAfMqGR4soGYgBwnYBtg8Qn1dTbMTTB9SGEIshsSLkiJCy6N4md4FMFSFDj0oTGe"
        + "Cw89uA3IHkOEWRU8hVfCk2YBIhoRiQeiHZYcYJ6HpQYUB8ETFyiVgxQi+RSURpJzgHpzs5DSVBVyMIH8AU/J8FCHuyc7LwXM"
        + "QcmbEEvglqH4KQmeZNKRAxQUB7BMgxS3KMkUltfgmQceHPBcAQtkqE/SS+DyEDfAtCO5GuYZqIHJ8JSBkhzhfkhFzn/wcgNR"
        + "PiBnlVKY0cAwhqdS5KSI7EdoZgAHF2oOQo7MQnjRBxRBSR8gC1BKuAxYoJfD/QErE1CVw+yAGI0oZhOLEUm/CCnIQSgHJX3D"
        + "/AxKZplgVxWDnZtbDgA="

    /// 1,500 bytes: letters and copies of what came before, some of which reach into themselves.
    private static let content: [UInt8] = {
        var bytes = Array("kindred ".utf8)
        var state = 1
        while bytes.count < 1_500 {
            state = (state &* 1_103_515_245 + 12_345) & 0x7FFF_FFFF
            let random = state >> 16
            if random % 4 == 0 {
                bytes.append(UInt8(97 + random / 4 % 26))
            } else {
                let place = random / 4 % bytes.count
                bytes += bytes[place..<min(place + 3 + random % 11, bytes.count)]
            }
        }
        return Array(bytes.prefix(1_500))
    }()

    private static func stream(_ text: String) -> [UInt8] { Array(Data(base64Encoded: text)!) }

    /// The content of a stream of this size. Throws where it is none.
    private func inflate(_ stream: [UInt8], size: Int) throws(Inflater.Fault) -> [UInt8] {
        // A canary behind the output.
        var output = [UInt8](repeating: 0xA5, count: size + 8)
        let fault: Inflater.Fault? = stream.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                do throws(Inflater.Fault) {
                    try Inflater.inflate(
                        input, into: UnsafeMutableRawBufferPointer(rebasing: output[..<size]))
                    return nil
                } catch {
                    return error
                }
            }
        }
        #expect(output.suffix(8).allSatisfy { $0 == 0xA5 })
        if let fault { throw fault }
        return Array(output.prefix(size))
    }

    @Test func streamsOfZlib() throws {
        for text in [Self.dynamic, Self.fixed] {
            let stream = Self.stream(text)
            #expect(try inflate(stream, size: Self.content.count) == Self.content)
            #expect(try inflate(stream + [1, 2, 3], size: Self.content.count) == Self.content)
        }
    }

    @Test func storedBlocks() throws {
        let stored = [0] + NpyBytes.bytes(UInt16(3)) + NpyBytes.bytes(~UInt16(3)) + Array("abc".utf8)
        let empty = [1] + NpyBytes.bytes(UInt16(0)) + NpyBytes.bytes(~UInt16(0))
        #expect(try inflate(stored + stored + empty, size: 6) == Array("abcabc".utf8))
        #expect(try inflate(empty, size: 0) == [])
        // After a block of fixed codes that ends within a byte: "abc", then a stored block.
        let mixed: [UInt8] = [0x4A, 0x4C, 0x4A, 0x06, 0x00] + stored.dropFirst() + empty
        #expect(try inflate(mixed, size: 6) == Array("abcabc".utf8))
    }

    @Test func anotherSize() throws {
        for text in [Self.dynamic, Self.fixed] {
            let stream = Self.stream(text)
            for size in [0, 1, Self.content.count - 1, Self.content.count + 1, Self.content.count + 1_000] {
                let fault = #expect(throws: Inflater.Fault.self) { try inflate(stream, size: size) }
                guard case .size(let least)? = fault else {
                    Issue.record("size \(size): \(String(describing: fault))")
                    continue
                }
                #expect(size > Self.content.count ? least == Self.content.count : least > size)
            }
        }
    }

    @Test func cutAtAnyByte() throws {
        for text in [Self.dynamic, Self.fixed] {
            let stream = Self.stream(text)
            for count in stream.indices {
                #expect(throws: Inflater.Fault.cut, "cut at \(count)") {
                    try inflate(Array(stream[..<count]), size: Self.content.count)
                }
            }
        }
    }

    /// Changed streams are refused or give some content of the right size. None reads or writes elsewhere.
    @Test func everyByteChanged() throws {
        var generator = SeededGenerator.announced()
        for text in [Self.dynamic, Self.fixed] {
            let stream = Self.stream(text)
            for index in stream.indices {
                for _ in 0..<(isOptimised ? 20 : 2) {
                    var changed = stream
                    changed[index] = UInt8.random(in: 0...255, using: &generator)
                    let content = try? inflate(changed, size: Self.content.count)
                    #expect(changed != stream || content == Self.content)
                }
            }
        }
    }

    @Test func randomBytes() throws {
        var generator = SeededGenerator.announced()
        for _ in 0..<(isOptimised ? 50_000 : 2_000) {
            let count = Int.random(in: 0..<200, using: &generator)
            var stream = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // Most begin as a block of type 2, which has the most to go wrong.
            if count > 0, Bool.random(using: &generator) { stream[0] = stream[0] & 0xF8 | 5 }
            _ = try? inflate(stream, size: 100)
        }
    }

    @Test func malformedBlocks() throws {
        func what(_ stream: [UInt8]) -> String? {
            guard
                case .malformed(let what)? = #expect(
                    throws: Inflater.Fault.self,
                    performing: {
                        try inflate(stream, size: 100)
                    })
            else { return nil }
            return what
        }
        #expect(what([7]) == "a block of type 3")
        #expect(what([1, 3, 0, 3, 0]) == "a stored block without its size")
        // A copy from before the first byte: length symbol 257 and distance symbol 0 of the fixed codes.
        #expect(what([0x03, 0x02, 0x00])?.hasPrefix("a copy from 1 bytes before") == true)
        #expect(what([0xFD, 0xFF, 0xFF, 0xFF]) == "a block with too many codes")
    }
}
