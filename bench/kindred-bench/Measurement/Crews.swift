/// One thread alone, and one thread for each core: made once, for everything that is measured.
struct Crews {
    private let one = Crew(count: 1)
    private let all: Crew

    init(machine: Machine) { all = Crew(count: machine.coreCount) }

    subscript(_ threads: ThreadChoice) -> Crew { threads == .one ? one : all }
}
