import KindredDomain
import NIOCore

/// Makes versions serve: follows the rules of `ServedModel`, notes each choice in `choices`, and logs each one that
/// changes what serves or what is pinned. A choice is saved before the event loops know it. Used on the control thread.
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
        let pinnedBefore = models[name]?.versions.pinned
        if let choice = models[name]?.choose(version, pinned: pinned) { choices.note(choice, for: name) }
        served(version, replaced, pinnedBefore, of: name, in: &models)
    }

    /// Lets newer versions take over again. Nothing else serves yet.
    mutating func unpin(_ name: ModelName, in models: inout ServedModels) {
        let pinnedBefore = models[name]?.versions.pinned
        guard let choice = models[name]?.unpin() else { return }
        choices.note(choice, for: name)
        log.pins(choice.pinned, before: pinnedBefore, serving: models[name]?.active?.version, of: name)
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
        served(version ?? pinned, model.active?.version, pinned, of: name, in: &models)
    }

    private func served(
        _ version: UInt64, _ replaced: UInt64?, _ pinnedBefore: UInt64?, of name: ModelName,
        in models: inout ServedModels
    ) {
        models[name]?.dropUnneeded(now: .now())
        let pinned = models[name]?.versions.pinned
        if version != replaced {
            log.serves(version, replaced: replaced, pinned: pinned, before: pinnedBefore, of: name)
        } else if pinned != pinnedBefore {
            log.pins(pinned, before: pinnedBefore, serving: version, of: name)
        }
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
