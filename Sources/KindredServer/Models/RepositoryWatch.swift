import KindredDomain
import KindredModel

extension Repository {
    /// What about the folder of all models does not look meant; empty: nothing. `models`: those in it.
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

    /// What about the place of a model's folder does not look meant.
    func remark(on model: ModelName) -> String? {
        isVersion(model) ? "this is the folder of a version, not of a model: see --models" : nil
    }
}
