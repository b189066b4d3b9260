import ArgumentParser

/// Rejects unknown commands and options before the argument parser runs, whose messages name the wrong cause.
struct CommandLineCheck {
    /// The command line without the program's own name.
    let arguments: [String]

    /// Options that the argument parser adds to every command.
    private static let everywhere: Set = ["-h", "--help", "--help-hidden"]
    private static let helpCommand = "help"

    private static var commands: [(name: String, type: any ParsableCommand.Type)] {
        KindredCommand.configuration.subcommands.map { ($0.configuration.commandName ?? $0._commandName, $0) }
    }

    /// The command that the arguments begin with; nil where it is unknown.
    static func command(of arguments: [String]) -> String? {
        guard let first = arguments.first, commands.contains(where: { $0.name == first }) else { return nil }
        return first
    }

    /// The first argument that is no option, `help` left out; nil where there is none.
    static func topic(of arguments: [String]) -> String? {
        arguments.first { !$0.hasPrefix("-") && $0 != helpCommand }
    }

    /// Throws for an unknown command and for an option that the command does not have.
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

    /// Throws where an option of a command stands before the command.
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
        // An option may take several values; the argument parser checks them.
        var isBehindValue = false
        var rest = arguments.dropFirst()
        while let argument = rest.popFirst() {
            if argument == "--" { return }
            guard argument.hasPrefix("-"), argument != "-" else {
                if takesArguments || isBehindValue { continue }
                let names = options.map(\.name)
                throw ValidationError(
                    "'\(argument)' belongs to no option\(Self.place(for: argument, names)): kindred \(command) has "
                        + Self.list(names))
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

    /// The arguments, with each value that begins with one dash joined to its option, as in `--user=-5`. Some options
    /// would not take it as the next argument. A value that is the name of an option stays apart.
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
                // The argument after an option that takes a value is that value, even where it looks like an option.
                if !isName { joined.append(rest.removeFirst()) }
                continue
            }
            joined.append("\(argument)=\(rest.removeFirst())")
        }
        return joined
    }

    /// Names that other programs have for an option.
    private static let synonyms = [
        "--filter": "--where", "--limit": "-k", "--top": "-k", "--count": "-k", "--skip": "--offset",
    ]

    /// Where an argument without an option probably belongs, of the options that there are.
    private static func place(for argument: String, _ options: [String]) -> String {
        if options.contains("--item") {
            return ", which may be --item \(argument) or --user \(argument)"
        }
        return options.contains("--where") ? ", which may be --where" : ""
    }

    private static func unknown(_ name: String, of command: String, _ options: [String]) -> String {
        var text = "unknown option '\(name)'"
        if name.dropFirst().first?.isNumber == true {
            text += " (a value that begins with a dash is written --OPTION=\(name))"
        } else if name == "--version" {
            text += " ('kindred --version' shows that of the program)"
        } else if let meant = synonyms[name], options.contains(meant) {
            text += ": did you mean '\(meant)'?"
        } else if command == "similar", Self.options(of: "recommend").contains(where: { $0.name == name }) {
            text += ", which 'kindred recommend --item' has"
        } else if let nearest = nearest(name, options) {
            text += ": did you mean '\(nearest)'?"
        }
        return text + (text.hasSuffix("?") ? " " : "; ") + "kindred \(command) has \(list(options))"
    }

    private static func list(_ options: [String]) -> String {
        // A command may have an option with the name of one of the parser's own.
        var seen = everywhere
        return options.filter { seen.insert($0).inserted }.joined(separator: ", ")
    }

    /// Whether a command takes arguments that belong to no option.
    private static func takesArguments(_ command: String) -> Bool {
        guard let type = commands.first(where: { $0.name == command })?.type else { return true }
        return KindredCommand.helpMessage(for: type).contains("\nARGUMENTS:")
    }

    /// The option probably meant. For a short option: the first long one that begins with its letter.
    private static func nearest(_ name: String, _ options: [String]) -> String? {
        if name.hasPrefix("--") { return NearestName.find(name, among: options) }
        let letters = name.dropFirst()
        return options.contains("--\(letters)")
            ? "--\(letters)" : options.first { $0.hasPrefix("--\(letters.prefix(1))") }
    }

    /// The options of a command in the order of its help text, and whether each takes a value.
    static func options(of command: String) -> [(name: String, takesValue: Bool)] {
        guard let type = commands.first(where: { $0.name == command })?.type else { return [] }
        // The width keeps the parser from wrapping lines.
        let help = KindredCommand.helpMessage(for: type, includeHidden: true, columns: 1 << 16)
        var options: [(name: String, takesValue: Bool)] = []
        for line in help.split(separator: "\n") where line.hasPrefix("  -") {
            // Lines look like "  -h, --help   Show ..." and "  --server <server>   The ...". A comma after a name
            // announces another name.
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

/// Finds the name that a mistyped name probably stands for.
enum NearestName {
    /// The nearest of the names by edit distance. Nil where the distance is above a third of the letters and above 2.
    static func find(_ name: String, among names: [String]) -> String? {
        let near = names.map { (name: $0, distance: distance(name, $0)) }.min { $0.distance < $1.distance }
        guard let near, near.distance <= max(2, name.count / 3) else { return nil }
        return near.name
    }

    /// The Levenshtein distance: letters to insert, delete or replace.
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let above = row[column + 1]
                row[column + 1] = letter == other ? diagonal : min(diagonal, above, row[column]) + 1
                diagonal = above
            }
        }
        return row[right.count]
    }
}
