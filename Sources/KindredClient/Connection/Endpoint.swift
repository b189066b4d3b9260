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
