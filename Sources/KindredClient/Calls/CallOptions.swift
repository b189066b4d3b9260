public import KindredDomain

/// Which model answers, and how long to wait.
public struct CallOptions: Sendable {
    /// Nil: the server's default model.
    public var model: ModelName?
    /// The version that must answer; 0: whatever serves.
    public var version: UInt64 = 0
    /// Nil: the configuration's.
    public var timeout: Duration?

    /// The defaults.
    public init(model: ModelName? = nil, version: UInt64 = 0, timeout: Duration? = nil) {
        self.model = model
        self.version = version
        self.timeout = timeout
    }
}
