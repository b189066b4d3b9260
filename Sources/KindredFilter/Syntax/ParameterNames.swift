extension FilterParser {
    /// The names of the parameters in a text, each once, in the order of their first places. Names after a word that
    /// cannot be read are left out: parsing the text fails at that word.
    package static func parameterNames(in text: String) -> [String] {
        var lexer = FilterLexer(Array(text.utf8))
        var names: [String] = []
        var known: Set<String> = []
        while true {
            switch lexer.next().kind {
            case .end, .unsupported, .unreadable: return names
            case .parameter(let name): if known.insert(name).inserted { names.append(name) }
            default: break
            }
        }
    }
}
