// Ids, sides, similarities, model names and audience sizes are part of this module's interface.
@_exported public import KindredDomain
internal import KindredWire
internal import NIOCore

/// A client of one or more Kindred servers: a pool of connections, deadlines, and retries within a budget.
///
/// Any number of tasks may use it at once. Calls that only read are retried when the error says that this may
/// help; calls that change what serves only when the server says that it did nothing.
public final class KindredClient: Sendable {
    let pool: ConnectionPool
    let configuration: ClientConfiguration
    private let budget: RetryBudget

    /// A client that begins to connect at once.
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

    /// Ends all connections; calls in flight fail with CONNECTION_LOST.
    public func close() async { await pool.close() }

    // MARK: Calls

    func deadline(_ timeout: Duration?) -> NIODeadline {
        .now() + TimeAmount(timeout ?? configuration.timeout)
    }

    /// A connection to send a request on. Without one, the request was not processed.
    func connection(by deadline: NIODeadline) async throws(KindredError) -> KindredConnection {
        do throws(KindredError) {
            return try await pool.connection(by: deadline)
        } catch {
            throw error.notProcessed
        }
    }

    /// Makes one call and, where that may help, makes it again.
    func call(
        _ message: ClientMessage, isRead: Bool = true, timeout: Duration?
    ) async throws(KindredError) -> ServerReply {
        let deadline = deadline(timeout)
        budget.earn()
        var attempt = 1
        while true {
            do throws(KindredError) {
                return try await connection(by: deadline).exchange(message, deadline: deadline)
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

    /// A wait that doubles, spread at random, and is at least what the server asked for.
    private static func wait(beforeAttempt attempt: Int, asked: Duration?) -> Duration {
        let own = Duration.milliseconds(5) * (1 << Swift.min(attempt, 8))
        return Swift.max(own, asked ?? .zero) * Double.random(in: 0.8...1.2)
    }
}

extension KindredError {
    /// An answer of another type than the question's.
    static let wrongReply = KindredError.protocolError(
        .unexpectedFrame, "the reply is of another type than the request")
}
