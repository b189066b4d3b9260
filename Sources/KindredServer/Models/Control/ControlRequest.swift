import KindredDomain

/// A MODEL_LOAD, MODEL_ACTIVATE or MODEL_ROLLBACK on its way through the control thread.
struct ControlRequest: Sendable {
    enum Wish: Sendable {
        case look(ModelLoadRequest)
        case change(ModelSwitchRequest)
    }

    let wish: Wish
    let claim: RequestClaim
    /// To be called once, whatever becomes of the request.
    let complete: @Sendable (Result<ModelSwitchResponse, RequestFailure>) -> Void

    var model: ModelName? {
        switch wish {
        case .look(let request): request.model
        case .change(let request): request.model
        }
    }

    var isChange: Bool { if case .change = wish { true } else { false } }
}
