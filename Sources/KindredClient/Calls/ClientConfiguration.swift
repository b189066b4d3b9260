/// Where a server listens.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address.
    public var host: String
    /// A TCP port.
    public var port: Int

    /// A server's address.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// An address from `HOST:PORT`, an IPv6 host in brackets; nil when it is not of that form.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
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

/// How a client connects and what it does about failures.
public struct ClientConfiguration: Sendable {
    /// Connections to each endpoint.
    public var connectionsPerEndpoint = 1
    /// Time for a connection to be made and accepted.
    public var connectTimeout: Duration = .seconds(5)
    /// Time for a call that names none. A look-alike waits so long for its first rows, and then again for the
    /// next ones.
    public var timeout: Duration = .seconds(10)
    /// Time for a whole look-alike, from its opening to its end.
    public var streamTimeout: Duration = .seconds(3_600)
    /// Tries of one call, the first included.
    public var attemptsMax = 3
    /// Retries per hundred calls, at most: a struggling server is not given more work.
    public var retryPercentMax = 10
    /// Wait before the first reconnection; it doubles up to `reconnectDelayMax`, spread at random.
    public var reconnectDelayMin: Duration = .milliseconds(50)
    /// Longest wait before a reconnection.
    public var reconnectDelayMax: Duration = .seconds(5)
    /// Bytes of a look-alike's rows that may be on their way or unread; the server's limit is 64 MiB.
    public var windowBytes: UInt64 = 4 << 20
    /// The name the server's log shows.
    public var clientName = "kindred-swift"
    /// Presented to servers that ask for it.
    public var token: [UInt8]?

    /// The defaults.
    public init() {}
}
