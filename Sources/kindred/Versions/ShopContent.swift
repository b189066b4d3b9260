import KindredModel
import KindredSystem
import KindredTerminal

/// What a version holds for the rules of a shop: seen pairs, popularity and the settings for folding in. As lines or as
/// members of a JSON object; what the version does not have is left out.
struct ShopContent {
    let manifest: Manifest
    /// Nil where the version has no seen pairs.
    let seen: SeenPairs.Summary?

    var lines: [String] {
        var lines: [String] = []
        if let seen {
            lines.append(
                "seen         \(seen.pairs.groupedDigits) pairs  \(seen.usersWithAny.groupedDigits) users with any  "
                    + "longest list \(seen.longestList.groupedDigits)")
        }
        if let source = manifest.popularitySource { lines.append("popularity   \(source)") }
        if let foldIn = manifest.foldIn {
            lines.append("fold-in      alpha \(foldIn.alpha)  lambda \(foldIn.lambda)")
        }
        return lines
    }

    var members: [JSONMember] {
        var members: [JSONMember] = []
        if let seen {
            members.append(
                JSONMember(
                    "seen",
                    .object([
                        JSONMember("pairs", .integer(seen.pairs)),
                        JSONMember("users_with_any", .integer(seen.usersWithAny)),
                        JSONMember("longest_list", .integer(seen.longestList)),
                    ])))
        }
        switch manifest.popularitySource {
        case .column(let name)?:
            members.append(JSONMember("popularity", .object([JSONMember("column", .string(name))])))
        case .seenPairs?:
            members.append(JSONMember("popularity", .object([JSONMember("seen_pairs", .bool(true))])))
        case nil: break
        }
        if let foldIn = manifest.foldIn { members.append(JSONMember("fold_in", foldIn.json)) }
        return members
    }
}
