/// True in a build for speed, where the numeric suites run at full size.
package let isOptimised: Bool = {
    var runsAssertions = false
    assert({ runsAssertions = true }() == ())
    return !runsAssertions
}()
