/// Another protocol that a client speaks by mistake, told by its first bytes so that the log can name it.
package enum ForeignProtocol: Sendable, Equatable {
    case http
    case tls

    /// The protocol that `bytes`, the first of a connection, begin; nil when it takes more bytes to tell, or
    /// when they are not known. Four bytes suffice for HTTP, two for TLS.
    package init?(firstBytes bytes: RawSpan) {
        if bytes.byteCount >= 2, bytes.integer(at: 0, as: UInt16.self) == 0x0316 {
            self = .tls
            return
        }
        guard bytes.byteCount >= 4 else { return nil }
        let word = bytes.integer(at: 0, as: UInt32.self)
        guard Self.methods.contains(where: { $0 == word }) else { return nil }
        self = .http
    }

    /// The first four bytes of HTTP's methods, and of HTTP/2's preface.
    private static let methods: [UInt32] = [
        word("GET "), word("POST"), word("HEAD"), word("PUT "), word("OPTI"), word("DELE"), word("PATC"),
        word("CONN"), word("PRI "),
    ]

    private static func word(_ text: StaticString) -> UInt32 {
        text.withUTF8Buffer { UnsafeRawBufferPointer($0).loadUnaligned(as: UInt32.self) }
    }
}

extension ForeignProtocol: CustomStringConvertible {
    package var description: String {
        switch self {
        case .http: "an HTTP request"
        case .tls: "a TLS hello"
        }
    }
}
