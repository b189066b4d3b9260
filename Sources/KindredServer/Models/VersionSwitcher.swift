import KindredDomain
import NIOCore

/// Makes versions serve: follows the rules of `ServedModel`, notes each choice in `choices`, and logs it. A choice is
/// saved before the event loops know it. Used on the control thread.
struct VersionSwitcher {
    var choices: ModelChoices
    let log: ModelLog

    /// Lets a model's loaded versions take over as its rules say, and drops those that are not needed.
    mutating func settle(_ name: ModelName, in models: inout ServedModels) {
        guard let step = models[name]?.takeOver() else { return }
        switch step {
        case .nothing: models[name]?.dropUnneeded(now: .now())
        case .choose(let version): choose(version, pinned: nil, of: name, in: &models)
        case .standIn(let version): standIn(version, of: name, in: &models)
        }
    }

    /// Makes a loaded version serve.
    mutating func choose(
        _ version: UInt64, pinned: UInt64?, of name: ModelName, in models: inout ServedModels
    ) {
        let replaced = models[name]?.active?.version
        if let choice = models[name]?.choose(version, pinned: pinned) { choices.note(choice, for: name) }
        served(version, replaced, of: name, in: &models)
    }

    /// Lets newer versions take over again. Nothing else serves yet.
    mutating func unpin(_ name: ModelName, in models: inout ServedModels) {
        if let choice = models[name]?.unpin() { choices.note(choice, for: name) }
    }

    /// Lets a version serve in place of the pinned one; nil: the pinned one serves itself. This is no choice.
    private func standIn(_ version: UInt64?, of name: ModelName, in models: inout ServedModels) {
        guard let model = models[name], let pinned = model.versions.pinned else { return }
        if let version, model.standIn == nil {
            log.standsIn(
                version, pinned: pinned,
                reason: model.refusals[pinned]?.reason ?? "it is not in the repository", of: name)
        }
        models[name]?.standIn = version
        served(version ?? pinned, model.active?.version, of: name, in: &models)
    }

    private func served(
        _ version: UInt64, _ replaced: UInt64?, of name: ModelName, in models: inout ServedModels
    ) {
        models[name]?.dropUnneeded(now: .now())
        log.serves(version, replaced: replaced, pinned: models[name]?.versions.pinned, of: name)
    }

    /// Chooses the model of requests that name none, where there is none: the first model that serves. Where several
    /// serve at the start, none is chosen. Once there is one it stays, also over a restart.
    mutating func chooseDefault(in models: inout ServedModels) {
        guard models.defaultModel == nil, let only = models.onlyServing else { return }
        models.defaultModel = only
        choices.save(defaultModel: only)
        log.isDefault(only)
    }
}
