import KindredDomain

/// The reply to a RECOMMEND as bytes, to be given to the same request again.
package enum RepeatedReply {
    /// The body of a reply as it was written: one of status OK and of one frame, of which alone one is given again; nil
    /// for others.
    package static func body(of frames: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard frames.count >= FrameHeader.byteCount else { return nil }
        let header = frames.bytes
        guard Int(exactly: header.integer(at: 0, as: UInt32.self)) == frames.count - FrameHeader.byteCount,
            header.integer(at: 20, as: UInt16.self) == StatusCode.ok.rawValue
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: frames[FrameHeader.byteCount...])
    }

    /// Makes the times of a body those of an answer that neither waited nor was computed.
    package static func clearTimes(of body: UnsafeMutableRawBufferPointer) {
        guard body.count >= BatchReplyHead.fixedLength else { return }
        UnsafeMutableRawBufferPointer(rebasing: body[BatchReplyHead.timesOffsets])
            .initializeMemory(as: UInt8.self, repeating: 0)
    }
}
