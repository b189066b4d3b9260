import ArgumentParser
import KindredDomain

/// The options for the queries of a command: users, items, vectors, a basket, clicks or a blend.
struct QueryOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: "Users, \(IDListText.help).",
        transform: IDListText.option("--user"))
    var user: [ParsedValue<IDListText>] = []
    @Option(help: "A file of users, as --user @FILE; - is standard input.")
    var users: [String] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help: "Items, \(IDListText.help): similar items, or with --over users the best users for them.",
        transform: IDListText.option("--item"))
    var item: [ParsedValue<IDListText>] = []
    @Option(parsing: .unconditionalSingleValue, help: "A .npy file with one vector per row.")
    var vector: [String] = []
    @Option(
        parsing: .unconditionalSingleValue, help: "Items with weights, as ID[:WEIGHT],... or @FILE.",
        transform: IDListText.option("--basket"))
    var basket: [ParsedValue<IDListText>] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help: "Items of a visitor without a vector, as ID[:WEIGHT],... or @FILE.",
        transform: IDListText.option("--clicks"))
    var clicks: [ParsedValue<IDListText>] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help:
            "user=ID[:WEIGHT], item=ID[:WEIGHT] or vector=FILE[:WEIGHT]; given several times, one query of all.",
        transform: BlendText.option)
    var blend: [ParsedValue<BlendText>] = []
    @Option(help: "The column of ids in files that have several: its heading, or its number from 1.")
    var column: String?

    func validate() throws {
        let kinds = [
            user.isEmpty, users.isEmpty, item.isEmpty, vector.isEmpty, basket.isEmpty, clicks.isEmpty,
            blend.isEmpty,
        ].count { !$0 }
        guard kinds == 1 else {
            let all = "--user, --users, --item, --vector, --basket, --clicks and --blend"
            throw ValidationError(
                kinds == 0
                    ? "give one of \(all), such as --user 17850, or --item 22423 for similar items"
                    : "give one of \(all), not \(kinds)")
        }
        guard vector.count <= 1 else {
            throw ValidationError(
                "--vector \(vector.joined(separator: " and ")): one file, not \(vector.count)")
        }
        try OptionValues.checkPresent([
            ("--item", item.map(\.description)), ("--vector", vector),
            ("--basket", basket.map(\.description)), ("--clicks", clicks.map(\.description)),
            ("--blend", blend.map(\.description)),
        ])
        if let vector = vector.first {
            try OptionValues.checkFile("--vector", vector, of: "one vector per row")
        }
        // Baskets in files are checked when the command runs.
        for text in basket where !text.description.hasPrefix("@") {
            _ = try QuerySource.basket([text], option: "--basket", column: nil)
        }
        for text in clicks where !text.description.hasPrefix("@") {
            _ = try QuerySource.basket([text], option: "--clicks", column: nil)
        }
        for text in blend where !text.description.isEmpty { _ = try text.value }
    }

    /// The options, each with whether it reads standard input.
    var standardInputReaders: [(name: String, isReader: Bool)] {
        get throws {
            try users.map { ("--users", $0 == "-") }
                + [("--user", user), ("--item", item), ("--basket", basket), ("--clicks", clicks)]
                .flatMap { name, values in try values.map { (name, try $0.value.isStandardInput) } }
        }
    }

    /// The queries. Reads files.
    var source: QuerySource {
        get throws {
            if !item.isEmpty {
                return .items(try QuerySource.ids(item, option: "--item", side: .items, column: column))
            }
            if !basket.isEmpty { return try QuerySource.basket(basket, option: "--basket", column: column) }
            if !clicks.isEmpty { return try QuerySource.basket(clicks, option: "--clicks", column: column) }
            let members = blend.filter { !$0.description.isEmpty }
            if !blend.isEmpty { return .blend(try members.map { try $0.value }) }
            if let vector = vector.first { return .vectors(path: vector) }
            guard !users.isEmpty else {
                return .users(try QuerySource.ids(user, option: "--user", side: .users, column: column))
            }
            let given = try IDFile.read(users, option: "--users", side: .users, column: column)
            guard !given.ids.isEmpty else { throw CommandFailure.empty(given.name) }
            return .users(given)
        }
    }
}
