/// The flags of a frame header.
package struct FrameFlags: OptionSet, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The last frame of this sender for this request.
    package static let end = FrameFlags(rawValue: 1)
    /// Flags that a receiver must understand, none of which version 1 has.
    package static let mandatory = FrameFlags(rawValue: 0xF000)
}
