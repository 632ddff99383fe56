import Foundation
internal import OscartokiNative

/// For development: says in a sentence what altered a request whose MAC does not fit, or nil. `keys` by a label each, the service's own first.
public func explain(
    keys: [(label: String, key: AudienceKey)], _ method: String, _ authority: String, _ target: String, toki: String, grant: String? = nil,
    body: Data = Data(), ext: Data = Data()
) throws -> String? {
    let request = Request(verb: method, authority: authority, target: target, ext: ext, content: body, contentDigest: nil)
    return try speaking {
        try explainRequest(labels: keys.map(\.label), keys: keys.map(\.key.native), request: request, toki: toki, grant: grant)
    }
}
