import KindredDomain

/// A checksum of answers: FNV-1a (Fowler, Noll and Vo, 1991) over ids and score bits in their order.
struct AnswerChecksum: Equatable, Sendable {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ answer: [RankingKey]) {
        add(UInt64(answer.count))
        for key in answer {
            add(UInt64(key.row))
            add(UInt64(key.score.bitPattern))
        }
    }

    mutating func add(_ word: UInt64) {
        for byte in 0..<8 {
            value ^= word >> UInt64(8 * byte) & 0xFF
            value = value &* 0x100_0000_01B3
        }
    }

    /// The checksum of one answer.
    static func of(_ answer: [RankingKey]) -> UInt64 {
        var checksum = AnswerChecksum()
        checksum.add(answer)
        return checksum.value
    }

    /// The checksum of several answers, as hexadecimal text.
    static func of(all answers: some Sequence<[RankingKey]>) -> String {
        var checksum = AnswerChecksum()
        for answer in answers { checksum.add(of(answer)) }
        return checksum.value.hexadecimal
    }
}
