/// The types of frames. A reply's type is its request's with `replyBit` set.
package enum MessageType: UInt8, Sendable, CaseIterable {
    case hello = 0x01
    case ping = 0x03
    case goAway = 0x04
    case window = 0x05
    case cancel = 0x06
    case data = 0x07
    case recommend = 0x10
    case score = 0x11
    case getVectors = 0x12
    case lookalike = 0x20
    case modelList = 0x40
    case modelLoad = 0x41
    case modelActivate = 0x42
    case modelRollback = 0x43
    case stats = 0x45
    case health = 0x46

    /// Set in the type of every reply.
    package static let replyBit: UInt8 = 0x80
}
