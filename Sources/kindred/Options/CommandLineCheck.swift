import ArgumentParser

/// Looks for commands and options that there are not, before the parser, which would name something else that is wrong.
struct CommandLineCheck {
    /// The command line without the program's own name.
    let arguments: [String]

    /// Options that every command has, and those of the parser's own.
    private static let everywhere: Set = ["-h", "--help", "--help-hidden"]
    private static let helpCommand = "help"

    private static var commands: [(name: String, type: any ParsableCommand.Type)] {
        KindredCommand.configuration.subcommands.map { ($0.configuration.commandName ?? $0._commandName, $0) }
    }

    /// The command that a command line names; nil where it names none.
    static func command(of arguments: [String]) -> String? {
        guard let first = arguments.first, commands.contains(where: { $0.name == first }) else { return nil }
        return first
    }

    /// Throws for a command that there is not and for an option that the command has not.
    func check() throws(ValidationError) {
        guard let first = arguments.first else { return }
        guard !first.hasPrefix("-") else {
            return try checkBeforeCommand(first)
        }
        if first == Self.helpCommand {
            if let topic = arguments.dropFirst().first, !topic.hasPrefix("-") { try checkCommand(topic) }
            return
        }
        try checkCommand(first)
        try checkOptions(of: first)
    }

    /// An option of a command that stands before it.
    private func checkBeforeCommand(_ option: String) throws(ValidationError) {
        guard let command = arguments.first(where: { name in Self.commands.contains { $0.name == name } }),
            case let name = String(option.prefix { $0 != "=" }), !Self.everywhere.contains(name),
            Self.options(of: command).contains(where: { $0.name == name })
        else { return }
        throw ValidationError("option '\(name)' stands before the command: kindred \(command) \(name) ...")
    }

    private func checkCommand(_ name: String) throws(ValidationError) {
        let names = Self.commands.map(\.name)
        guard !names.contains(name), name != Self.helpCommand else { return }
        let nearest = NearestName.find(name, among: names).map { ": did you mean '\($0)'?" } ?? "."
        throw ValidationError(
            "unknown command '\(name)'\(nearest) There are \(names.joined(separator: ", "))")
    }

    private func checkOptions(of command: String) throws(ValidationError) {
        let options = Self.options(of: command)
        let takesArguments = Self.takesArguments(command)
        // An option may take several values: the parser judges those.
        var isBehindValue = false
        var rest = arguments.dropFirst()
        while let argument = rest.popFirst() {
            if argument == "--" { return }
            guard argument.hasPrefix("-"), argument != "-" else {
                if takesArguments || isBehindValue { continue }
                throw ValidationError(
                    "'\(argument)' belongs to no option: kindred \(command) has \(Self.list(options.map(\.name)))"
                )
            }
            let isLong = argument.hasPrefix("--")
            let name = isLong ? String(argument.prefix { $0 != "=" }) : String(argument.prefix(2))
            guard let option = options.first(where: { $0.name == name }) else {
                throw ValidationError(
                    Self.unknown(isLong ? name : argument, of: command, options.map(\.name)))
            }
            let attached = argument.dropFirst(name.count)
            if !isLong, option.takesValue, let first = attached.first, first != "=" {
                throw ValidationError("\(argument): write \(name) \(attached)")
            }
            if option.takesValue, attached.isEmpty { _ = rest.popFirst() }
            isBehindValue = option.takesValue
        }
    }

    /// The arguments with a value that begins with one dash joined to its option, as `--user=-5`, unless it is the name
    /// of an option: some options would not take it.
    var joined: [String] {
        guard let command = Self.command(of: arguments) else { return arguments }
        let options = Self.options(of: command)
        var joined: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" { return joined + [argument] + rest }
            guard argument.hasPrefix("--"),
                options.contains(where: { $0.name == argument && $0.takesValue }), let value = rest.first
            else {
                joined.append(argument)
                continue
            }
            let isName = value.hasPrefix("--") || options.contains { $0.name == value.prefix { $0 != "=" } }
            guard value.hasPrefix("-"), value != "-", !isName else {
                joined.append(argument)
                // A value is no option, whatever it looks like.
                if !isName { joined.append(rest.removeFirst()) }
                continue
            }
            joined.append("\(argument)=\(rest.removeFirst())")
        }
        return joined
    }

    private static func unknown(_ name: String, of command: String, _ options: [String]) -> String {
        var text = "unknown option '\(name)'"
        if name.dropFirst().first?.isNumber == true {
            text += " (a value that begins with a dash is written --OPTION=\(name))"
        } else if let nearest = nearest(name, options) {
            text += ": did you mean '\(nearest)'?"
        }
        return text + (text.hasSuffix("?") ? " " : "; ") + "kindred \(command) has \(list(options))"
    }

    private static func list(_ options: [String]) -> String {
        // An option of a command may have the name of one of the parser's own.
        var seen = everywhere
        return options.filter { seen.insert($0).inserted }.joined(separator: ", ")
    }

    /// Whether a command has arguments beside its options.
    private static func takesArguments(_ command: String) -> Bool {
        guard let type = commands.first(where: { $0.name == command })?.type else { return true }
        return KindredCommand.helpMessage(for: type).contains("\nARGUMENTS:")
    }

    /// The option that was meant: of a short one, the first that begins with its letter.
    private static func nearest(_ name: String, _ options: [String]) -> String? {
        if name.hasPrefix("--") { return NearestName.find(name, among: options) }
        let letters = name.dropFirst()
        return options.contains("--\(letters)")
            ? "--\(letters)" : options.first { $0.hasPrefix("--\(letters.prefix(1))") }
    }

    /// The options of a command in the order of its help, each with whether a value follows it.
    static func options(of command: String) -> [(name: String, takesValue: Bool)] {
        guard let type = commands.first(where: { $0.name == command })?.type else { return [] }
        // Wide enough that no line is wrapped.
        let help = KindredCommand.helpMessage(for: type, includeHidden: true, columns: 1 << 16)
        var options: [(name: String, takesValue: Bool)] = []
        for line in help.split(separator: "\n") where line.hasPrefix("  -") {
            // "  -h, --help   Show ..." and "  --server <server>   The ...": a comma behind a name says that another
            // one follows.
            var words = line.split(separator: " ")[...]
            while let word = words.popFirst() {
                let name = word.hasSuffix(",") ? word.dropLast() : word
                options.append((String(name), words.first?.hasPrefix("<") == true))
                if name == word { break }
            }
        }
        return options + everywhere.map { ($0, false) }
    }
}
