import ArgumentParser
import KindredClient
import KindredDomain
import KindredServer

/// The value of an option or argument, read once from its text.
///
/// Errors are kept and thrown when the command validates its options. If they were thrown while the parser reads the
/// text, the parser would put words of its own before them.
struct ParsedValue<Value: Sendable>: Sendable, CustomStringConvertible {
    /// The text as it was given.
    let description: String
    private let reading: Result<Value, ValidationError>

    /// Reads the value; an error is kept.
    init(_ text: String, _ read: (String) throws(ValidationError) -> Value) {
        description = text
        do throws(ValidationError) {
            reading = .success(try read(text))
        } catch {
            reading = .failure(error)
        }
    }

    /// The value. Throws the error of reading it.
    var value: Value {
        get throws(ValidationError) { try reading.get() }
    }
}

extension ParsedValue where Value == ModelName {
    /// Reads a model's name from an option or argument.
    static func modelName(_ option: String) -> @Sendable (String) -> Self {
        { text in
            Self(text) { text throws(ValidationError) in
                guard let name = ModelName(text) else {
                    throw ValidationError("\(option) \(text): a model's name has the form \(ModelName.rule)")
                }
                return name
            }
        }
    }
}

extension ParsedValue where Value == Endpoint {
    /// The address that a server listens on by default.
    static var defaultAddress: String { "127.0.0.1:\(ServerConfiguration.defaultPort)" }

    /// Reads a server's address from an option.
    static func address(_ option: String, examples: String = defaultAddress) -> @Sendable (String) -> Self {
        { text in
            Self(text) { text throws(ValidationError) in
                guard let endpoint = Endpoint(text) else {
                    let port = text.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
                    if let number = ExternalID.plainDecimal(Array(port.utf8)), number > UInt16.max {
                        throw ValidationError("\(option) \(text): port \(port), at most \(UInt16.max)")
                    }
                    throw ValidationError("\(option) \(text): HOST or HOST:PORT, such as \(examples)")
                }
                return endpoint
            }
        }
    }
}
