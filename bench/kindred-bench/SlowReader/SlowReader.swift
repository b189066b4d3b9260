import KindredClient

/// Reads an audience at a fixed rate for a while, then as fast as it comes.
struct SlowReader {
    /// What a read gave.
    struct Result {
        var check: AudienceCheck
        var summary: AudienceStream.Summary
        /// From the request until the first rows: the scan, the selection and the order.
        var scan: Duration
        var total: Duration
    }

    /// Bytes of a row: an id and a score.
    static let rowByteCount = 12

    let client: KindredClient
    let model: AudienceModel
    let bytesPerSecond: Double
    let slow: Duration

    /// Asks for everybody and reads it all. `scanned` is called when the first rows have come.
    func read(scanned: () -> Void) async throws -> Result {
        let start = ContinuousClock.now
        let stream = try await client.lookalike(
            seeds: model.seeds, size: .share(partsPerMillion: UInt32(Limits.shareMax)))
        var check = AudienceCheck(model: model)
        var first: ContinuousClock.Instant?
        var chunks = stream.makeAsyncIterator()
        while let chunk = try await chunks.next() {
            if first == nil {
                first = .now
                scanned()
            }
            check.take(chunk)
            let begun = first ?? start
            guard ContinuousClock.now - begun < slow else { continue }
            let due = Double(check.rows * Self.rowByteCount) / bytesPerSecond
            try await Task.sleep(until: begun + min(.seconds(due), slow), clock: .continuous)
        }
        let end = ContinuousClock.now
        return Result(
            check: check, summary: try await stream.summary(), scan: (first ?? end) - start,
            total: end - start)
    }
}
