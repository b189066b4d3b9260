/// Conversions between integers as a source text writes them, and those of KindredWire that cannot trap.
enum IntegerConversion {
    /// The conversions in `text` that trap where a value does not fit, each once, as it is written but on one line.
    static func trapping(in text: String) -> Set<String> {
        let code = text.split(separator: "\n").map { line in
            line[..<(line.firstRange(of: "//")?.lowerBound ?? line.endIndex)]
        }.joined(separator: " ")
        var found: Set<String> = []
        for match in code.matches(of: /\bU?Int(?:8|16|32|64)?\(/.wordBoundaryKind(.simple)) {
            let rest = code[match.range.upperBound...]
            guard rest.prefixMatch(of: /\s*(?:clamping|exactly|truncatingIfNeeded|bitPattern):/) == nil
            else { continue }
            var depth = 1
            let end = rest.firstIndex { character in
                if character == "(" { depth += 1 } else if character == ")" { depth -= 1 }
                return depth == 0
            }
            guard let end else { continue }
            let whole = code[match.range.lowerBound...end]
            found.insert(whole.split(whereSeparator: \.isWhitespace).joined(separator: " "))
        }
        return found.filter { !isOfCountOrLimit($0) }
    }

    /// A count is never negative, and a limit is far below 2^63: both fit 64 bits.
    private static func isOfCountOrLimit(_ conversion: String) -> Bool {
        if conversion.wholeMatch(of: /UInt64\(.*\.count\)/) != nil { return true }
        return conversion.wholeMatch(of: /U?Int(?:64)?\((?:limits|Limits\.standard)\.\w+\)/) != nil
    }

    /// By file. Unless a comment says more, an unsigned integer becomes a wider one, or one of 32 bits an `Int`.
    static let widening: [String: Set<String>] = [
        "BatchReplyHead.swift": [
            "Int(previous)", "Int(offsets[queries.lowerBound])", "Int(offsets[queries.upperBound])",
        ],
        "ByteWriter.swift": [
            "UInt64(SectionReader.criticalFlag)", "UInt64(tag)", "UInt64(type.rawValue)",
            "UInt64(UInt32(truncatingIfNeeded: byteCount))",
        ],
        // Texts that lie in memory: their offsets ascend and are far below 2^63.
        "DataFrame.swift": ["Int(offsets[first + middle] - offsets[first])"],
        // `queries` is a count.
        "DecodingChecks.swift": ["UInt64(number)", "UInt64(options)", "UInt64(limit)", "UInt64(queries)"],
        // The greatest norm is 2^60.
        "ErrorReply.swift": [
            "UInt64(type)", "UInt64(tag)", "UInt64(milliseconds)", "UInt64(Limits.normMax)",
            "UInt64(side.rawValue)", "UInt64(length)",
        ],
        // Here and below, offsets of a list that ascend: they were checked before.
        "IDSections.swift": ["Int(list.offsets[index + 1] - list.offsets[index])"],
        "LookalikeRequest+Wire.swift": ["UInt64(partsPerMillion)"],
        "ModelColumns.swift": ["Int(first)", "Int(end)", "Int(last)"],
        "OutcomeColumns.swift": [
            "Int(messages.offsets[range.upperBound] - messages.offsets[range.lowerBound])"
        ],
        // A constant.
        "RecommendRequest+Wire.swift": ["UInt64(Limits.columnNameBytesMax)"],
        "ReplyAssembler.swift": ["Int(end - first)", "Int(part.firstQuery)", "Int(part.firstID)"],
        // `byteCount` sums up bytes: never negative.
        "ReplySplit.swift": [
            "Int(bodyBytesMax)", "UInt64(byteCount(first..<min(first + 1, count)))",
            "UInt64(bodyBytesMax)", "UInt64(byteCount(0..<0))",
        ],
        // `queryCount` came from 32 bits.
        "ScopeFixedPart.swift": [
            "Int(body.integer(at: 8, as: UInt32.self))", "UInt64(queryCount)", "UInt64(k)",
        ],
        // A count divided by another, which is not 0: NO_QUERIES came before.
        "ScopeLists.swift": [
            "UInt64(elements.count / count)", "UInt64(end - first)", "Int($0)", "Int(first)",
        ],
        "SectionReader.swift": ["Int(stated)"],
        "SectionSize.swift": ["Int(list.offsets[range.upperBound] - list.offsets[range.lowerBound])"],
        // `byteCount` sums up bytes: never negative.
        "ServerMessage.swift": [
            "UInt32(reply.status)", "UInt32(reply.flags.rawValue)", "Int(bodyBytesMax)",
            "UInt64(byteCount)", "UInt64(bodyBytesMax)",
        ],
        // `first` and `last` are offsets of texts that lie in memory, of the sender's own.
        "TextSections.swift": ["Int(offsets[index])", "Int(offsets[index + 1])", "Int(first)", "Int(last)"],
        // `found.count { $0 }` is a count.
        "VectorsReply.swift": [
            "Int(body.integer(at: 4, as: UInt32.self))", "UInt64(found.count { $0 })", "UInt64(dimension)",
        ],
        "VectorsResponse+Wire.swift": ["Int(dimension)"],
    ]
}
