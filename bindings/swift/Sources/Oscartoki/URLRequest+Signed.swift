import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension URLRequest {
    /// This request signed, or the probe that must go before it, for whatever sends URLRequests. It does not follow redirects for you: switch them
    /// off where it is sent. `URLSession.data(for:signedBy:)` does all of it.
    ///
    /// ```swift
    /// let signed = try request.signed(by: client, options: .trustClock)
    /// let (data, response) = try await session.data(for: signed.request)
    /// try signed.accept(response, data).throwForRefusal()
    /// ```
    public func signed(by client: Client, options: CallOptions = []) throws -> SignedURLRequest {
        let body = try content()
        let wire = try Wire(self, body: body, adding: nil)
        let ext = try client.requestExt(wire.headers)
        let digest = body.flatMap { $0.isEmpty ? nil : sha256($0) }
        let signed = try client.sign(wire.method, wire.authority, wire.target, ext: ext, digest: digest, options: options)
        var headers = signed.headers
        if let digest, client.sendsContentDigest, !signed.isProbe { headers["content-digest"] = contentDigest(digest) }
        return SignedURLRequest(
            request: self.signed(headers, probe: signed.isProbe, body: body, by: client), isProbe: signed.isProbe, signed: signed, client: client)
    }
}

/// A `URLRequest` that was signed once. Send it once.
public struct SignedURLRequest: Sendable {
    /// What to send.
    public let request: URLRequest
    /// Whether it is the probe: accept its answer, then sign again.
    public let isProbe: Bool
    /// What was signed.
    public let signed: SignedRequest
    let client: Client

    /// Judges the answer, once. `receivedMs`: when its head arrived.
    public func accept(_ response: URLResponse, _ data: Data, receivedMs: Int64? = nil) -> Outcome {
        guard let response = response as? HTTPURLResponse else { return client.giveUp(signed) }
        if data.count > client.maxAnswer { return client.giveUp(signed, status: response.statusCode) }
        return client.acceptHead(signed, response.statusCode, response.head, data, receivedMs: receivedMs)
    }
}
