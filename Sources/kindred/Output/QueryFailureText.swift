import KindredClient
import KindredDomain
import KindredSystem

/// Prints a query that failed while others were answered.
enum QueryFailureText {
    /// As JSON it goes to standard output, since a program expects one line per query.
    static func show(_ query: String, _ error: KindredError, json: Bool) {
        guard json else {
            // The query's text is the unknown id only where the message quotes it; a basket has several ids.
            let isOfQuery = error.name == "UNKNOWN_ID" && error.message.contains("'\(query)'")
            let guess = isOfQuery ? UnknownIDText.guess(ExternalID(query)) : nil
            // Such a message names the query already.
            return CommandOutput.error(
                "\(isOfQuery ? "" : "\(query): ")\(error)\(guess.map { " (\($0))" } ?? "")")
        }
        print(
            JSONWriter.compact(
                .object([
                    JSONMember("query", .string(query)),
                    JSONMember(
                        "error",
                        .object([
                            JSONMember("code", .integer(error.code)), JSONMember("name", .string(error.name)),
                            JSONMember("detail", .string(error.detailName)),
                            JSONMember("message", .string(error.message)),
                        ])),
                ])))
    }
}
