/// What may name what: a module another module, a folder another folder of its module.
enum Edges {
    /// Every edge between modules and to packages. What is not here is not allowed.
    static let modules: [String: Set<String>] = [
        "KindredDomain": ["Synchronization"],
        "KindredChecksum": ["CKindredKernels"],
        "KindredWire": ["KindredDomain", "KindredChecksum"],
        "KindredSystem": ["KindredDomain", "Glibc", "Synchronization"],
        "KindredKernels": ["KindredSystem", "CKindredKernels", "CKindredSystem", "CBLAS", "Glibc"],
        "KindredModel": [
            "KindredDomain", "KindredChecksum", "KindredSystem", "KindredKernels", "CKindredSystem",
            "Dispatch", "Glibc", "Synchronization",
        ],
        "KindredPack": [
            "KindredDomain", "KindredChecksum", "KindredSystem", "KindredKernels", "KindredModel",
            "CKindredSystem", "Glibc",
        ],
        "KindredTerminal": ["Glibc", "Synchronization"],
        "KindredCatalog": ["KindredDomain", "GRDB", "GRDBSQLite", "Glibc"],
        "KindredFilter": ["KindredDomain", "GRDBSQLite", "Synchronization"],
        "KindredQuery": [
            "KindredDomain", "KindredFilter", "KindredSystem", "KindredModel", "KindredKernels",
            "Synchronization",
        ],
        "KindredServer": [
            "KindredDomain", "KindredQuery", "KindredModel", "KindredCatalog", "KindredWire",
            "KindredKernels", "KindredSystem",
            "CKindredSystem", "DequeModule", "GRDB", "NIOCore", "NIOPosix", "Logging", "ServiceLifecycle",
            "Synchronization",
            "Dispatch",
            "Foundation", "Glibc",
        ],
        "KindredClient": [
            "KindredDomain", "KindredWire", "NIOCore", "NIOPosix", "Synchronization",
        ],
        "kindred": [
            "KindredDomain", "KindredServer", "KindredClient", "KindredModel", "KindredCatalog",
            "KindredPack", "KindredSystem", "KindredTerminal", "ArgumentParser",
            "Logging", "ServiceLifecycle", "UnixSignals", "Foundation", "Glibc",
        ],
        "kindred-bench": [
            "KindredDomain", "KindredSystem", "KindredKernels", "KindredModel", "KindredPack",
            "KindredQuery", "KindredWire", "KindredClient", "KindredTerminal",
            "CBenchProbes", "ArgumentParser", "GRDBSQLite",
            "Synchronization", "Dispatch", "Foundation", "Glibc",
        ],
    ]

    /// A module that only some folders of another module import.
    struct Place: Sendable {
        let module: String
        let imported: String
        let folders: [String]
    }

    static let places = [
        Place(module: "KindredClient", imported: "NIOPosix", folders: ["Connection"]),
        // Values and checks know no network.
        Place(
            module: "KindredClient", imported: "NIOCore", folders: ["Calls", "Connection", "Pool", "Stream"]),
        // Only models have files.
        Place(module: "KindredServer", imported: "KindredCatalog", folders: ["Lifecycle", "Models"]),
        Place(module: "KindredServer", imported: "GRDB", folders: ["Models/State"]),
        Place(module: "KindredServer", imported: "ServiceLifecycle", folders: ["Lifecycle"]),
    ]

    /// By module and folder: the other folders of the module whose types it may name. "" has the module's own files.
    /// A folder that is not here may name all of them.
    static let folders: [String: [String: Set<String>]] = [
        "KindredDomain": [
            "": [], "IDs": [""], "Scores": [""], "Rules": [""], "Columns": ["", "IDs", "Rules"],
            "Messages": ["", "IDs", "Scores", "Columns", "Rules"],
        ],
        // What values mean knows no expressions. Resolved names know no rows in blocks.
        "KindredFilter": [
            "Values": [], "Syntax": ["Values"],
            "Resolved": ["Values", "Syntax"], "Columns": ["Values", "Syntax", "Resolved"],
        ],
        // Bytes, then sections, then bodies, then messages.
        "KindredWire": [
            "Framing": [], "Sections": ["Framing"], "Session": ["Framing", "Sections"],
            "Queries": ["Framing", "Sections"], "Answers": ["Framing", "Sections"],
            "Lookalike": ["Framing", "Sections", "Answers"], "Admin": ["Framing", "Sections"],
            "Messages": ["Framing", "Sections", "Session", "Queries", "Answers", "Lookalike", "Admin"],
        ],
        "KindredClient": [
            "Values": [], "Checks": ["Values"], "Pool": ["Values", "Calls", "Connection"],
        ],
        // A plan knows the rows, which of them may answer and how they are ranked, not how they are scanned. The rank
        // stage knows no look-alikes.
        "KindredQuery": [
            "Masks": [], "Groups": ["Steps"], "Snapshot": ["Masks", "Groups"], "Steps": ["Scan"],
            "Rank": ["Snapshot", "Plan", "Resolve", "Eligibility", "Masks", "Groups", "Scan", "Scan/Int8"],
            "Eligibility": ["Snapshot", "Plan", "Resolve", "Masks"],
            "Resolve": ["Snapshot", "FoldIn", "Rank", "Steps"],
            "Plan": [
                "Snapshot", "Resolve", "Eligibility", "Masks", "Groups", "Rank", "FoldIn", "Because", "Steps",
            ],
            "Scan": ["Snapshot", "Plan", "Rank", "Scan/BLAS", "Scan/Gather", "Scan/Int8"],
            "Scan/BLAS": ["Snapshot", "Plan", "Scan"],
            "Scan/Gather": ["Snapshot", "Plan", "Eligibility", "Masks", "Scan"],
            "Scan/Int8": ["Snapshot", "Plan", "Eligibility", "Masks", "Rank", "Scan"],
            "Answer": ["Plan", "Rank", "Scan", "Steps", "Because"], "Because": ["Steps"],
            "FoldIn": ["Snapshot", "Resolve", "Steps"],
            "Lookalike/Scorers": ["Resolve", "Steps"], "Lookalike/Sort": ["Scan", "Steps"],
        ],
        // Connections know requests and loops. What serves models, counts or keeps answers knows no connection.
        "KindredServer": [
            "AnswerCache": ["Connection", "Observability"], "Memory": ["Loop"], "ScanQueue": ["Requests"],
            "Connection": ["Loop", "Requests", "Requests/Lookalike"],
            "Requests": [
                "AnswerCache", "Connection", "Lifecycle", "Loop", "Models/Control", "Observability",
                "ScanQueue",
            ],
            "Requests/Lookalike": ["Lifecycle", "Loop", "Requests"],
            "Models/Control": ["Models/Load"], "Models/State": ["Lifecycle", "Models"],
            "Models/Load": ["Memory", "Models", "Observability"],
            "Models/Publication": ["Lifecycle", "Models", "Models/State"],
            "Observability": ["Loop", "Models", "Models/Load"],
        ],
    ]
}
