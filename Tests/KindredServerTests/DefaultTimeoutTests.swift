import KindredDomain
import KindredServer
import KindredWire
import TestSupport
import Testing

/// Requests that say no timeout.
@Suite(.serialized) struct DefaultTimeoutTests {
    /// They have the one that HELLO_OK says; what a request says itself counts before that.
    @Test func aRequestWithoutATimeoutHasTheServers() async throws {
        let folder = try TemporaryFolder()
        try folder.pack(users: [[1, 0], [0, 1]])
        var limits = Limits.standard
        limits.timeoutMillisecondsDefault = 50
        let server = try await RunningServer(folder, limits: limits)
        let connection = try RawConnection(port: server.endpoint.port)
        try connection.send(.hello(HelloRequest()), id: 1)
        guard case .helloOK(let hello) = try connection.reply() else {
            Issue.record("no HELLO_OK")
            return await server.stop()
        }
        #expect(hello.limits == limits)
        // Nothing is due before the last seed, which never comes.
        let opening = ClientMessage.lookalike(LookalikeRequest(size: .count(1)))
        for (id, own) in [(2, 0), (3, 70)] as [(UInt64, UInt32)] {
            try connection.send(opening, id: id, timeoutMilliseconds: own, end: false)
            guard case .failure(let failure) = try connection.reply() else {
                Issue.record("no failure")
                continue
            }
            #expect(failure.status == StatusCode.deadlineExceeded.rawValue)
            #expect(failure.value == (own == 0 ? 50 : 70))
        }
        await server.stop()
    }
}
