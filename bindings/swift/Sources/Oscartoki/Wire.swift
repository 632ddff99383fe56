import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What URLSession puts on the wire for a request: the fields that are signed.
struct Wire {
    let method: String
    let authority: String
    let target: String
    let headers: [Header]

    /// Errors: `rawTargetHidden` where URLSession would send another target than the URL says; `unsignable` for what is no HTTP request.
    init(_ request: URLRequest, body: Data?, adding additional: [AnyHashable: Any]?) throws {
        guard let url = request.url, let parts = URLComponents(url: url, resolvingAgainstBaseURL: true), let host = parts.percentEncodedHost,
            !host.isEmpty
        else { throw OscarError(.unsignable, "the request has no URL with a host", mayHaveRun: false) }
        method = request.httpMethod ?? "GET"
        authority = request.value(forHTTPHeaderField: "Host") ?? host + (parts.port.map { ":\($0)" } ?? "")
        target = try Self.target(parts)
        headers = Self.headers(request, body: body, adding: additional)
    }

    private static func target(_ parts: URLComponents) throws -> String {
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        for segment in path.split(separator: "/", omittingEmptySubsequences: true) {
            let plain = segment.replacingOccurrences(of: "%2e", with: ".", options: .caseInsensitive)
            if plain == "." || plain == ".." {
                throw OscarError(
                    .rawTargetHidden, "URLSession removes the dot segments of a URL: give it url.standardized, which has none", mayHaveRun: false)
            }
        }
        guard let query = parts.percentEncodedQuery else { return path }
        if query.isEmpty {
            throw OscarError(
                .rawTargetHidden, "URLSession does not say whether it sends an empty query: leave the ? at the end of the URL out", mayHaveRun: false)
        }
        return path + "?" + query
    }

    /// The session's headers with the request's, as URLSession merges them, and the Content-Type that it adds by itself.
    private static func headers(_ request: URLRequest, body: Data?, adding additional: [AnyHashable: Any]?) -> [Header] {
        var named: [String: Header] = [:]
        for case (let name as String, let value as String) in additional ?? [:] { named[name.lowercased()] = (name, value) }
        for (name, value) in request.allHTTPHeaderFields ?? [:] { named[name.lowercased()] = (name, value) }
        if named["content-type"] == nil, request.httpMethod == "POST", body?.isEmpty == false {
            named["content-type"] = ("Content-Type", formType)
        }
        return named.sorted { $0.key < $1.key }.map(\.value)
    }

    static let formType = "application/x-www-form-urlencoded"
}

/// The headers of ours that a request carries.
private let ours = ["oscartoki", "oscartokikey", "content-digest"]

extension URLRequest {
    /// The content as it was given. A stream can't be signed: nobody knows its bytes before they are sent.
    func content() throws -> Data? {
        guard httpBodyStream == nil else {
            throw OscarError(.unsignable, "a request with an httpBodyStream can't be signed: give data, or a file to upload", mayHaveRun: false)
        }
        return httpBody
    }

    /// The same request, past caches and with these headers.
    func carrying(_ headers: [String: String]) -> URLRequest {
        var request = self
        request.cachePolicy = .reloadIgnoringLocalCacheData
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        return request
    }

    /// What goes out at a step: the request, or its probe.
    func signed(_ headers: [String: String], probe: Bool, body: Data?, by client: Client) -> URLRequest {
        var request = self
        request.httpBody = probe ? nil : body
        for name in ours { request.setValue(nil, forHTTPHeaderField: name) }
        if probe {
            request.httpMethod = "HEAD"
            for name in (allHTTPHeaderFields ?? [:]).keys where client.dropsFromProbe(name) { request.setValue(nil, forHTTPHeaderField: name) }
        } else if body?.isEmpty == false, httpMethod == "POST", value(forHTTPHeaderField: "Content-Type") == nil {
            request.setValue(Wire.formType, forHTTPHeaderField: "Content-Type")
        }
        return request.carrying(headers)
    }
}

extension HTTPURLResponse {
    /// Name and value of each header. Those that came several times are joined by a comma, which makes a toki malformed, as it must be.
    var head: [Header] {
        allHeaderFields.compactMap { field in
            guard let name = field.key as? String, let value = field.value as? String else { return nil }
            return (name, value.trimmingCharacters(in: .whitespaces))
        }
    }
}
