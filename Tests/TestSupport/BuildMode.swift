/// True in an optimised build, where the numeric suites run at full size.
package let isOptimised: Bool = {
    var runsAssertions = false
    assert({ runsAssertions = true }() == ())
    return !runsAssertions
}()
