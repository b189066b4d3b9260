import KindredDomain

/// The body of a reply that is encoded once and sent many times.
package struct EncodedBody: Sendable, Equatable {
    package let bytes: [UInt8]

    /// The body of a MODEL_LIST reply, of any size.
    package init(_ response: ModelListResponse) {
        var writer = ByteWriter()
        ModelStatusList.encode(response, into: &writer)
        bytes = writer.bytes
    }
}
