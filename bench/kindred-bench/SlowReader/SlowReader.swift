import KindredClient

/// Reads an audience at a fixed rate for a while, then without limit.
struct SlowReader {
    /// The result of reading an audience.
    struct Result {
        var check: AudienceCheck
        var summary: AudienceStream.Summary
        /// From the request to the first rows: scan, selection and sort.
        var scan: Duration
        var total: Duration
    }

    /// Bytes of a row: an id and a score.
    static let rowByteCount = 12

    let client: KindredClient
    let model: AudienceModel
    let bytesPerSecond: Double
    let slow: Duration

    /// Requests all users and reads all rows. `scanned` is called at the first rows.
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
