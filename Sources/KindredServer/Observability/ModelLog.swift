import KindredDomain
import KindredQuery
import Logging

/// Logs and counts what happens to models and versions. A condition that lasts is logged once. Used on the control
/// thread; any thread may read `metrics`.
final class ModelLog: @unchecked Sendable {
    private let logger: Logger
    /// The folder of all models.
    private let root: String
    /// The last failure logged of each model's folder, and the last remark on the folder of all models.
    private var saidOfFolders: [ModelName: String] = [:]
    private var saidOfRoot = ""
    let metrics = ModelMetrics()

    init(logger: Logger, root: String) {
        self.logger = logger
        self.root = root
    }

    func loaded(_ generation: Generation, _ report: VersionLoad.Report) {
        metrics.loads.count()
        logger.info(
            "version loaded",
            metadata: [
                "model": "\(generation.name)", "version": "\(generation.version)",
                "items": "\(generation.items?.table.count ?? 0)",
                "users": "\(generation.users?.table.count ?? 0)", "dimension": "\(generation.dimension)",
                "elapsed_ms": "\(report.nanoseconds / 1_000_000)",
            ])
    }

    /// `isKnown`: it was refused for the same reason before.
    func refused(_ version: UInt64, of name: ModelName, reason: String, isKnown: Bool) {
        if isKnown { return }
        metrics.refusals.count()
        logger.error(
            "version refused",
            metadata: ["model": "\(name)", "version": "\(version)", "reason": "\(reason)"])
    }

    func replaced(_ replacement: ServedModel.Replacement, of name: ModelName) {
        metrics.refusals.count()
        logger.error(
            "a loaded version was replaced on disk",
            metadata: [
                "model": "\(name)", "version": "\(replacement.version)", "reason": "\(replacement.reason)",
            ])
    }

    /// Another version serves. `pinned` and `before`: the version that is pinned now, and before. In the log, 0: none.
    func serves(
        _ version: UInt64, replaced: UInt64?, pinned: UInt64?, before: UInt64?, of name: ModelName
    ) {
        metrics.switches.count()
        logger.info(
            "version serves",
            metadata: [
                "model": "\(name)", "version": "\(version)", "replaced": "\(replaced ?? 0)",
                "pinned_version": "\(pinned ?? 0)", "pinned_before": "\(before ?? 0)",
            ])
    }

    /// The same version serves, or none, and a pin was set or ended.
    func pins(_ pinned: UInt64?, before: UInt64?, serving version: UInt64?, of name: ModelName) {
        logger.info(
            pinned == nil ? "pin ended, newer versions take over" : "version pinned",
            metadata: [
                "model": "\(name)", "version": "\(version ?? 0)", "pinned_version": "\(pinned ?? 0)",
                "pinned_before": "\(before ?? 0)",
            ])
    }

    func standsIn(_ version: UInt64, pinned: UInt64, reason: String, of name: ModelName) {
        logger.warning(
            "pinned version cannot be loaded, serving another",
            metadata: [
                "model": "\(name)", "pinned_version": "\(pinned)", "version": "\(version)",
                "reason": "\(reason)",
            ])
    }

    /// `reason`: why a model's folder cannot be read; nil where it can.
    func folderFails(_ reason: String?, of name: ModelName) {
        guard saidOfFolders[name] != reason else { return }
        saidOfFolders[name] = reason
        guard let reason else { return }
        logger.error(
            "a model's folder cannot be looked into", metadata: ["model": "\(name)", "reason": "\(reason)"])
    }

    func folderIsGone(of name: ModelName, serving version: UInt64?) {
        saidOfFolders[name] = nil
        guard let version else {
            return logger.info("a model's folder is gone", metadata: ["model": "\(name)"])
        }
        logger.warning(
            "a model's folder is gone: what is in memory serves until the server ends",
            metadata: ["model": "\(name)", "version": "\(version)"])
    }

    /// `remark`: what is wrong with the folder of all models; empty for nothing.
    func repositoryIs(_ remark: String) {
        guard remark != saidOfRoot else { return }
        saidOfRoot = remark
        if !remark.isEmpty { logger.warning("\(remark)", metadata: ["models": "\(root)"]) }
    }

    func isDefault(_ name: ModelName) {
        logger.info("requests that name no model have one now", metadata: ["default_model": "\(name)"])
    }

    /// The server goes on: the model may be published later.
    func defaultIsMissing(_ name: ModelName, found: [ModelName]) {
        logger.warning(
            "the default model is not in the repository: requests that name none are refused",
            metadata: [
                "default_model": "\(name)", "models": "\(root)",
                "found": "\(found.map(\.description).joined(separator: " "))", "remedy": "--default-model",
            ])
    }

    func loadGoesOn(_ load: VersionLoad) {
        logger.warning(
            "a load goes on while the server ends",
            metadata: ["model": "\(load.name)", "version": "\(load.version)"])
    }
}
