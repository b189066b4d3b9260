import KindredDomain
import KindredServer
import KindredWire
import TestSupport
import Testing

/// Requests that state no timeout have the one that HELLO_OK states.
@Suite(.serialized) struct DefaultTimeoutTests {
    /// A timeout that a request states itself takes precedence.
    @Test func requestWithoutTimeoutHasTheServersDefault() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(users: [[1, 0], [0, 1]])
        var limits = Limits.standard
        limits.timeoutMillisecondsDefault = 50
        let server = try await RunningServer(folder, limits: limits)
        let peer = try RawPeer(port: server.endpoint.port)
        guard case .helloOK(let hello) = peer.hello.reply else {
            Issue.record("no HELLO_OK")
            return await server.stop()
        }
        #expect(hello.limits == limits)
        // The stream waits for a last seed, which never comes.
        let opening = ClientMessage.lookalike(LookalikeRequest(size: .count(1)))
        for own: UInt32 in [0, 70] {
            try peer.send(opening, timeoutMilliseconds: own, end: false)
            guard case .failure(let failure) = try peer.read().reply else {
                Issue.record("no failure")
                continue
            }
            #expect(failure.status == StatusCode.deadlineExceeded.rawValue)
            #expect(failure.value == (own == 0 ? 50 : 70))
        }
        await server.stop()
    }
}
