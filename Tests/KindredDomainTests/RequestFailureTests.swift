import KindredDomain
import Testing

/// Messages that list the existing versions, or that point at a member of a list.
@Suite struct RequestFailureTests {
    @Test func messageOfVersionGone() {
        func text(_ requested: UInt64, _ serving: UInt64, _ onDisk: [UInt64]) -> String {
            RequestFailure.versionGone(requested: requested, serving: serving, onDisk: onDisk).description
        }
        #expect(
            text(1, 3, [1, 3])
                == "version 1 is on disk but not loaded; version 3 serves: begin pages again, or activate version 1 to "
                + "serve it to all requests")
        #expect(text(1, 0, []) == "version 1 is not here (none is on disk); no version serves")
        #expect(text(7, 3, [1, 3]) == "version 7 is not here (on disk: 1, 3); version 3 serves")
        #expect(
            text(99, 12, Array(1...12))
                == "version 99 is not here (on disk: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 older); version 12 serves"
        )
    }

    /// A place reads neither as the weight nor as an id.
    @Test func messageOfAWeight() {
        #expect(
            InvalidArgument.weightNotFinite(member: 0, value: .nan).description
                == "the weight of the first member is nan: not finite")
    }

    @Test func placesAreWords() {
        let words = [0, 1, 2, 3, 9, 10, 11, 12, 20, 21, 22, 23, 110, 111, 1_000].map(Ordinal.text)
        #expect(
            words == [
                "first", "second", "third", "fourth", "tenth", "11th", "12th", "13th", "21st", "22nd", "23rd",
                "24th", "111th", "112th", "1001st",
            ])
        #expect((0..<3).map { Ordinal.query($0, of: 3) } == ["query 1 of 3", "query 2 of 3", "query 3 of 3"])
        #expect(Ordinal.query(0, of: 1) == "the query")
        #expect(RuleFailure.capIsZero(cap: 1).description == "the second cap is 0 results: at least 1")
        #expect(
            MembersFailure.blendVectorNotFinite(vector: 0, element: 3, value: .infinity).description
                == "the fourth element of the first vector of the blend is inf: not finite")
    }

    @Test func messageOfNoPreviousVersion() throws {
        let name = try #require(ModelName("shop"))
        #expect(
            RequestFailure.noPreviousVersion(name, serving: 1, onDisk: [1]).description
                == "model 'shop' has no previous version: activate one by its number (on disk: 1)")
        #expect(
            RequestFailure.noPreviousVersion(name, serving: 4, onDisk: [1, 2, 4, 5]).description
                == "model 'shop' has no previous version: the next older one is version 2: activate it "
                + "(on disk: 1, 2, 4, 5)")
    }
}
