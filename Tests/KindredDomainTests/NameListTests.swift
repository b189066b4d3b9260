import KindredDomain
import Testing

/// The known names in a message about an unknown one.
@Suite struct NameListTests {
    private func message(known: [String], name: String = "x") -> String {
        RequestFailure.invalidArgument(.unknownColumn(name, .items, known: known)).description
    }

    @Test func namesAreListedInOrder() {
        #expect(message(known: ["b", "a"]).hasSuffix("of the model's items (known: a, b)"))
        #expect(message(known: []).hasSuffix("of the model's items"))
        #expect(
            RequestFailure.unknownModel("shpo", known: ["shop"]).description
                == "unknown model 'shpo': not in this server's repository (known: shop)")
        #expect(
            RequestFailure.unknownModel("", known: ["b", "a"]).description.hasSuffix(
                "name a model (known: a, b)"))
    }

    @Test func namesThatDoNotFitAreCounted() {
        let long = String(repeating: "n", count: Limits.columnNameBytesMax)
        let names = (0..<Limits.catalogColumnsMax).map {
            String(long.dropLast(3)) + String(1_000 + $0).dropFirst()
        }
        let text = message(known: names, name: long)
        #expect(text.utf8.count <= Int(Limits.standard.messageBytesMax))
        #expect(text.hasSuffix("and \(names.count - 4) more)"))
        #expect(text.contains(names[3]) && !text.contains(names[4]))
    }
}
