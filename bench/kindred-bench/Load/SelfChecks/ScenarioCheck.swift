import Foundation

/// Checks that malformed scenarios are refused.
enum ScenarioCheck {
    private static let malformed = [
        "", "[]", "{}", "{\"user\": 1}", "{\"user\": {}}", "{\"user\": {\"share\": \"1\"}}",
        "{\"user\": {\"share\": 0.9}}", "{\"user\": {\"share\": -1}, \"item\": {\"share\": 2}}",
        "{\"user\": {\"share\": 1}, \"user\": {\"share\": 1}}", "{\"usr\": {\"share\": 1}}",
        "{\"user\": {\"share\": 1, \"size\": 3}}", "{\"user\": {\"share\": 1}} {}",
        "{\"basket\": {\"share\": 1}}", "{\"basket\": {\"share\": 1, \"members\": 0}}",
        "{\"basket\": {\"share\": 1, \"members\": 513}}", "{\"basket\": {\"share\": 1, \"members\": 2.5}}",
        "{\"filtered\": {\"share\": 1}}", "{\"filtered\": {\"share\": 1, \"excluded\": 10001}}",
        "{\"batch\": {\"share\": 1, \"size\": 1025}}",
        "{\"batch\": {\"share\": 1, \"size\": 18446744073709551615}}",
        "{\"lookalike\": {\"share\": 1, \"seeds\": 1}}",
        "{\"attributes\": {\"share\": 1}}", "{\"attributes\": {\"share\": 1, \"where\": \"\"}}",
        "{\"boosts\": {\"share\": 1, \"boosts\": []}}",
        "{\"boosts\": {\"share\": 1, \"boosts\": [{\"where\": \"a\", \"multiply\": 0}]}}",
        "{\"boosts\": {\"share\": 1, \"boosts\": [{\"where\": \"a\", \"multiply\": 1, \"add\": 1}]}}",
        "{\"caps\": {\"share\": 1, \"caps\": {\"brand\": 0}}}", "{\"caps\": {\"share\": 1, \"caps\": {}}}",
        "{\"diversity\": {\"share\": 1, \"weight\": 1.5}}",
        "{\"diversity\": {\"share\": 1, \"weight\": 0.5, \"pool\": 2001}}",
        "{\"foldIn\": {\"share\": 1, \"items\": 513}}", "{\"page\": {\"share\": 1, \"offset\": 0}}",
        "{\"distinct\": {\"share\": 1, \"size\": 1}}", "{\"seen\": {\"share\": 1, \"where\": \"a\"}}",
        "{\"lookalike\": {\"share\": 1, \"seeds\": 1, \"size\": 0}}",
        "{\"lookalike\": {\"share\": 1, \"seeds\": 1, \"size\": \"101%\"}}",
        "{\"lookalike\": {\"share\": 1, \"seeds\": 1, \"size\": \"nan%\"}}",
    ]

    static func run() -> Check {
        let taken = malformed.filter { text in
            (try? ScenarioReader.read(Data(text.utf8), file: "scenario")) != nil
        }
        return Check(
            none: "of \(malformed.count) malformed scenarios, those accepted", found: taken.count,
            example: taken.first)
    }
}
