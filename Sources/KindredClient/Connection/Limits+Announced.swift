internal import KindredDomain

extension Limits {
    /// The limits of a client's requests: the announced ones, none above the protocol's, which no server may raise.
    ///
    /// Throws PROTOCOL_ERROR when they allow no request.
    package func adopted() throws(KindredError) -> Limits {
        let standard = Limits.standard
        var limits = self
        limits.bodyBytesMax = min(bodyBytesMax, standard.bodyBytesMax)
        limits.requestsInFlightMax = min(requestsInFlightMax, standard.requestsInFlightMax)
        limits.timeoutMillisecondsMax = min(timeoutMillisecondsMax, standard.timeoutMillisecondsMax)
        limits.windowBytesMax = min(windowBytesMax, standard.windowBytesMax)
        limits.windowBytesDefault = min(windowBytesDefault, limits.windowBytesMax)
        limits.dataBodyBytesMax = min(dataBodyBytesMax, standard.dataBodyBytesMax, limits.bodyBytesMax)
        limits.seedsMax = min(seedsMax, standard.seedsMax)
        guard limits.bodyBytesMax >= Self.bodyBytesLeast else {
            throw Self.unusable("body_bytes_max", bodyBytesMax, least: Self.bodyBytesLeast)
        }
        guard limits.requestsInFlightMax > 0 else {
            throw Self.unusable("requests_in_flight_max", requestsInFlightMax, least: 1)
        }
        guard limits.timeoutMillisecondsMax > 0 else {
            throw Self.unusable("timeout_ms_max", timeoutMillisecondsMax, least: 1)
        }
        return limits
    }

    /// Throws PROTOCOL_ERROR when the announced limits are too small for a row of a look-alike.
    package func checkStreams() throws(KindredError) {
        guard dataBodyBytesMax >= Self.dataBodyBytesLeast else {
            throw Self.unusable("data_body_bytes_max", dataBodyBytesMax, least: Self.dataBodyBytesLeast)
        }
        guard windowBytesMax >= UInt64(dataBodyBytesMax) else {
            throw Self.unusable(
                "window_bytes_max", UInt32(clamping: windowBytesMax), least: dataBodyBytesMax)
        }
    }

    /// Throws LIMIT_EXCEEDED, as the server does, for a page that ends beyond the announced `k_max`.
    func checkPage(offset: Int, k: Int) throws(KindredError) {
        let (end, overflows) = offset.addingReportingOverflow(k)
        guard overflows || end > Int(kMax) else { return }
        throw KindredError(
            RequestFailure.limitExceeded(
                .offsetAndK, found: UInt64(clamping: overflows ? .max : end), limit: UInt64(kMax)))
    }

    private static func unusable(_ name: String, _ value: UInt32, least: UInt32) -> KindredError {
        .protocolError(.limitExceeded, "the server announces \(name) \(value): at least \(least)")
    }
}
