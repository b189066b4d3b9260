import KindredDomain

/// A MODEL_LOAD, MODEL_ACTIVATE or MODEL_ROLLBACK on its way through the control thread.
struct ControlRequest: Sendable {
    enum Wish: Sendable {
        case look(ModelLoadRequest)
        case change(ModelSwitchRequest)
    }

    let wish: Wish
    let claim: RequestClaim
    /// To be called exactly once, with the reply or the failure.
    let complete: @Sendable (Result<ModelSwitchResponse, RequestFailure>) -> Void

    var model: ModelName? {
        switch wish {
        case .look(let request): request.model
        case .change(let request): request.model
        }
    }

    var isChange: Bool { if case .change = wish { true } else { false } }
}

/// Requests that wait for a load, in the order in which they came. Used on the control thread.
struct WaitingRequests {
    struct Entry {
        let request: ControlRequest
        let name: ModelName
        /// Nil: the request waits for everything that the last look has found.
        let version: UInt64?
    }

    private var entries: [Entry] = []

    mutating func append(_ request: ControlRequest, _ name: ModelName, version: UInt64?) {
        entries.append(Entry(request: request, name: name, version: version))
    }

    /// The versions that requests wait for.
    var loads: [LoadSchedule.Awaited] {
        entries.compactMap { entry in
            entry.version.map {
                LoadSchedule.Awaited(
                    LoadSchedule.Target(name: entry.name, version: $0), isSwitch: entry.request.isChange)
            }
        }
    }

    /// Removes those for which `isDropped` is true.
    mutating func drop(where isDropped: (Entry) -> Bool) { entries.removeAll(where: isDropped) }

    /// Removes and returns those that wait for a version of a model.
    mutating func take(of name: ModelName) -> [Entry] {
        let taken = entries.filter { $0.name == name && $0.version != nil }
        entries.removeAll { $0.name == name && $0.version != nil }
        return taken
    }

    /// Removes and returns all.
    mutating func takeAll() -> [Entry] {
        defer { entries = [] }
        return entries
    }
}
