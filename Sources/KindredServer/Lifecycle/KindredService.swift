import NIOCore
import ServiceLifecycle

/// Starts a server and runs it until the service is told to stop.
package struct KindredService: Service {
    private let server: KindredServer
    private let ready: @Sendable (_ listener: any Channel) -> Void

    /// `ready` is called once the server listens. Signals are handled before that.
    package init(server: KindredServer, ready: @escaping @Sendable (_ listener: any Channel) -> Void) {
        self.server = server
        self.ready = ready
    }

    /// Throws where the server cannot listen. A server that is told to stop while it loads ends without an error.
    package func run() async throws {
        let server = server
        let listener: any Channel
        do {
            listener = try await withGracefulShutdownHandler {
                try await server.listen()
            } onGracefulShutdown: {
                server.stopStarting()
            }
        } catch StartFailure.stopped {
            return
        }
        ready(listener)
        // Returns, or throws where the task is cancelled: it is time to stop either way.
        try? await gracefulShutdown()
        await server.shutDown(listener)
    }
}
