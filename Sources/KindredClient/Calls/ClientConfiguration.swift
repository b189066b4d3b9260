internal import KindredDomain

/// The address of a server.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// A host name or an IP address.
    public var host: String
    /// The TCP port.
    public var port: Int

    /// A server's address.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// An address from `HOST:PORT`, or from `HOST` with port 7411. An IPv6 host is in brackets. Nil when the text is
    /// not of that form, and for a number alone, which is a port without a host.
    public init?(_ text: String) {
        var (host, port) = (text[...], UInt16(exactly: DefaultPort.number))
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            host = text[..<colon]
            port = UInt16(text[text.index(after: colon)...])
        } else if text.allSatisfy(\.isNumber) {
            return nil
        }
        guard let port else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// `HOST:PORT`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The connections of a client and its answer to failures.
///
/// ```swift
/// var configuration = ClientConfiguration()
/// configuration.timeout = .milliseconds(200)
/// configuration.connectionsPerEndpoint = 2
/// let client = KindredClient(Endpoint(host: "10.0.0.7", port: 7411), configuration: configuration)
/// ```
public struct ClientConfiguration: Sendable {
    /// Connections to each endpoint. One carries any number of calls at once; a second uses another core of the server.
    public var connectionsPerEndpoint = 1
    /// Time for a connection to be made and accepted.
    public var connectTimeout: Duration = .seconds(5)
    /// Time for a call whose options name none. A look-alike waits as long for its first rows, and then in each read.
    public var timeout: Duration = .seconds(10)
    /// Time for a whole look-alike, from its call to its last row.
    public var streamTimeout: Duration = .seconds(3_600)
    /// Attempts of one call, the first included.
    public var attemptsMax = 3
    /// Retries per hundred calls, at most, so that a struggling server does not get more work.
    public var retryPercentMax = 10
    /// Wait before the first reconnection. It doubles up to `reconnectDelayMax`, and is spread at random.
    public var reconnectDelayMin: Duration = .milliseconds(50)
    /// Longest wait before a reconnection.
    public var reconnectDelayMax: Duration = .seconds(5)
    /// Bytes of a look-alike's rows that may be on their way or unread. The server's limit is 64 MiB.
    public var windowBytes: UInt64 = 4 << 20
    /// The name of this client in the server's log.
    public var clientName = "kindred-swift"
    /// Sent when a connection opens. A server that checks no tokens ignores it.
    public var token: [UInt8]?

    /// The values above.
    public init() {}
}
