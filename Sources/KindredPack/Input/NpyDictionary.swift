import KindredSystem

/// The text of a `.npy` header: a Python dictionary with the keys `descr`, `fortran_order` and `shape`.
struct NpyDictionary {
    private let bytes: [UInt8]
    private let file: String
    private var position = 0

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
    }

    /// Parses the header. Throws for any text that NumPy does not write for an array of numbers.
    mutating func header(dataOffset: Int) throws(FileFailure) -> NpyHeader {
        var type: String?
        var isFortranOrder: Bool?
        var shape: [Int]?
        try take("{")
        while !has("}") {
            let key = try string()
            try take(":")
            switch key {
            case "descr": type = try typeName()
            case "fortran_order": isFortranOrder = try boolean()
            case "shape": shape = try extents()
            default: throw failure("a key", FileFailure.quoted(key), "descr, fortran_order or shape")
            }
            if !has(",") {
                try take("}")
                break
            }
        }
        guard let type, let isFortranOrder, let shape else {
            throw failure("the header", "without all keys", "descr, fortran_order and shape")
        }
        return NpyHeader(type: type, isFortranOrder: isFortranOrder, shape: shape, dataOffset: dataOffset)
    }

    private func failure(_ field: String, _ found: String, _ wanted: String) -> FileFailure {
        FileFailure(file: file, field: "\(field) in the npy header", found: found, wanted: wanted)
    }

    private func unexpected(wanted: String) -> FileFailure {
        let found = position < bytes.count ? "0x\(String(bytes[position], radix: 16))" : "the end"
        return failure("byte \(position)", found, wanted)
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A { position += 1 }
    }

    /// Consumes a character if it is the next one after white space.
    private mutating func has(_ character: Character) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func take(_ character: Character) throws(FileFailure) {
        guard has(character) else { throw unexpected(wanted: "\(character)") }
    }

    private mutating func string() throws(FileFailure) -> String {
        let quote: Character = has("'") ? "'" : "\""
        if quote == "\"" { try take("\"") }
        let start = position
        while position < bytes.count, bytes[position] != quote.asciiValue { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        try take(quote)
        return text
    }

    private mutating func typeName() throws(FileFailure) -> String {
        skipSpace()
        guard position < bytes.count, bytes[position] != UInt8(ascii: "[") else {
            throw failure("descr", "a structured type", "a plain number type such as \"<f4\"")
        }
        return try string()
    }

    private mutating func boolean() throws(FileFailure) -> Bool {
        skipSpace()
        for (word, value) in [("True", true), ("False", false)]
        where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return value
        }
        throw unexpected(wanted: "True or False")
    }

    private mutating func extents() throws(FileFailure) -> [Int] {
        try take("(")
        var extents: [Int] = []
        while !has(")") {
            skipSpace()
            let start = position
            while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
                position += 1
            }
            let digits = String(decoding: bytes[start..<position], as: UTF8.self)
            guard let extent = Int(digits), extents.count < 8 else {
                throw failure(
                    "shape", FileFailure.quoted(digits), "at most 8 whole numbers of at most 63 bits")
            }
            extents.append(extent)
            if !has(",") {
                try take(")")
                break
            }
        }
        return extents
    }
}
