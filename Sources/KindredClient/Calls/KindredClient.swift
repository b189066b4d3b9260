// Ids, sides, similarities, model names and audience sizes are part of this module's interface.
@_exported public import KindredDomain
internal import KindredWire
internal import NIOCore

/// A client of one or more Kindred servers: a pool of connections, deadlines, and retries within a budget.
///
/// ```swift
/// let client = KindredClient(Endpoint(host: "127.0.0.1", port: 7411))
/// let answer = try await client.recommend(.user("17850"), k: 10)
/// for result in answer.results { print(result.id, result.score) }
/// await client.close()
/// ```
///
/// Make one client and keep it: any number of tasks may use it at once. Every call throws `KindredError`. A call that
/// reads is retried when the error is retryable; `activate` and `rollback` only when the server did not process them.
/// Cancelling a task cancels its call, on the server too.
public final class KindredClient: Sendable {
    let pool: ConnectionPool
    let configuration: ClientConfiguration
    private let budget: RetryBudget

    /// A client of servers that serve the same models. Each call goes to the connection with the fewest in flight.
    ///
    /// It begins to connect at once; calls wait for a connection. `endpoints` must not be empty.
    ///
    /// ```swift
    /// let client = KindredClient(endpoints: [
    ///     Endpoint(host: "10.0.0.7", port: 7411), Endpoint(host: "10.0.0.8", port: 7411),
    /// ])
    /// ```
    public init(endpoints: [Endpoint], configuration: ClientConfiguration = ClientConfiguration()) {
        precondition(!endpoints.isEmpty, "a client needs at least one endpoint")
        self.configuration = configuration
        pool = ConnectionPool(endpoints: endpoints, configuration: configuration)
        budget = RetryBudget(percent: configuration.retryPercentMax)
    }

    /// A client of one server.
    public convenience init(_ endpoint: Endpoint, configuration: ClientConfiguration = ClientConfiguration())
    {
        self.init(endpoints: [endpoint], configuration: configuration)
    }

    /// Closes all connections. Calls in flight, and later ones, fail with CONNECTION_LOST.
    public func close() async { await pool.close() }

    // MARK: Calls

    func deadline(_ timeout: Duration?) -> NIODeadline {
        .now() + TimeAmount(timeout ?? configuration.timeout)
    }

    /// A connection for one request. Where there is none, the error says that the request was not processed.
    func connection(by deadline: NIODeadline) async throws(KindredError) -> KindredConnection {
        do throws(KindredError) {
            return try await pool.connection(by: deadline)
        } catch {
            throw error.notProcessed
        }
    }

    /// Makes one call, and retries it within the budget and the deadline. `isRead`: a repetition changes nothing.
    func call(
        _ message: ClientMessage, isRead: Bool = true, timeout: Duration?
    ) async throws(KindredError) -> ServerReply {
        try await exchange(message, isRead: isRead, timeout: timeout).reply
    }

    /// The same, with the limits that the server announced. `admits` throws where these allow no such request; then
    /// nothing is sent.
    func exchange(
        _ message: ClientMessage, isRead: Bool = true, timeout: Duration?,
        admits: (Limits) throws(KindredError) -> Void = { _ in }
    ) async throws(KindredError) -> (reply: ServerReply, limits: Limits) {
        let deadline = deadline(timeout)
        budget.earn()
        var attempt = 1
        while true {
            do throws(KindredError) {
                let connection = try await connection(by: deadline)
                try admits(connection.limits)
                let reply = try await connection.exchange(message, deadline: deadline)
                return (reply, connection.limits)
            } catch {
                guard error.isRetryable, isRead || error.isNotProcessed, attempt < configuration.attemptsMax,
                    !Task.isCancelled, budget.spend()
                else { throw error }
                let wait = Self.wait(beforeAttempt: attempt + 1, asked: error.retryAfter)
                guard deadline - .now() > TimeAmount(wait) else { throw error }
                do { try await Task.sleep(for: wait) } catch { throw KindredError.cancelled }
                attempt += 1
            }
        }
    }

    /// A wait that doubles with each attempt, at least the one that the server asks for, spread at random.
    private static func wait(beforeAttempt attempt: Int, asked: Duration?) -> Duration {
        let own = Duration.milliseconds(5) * (1 << Swift.min(attempt, 8))
        return Swift.max(own, asked ?? .zero) * Double.random(in: 0.8...1.2)
    }
}

extension KindredError {
    /// A reply of another type than its request.
    static let wrongReply = KindredError.protocolError(
        .unexpectedFrame, "the reply is of another type than the request")
}
