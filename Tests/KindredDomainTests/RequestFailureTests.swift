import KindredDomain
import Testing

/// Messages that list the existing versions, or that point at a member of a list.
@Suite struct RequestFailureTests {
    @Test func messageOfVersionGone() {
        func text(_ requested: UInt64, _ serving: UInt64, _ onDisk: [UInt64]) -> String {
            RequestFailure.versionGone(requested: requested, serving: serving, onDisk: onDisk).description
        }
        #expect(text(1, 3, [1, 3]) == "version 1 is on disk but not loaded: activate it; version 3 serves")
        #expect(text(1, 0, []) == "version 1 is not here (none is on disk); no version serves")
        #expect(text(7, 3, [1, 3]) == "version 7 is not here (on disk: 1, 3); version 3 serves")
        #expect(
            text(99, 12, Array(1...12))
                == "version 99 is not here (on disk: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 older); version 12 serves"
        )
    }

    /// The index does not read as the weight.
    @Test func messageOfAWeight() {
        #expect(
            InvalidArgument.weightNotFinite(member: 0, value: .nan).description
                == "the weight of member 0 (counted from 0) is nan: not finite")
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
