import KindredDomain
import KindredModel
import KindredSystem
import NIOCore

/// Compares the repository with the models that the server knows: new models, new versions, changed files of refused
/// versions, folders that are gone. Logs what changes. Used on the control thread.
struct RepositoryWatch {
    let repository: Repository
    let log: ModelLog
    /// What is wrong with the folder of all models; empty for nothing.
    private(set) var remark = "" { didSet { log.repositoryIs(remark) } }

    init(repository: Repository, log: ModelLog) {
        self.repository = repository
        self.log = log
    }

    /// Looks at every model. Returns the models that the repository has; nil where the folder cannot be read, and then
    /// the known models stay as they are.
    mutating func look(at models: inout ServedModels, choices: ModelChoices) -> [ModelName]? {
        for name in models.names { models[name]?.spare.look(now: .now()) }
        let present: [ModelName]
        do throws(FileFailure) {
            present = try repository.models()
            remark = repository.remark(present)
        } catch {
            remark = "the folder of all models cannot be read: \(error)"
            return nil
        }
        var manifestsLeft = Limits.manifestsPerLookMax
        for name in present {
            if models[name] == nil {
                models[name] = ServedModel(name: name, remembered: choices.versions(of: name))
            }
            look(at: name, of: &models, manifestsLeft: &manifestsLeft)
        }
        let gone = Set(models.names).subtracting(present)
        for name in gone { folderIsGone(of: name, in: &models) }
        return present
    }

    /// Looks at one model that the server knows.
    func look(at name: ModelName, of models: inout ServedModels) {
        var manifestsLeft = Limits.manifestsPerLookMax
        look(at: name, of: &models, manifestsLeft: &manifestsLeft)
    }

    private func look(at name: ModelName, of models: inout ServedModels, manifestsLeft: inout Int) {
        for replacement in models[name]?.look(in: repository, manifestsLeft: &manifestsLeft) ?? [] {
            log.replaced(replacement, of: name)
        }
        log.folderFails(models[name]?.folderFailure, of: name)
    }

    private func folderIsGone(of name: ModelName, in models: inout ServedModels) {
        guard models[name]?.isFolderGone == false else { return }
        models[name]?.folderIsGone()
        let serving = models[name]?.active?.version
        log.folderIsGone(of: name, serving: serving)
        if serving == nil { models[name] = nil }
    }
}

extension Repository {
    /// Why the folder of all models does not look like one; empty where it does. `models`: those in it.
    func remark(_ models: [ModelName]) -> String {
        if isVersion {
            return
                "--models names the folder of one version (it has a \(ModelFiles.manifest)): it wants the folder of "
                + "all models, two above it"
        }
        if models.contains(where: isVersion(_:)) {
            return
                "--models names the folder of one model (its folders are versions): it wants the folder of all "
                + "models, one above it"
        }
        return models.isEmpty ? "the folder has no models" : ""
    }

    /// Why the folder of a model does not look like one; nil where it does.
    func remark(on model: ModelName) -> String? {
        isVersion(model) ? "this is the folder of a version, not of a model: see --models" : nil
    }
}
