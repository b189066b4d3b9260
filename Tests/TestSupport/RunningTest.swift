import Testing

/// The test that calls, as Swift Testing names it in its output.
enum RunningTest {
    /// Module, suite and name, then the arguments of the case: `Module.Suite/name(count:) with count → 3`. Empty
    /// outside a test.
    static var description: String {
        guard let test = Test.current else { return "" }
        // The identity ends with the place of the test in its file.
        let names = "\(test.id)".split(separator: "/").prefix { !$0.contains(".swift:") }
        let arguments = Test.Case.current.map { self.arguments(of: $0) } ?? []
        return names.joined(separator: "/")
            + (arguments.isEmpty ? "" : " with " + arguments.joined(separator: ", "))
    }

    /// Each argument as `label → value`. Swift Testing shows them to reflection alone: its properties for them are not
    /// public.
    private static func arguments(of value: Any) -> [String] {
        let children = Mirror(reflecting: value).children
        let parts = Dictionary(
            children.compactMap { child in child.label.map { ($0, child.value) } },
            uniquingKeysWith: { first, _ in first })
        guard let argument = parts["value"], let parameter = parts["parameter"] else {
            // Not into the test's body or the arguments themselves.
            return children.filter { $0.label != "body" }.flatMap { arguments(of: $0.value) }
        }
        let names = Mirror(reflecting: parameter).children.filter {
            $0.label == "secondName" || $0.label == "firstName"
        }
        let label = names.compactMap { $0.value as? String }.last ?? "_"
        return ["\(label) → \(String(describingForTest: argument))"]
    }
}
