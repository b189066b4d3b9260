import KindredDomain
import KindredQuery

/// The models that a server knows, and the model of requests that name none. A value; the control thread holds it.
package struct ServedModels {
    private var models: [ModelName: ServedModel] = [:]
    /// The model of requests that name none; nil until there is one. The repository need not have it.
    package var defaultModel: ModelName?
    /// The names of all models, made when a message needs them; nil since the set of models has changed.
    private var known: NameList?

    package init(defaultModel: ModelName? = nil) { self.defaultModel = defaultModel }

    package subscript(name: ModelName) -> ServedModel? {
        get { models[name] }
        _modify {
            let wasKnown = models[name] != nil
            defer { if wasKnown != (models[name] != nil) { known = nil } }
            yield &models[name]
        }
    }

    package var names: Dictionary<ModelName, ServedModel>.Keys { models.keys }

    /// In ascending order of names.
    package var sorted: [ServedModel] { models.values.sorted { $0.name < $1.name } }

    /// The name of the model that a request is about; `name` is nil where the request names none. Throws
    /// UNKNOWN_MODEL, and NO_MODEL_READY where there is no model at all.
    package mutating func resolve(_ name: ModelName?) throws(RequestFailure) -> ModelName {
        guard let name = name ?? defaultModel else {
            if models.isEmpty { throw .noModelReady }
            throw .unknownModel("", known: knownNames())
        }
        guard models[name] != nil else { throw unknown(name) }
        return name
    }

    /// UNKNOWN_MODEL, with the names of the models that there are.
    package mutating func unknown(_ name: ModelName) -> RequestFailure {
        .unknownModel(name.description, known: knownNames())
    }

    private mutating func knownNames() -> NameList {
        let names = known ?? NameList(models: models.keys)
        known = names
        return names
    }

    /// The only model that serves; nil where none serves, or several.
    package var onlyServing: ModelName? {
        let serving = models.values.filter { $0.active != nil }
        return serving.count == 1 ? serving[0].name : nil
    }

    /// The default model where the repository does not have it.
    package var missingDefault: ModelName? { defaultModel.flatMap { models[$0] == nil ? $0 : nil } }

    /// The table by which event loops find the generation of a request.
    package var table: GenerationTable {
        let entries = models.compactMapValues(\.entry)
        return GenerationTable(
            models: entries, defaultModel: defaultModel, unready: Set(models.keys).subtracting(entries.keys))
    }
}
