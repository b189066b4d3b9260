import KindredDomain
import NIOCore

/// Decides which version is loaded next; one version is loaded at a time. A value; the control thread holds it.
///
/// A version that a switch waits for goes first, then one that a MODEL_LOAD asks for by its number, then the versions
/// that the last look at the repository has found.
package struct LoadSchedule {
    /// A version of a model.
    package struct Target: Equatable {
        package let name: ModelName
        package let version: UInt64

        package init(name: ModelName, version: UInt64) {
            self.name = name
            self.version = version
        }
    }

    /// A version that a request waits for.
    package struct Awaited {
        package let target: Target
        /// Whether the request is a switch; a look otherwise.
        package let isSwitch: Bool

        package init(_ target: Target, isSwitch: Bool) {
            self.target = target
            self.isSwitch = isSwitch
        }
    }

    package enum Step: Equatable {
        /// Load this version. `isAsked`: a request waits for it.
        case load(Target, isAsked: Bool)
        /// The running load goes on.
        case wait
        /// Cancel the running load: a switch waits for another version. It is repeated later.
        case cancel
        /// Nothing runs, and nothing is left to load.
        case done
    }

    /// The version that is being loaded.
    package private(set) var running: Target?
    /// Models that may have versions to load, the first one last.
    private var unsettled: [ModelName] = []

    package init() {}

    /// A look has found these models, in order.
    package mutating func looked(_ names: [ModelName]) { unsettled = names.reversed() }

    /// Nothing is being loaded, and nothing is left to load.
    package var isSettled: Bool { running == nil && unsettled.isEmpty }

    /// The next step, with the requests that wait in their order. A load that is returned counts as running.
    package mutating func next(_ awaited: [Awaited], _ models: ServedModels, now: NIODeadline) -> Step {
        let switches = awaited.filter(\.isSwitch)
        if let running {
            return switches.isEmpty || switches.contains { $0.target == running } ? .wait : .cancel
        }
        if let next = switches.first ?? awaited.first {
            running = next.target
            return .load(next.target, isAsked: true)
        }
        while let name = unsettled.last {
            if let version = models[name]?.nextWanted(now: now) {
                let target = Target(name: name, version: version)
                running = target
                return .load(target, isAsked: false)
            }
            unsettled.removeLast()
        }
        return .done
    }

    /// The running load has ended. `isRepeated`: it was cancelled, and its model may still want it.
    package mutating func ended(isRepeated: Bool) {
        guard let name = running?.name else { return }
        running = nil
        if isRepeated, !unsettled.contains(name) { unsettled.append(name) }
    }
}
