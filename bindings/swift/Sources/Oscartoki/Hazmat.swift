import COscartoki
import Foundation

/// Deterministic twins: the caller gives what must otherwise be random or the clock's. For vectors, tests and tools; a nonce that is used twice
/// breaks the protocol.
public enum Hazmat {
    /// The toki of a request, in the session of `grant` when there is one.
    public static func mintRequest(
        _ key: AudienceKey, _ method: String, _ authority: String, _ target: String, _ body: Data? = nil, tsMs: Int64, nonce: Data,
        want: Bool = false, grant: String? = nil, ext: Data? = nil, digest: Data? = nil
    ) throws -> String {
        let nonce = try exactly(8, nonce, "a nonce")
        return try written(Int(OSCAR_TOKI_MAX_LEN)) { out, room in
            packRequest(method, authority, target, ext, digest) { request, count, failed in
                failed
                    ? Status.unsignable
                    : withBytes(key.toText()) { key, keyCount in
                        withBytes(grant) { grant, grantCount in
                            withBytes(nonce) { nonce, _ in
                                withBytes(body) {
                                    oscar_hazmat_mint_request(
                                        key, keyCount, grant, grantCount, request, count, $0, $1, tsMs, nonce, want ? 1 : 0, out, room)
                                }
                            }
                        }
                    }
            }
        }
    }

    /// The grant that answers a request's toki.
    public static func mintGrant(_ key: AudienceKey, _ requestToki: String, sid: Data, expS: Int64, ttlS: Int64) throws -> String {
        let sid = try exactly(8, sid, "a sid")
        return try written(Int(OSCAR_GRANT_MAX_LEN)) { out, room in
            withBytes(key.toText()) { key, keyCount in
                withBytes(requestToki) { toki, tokiCount in
                    withBytes(sid) { sid, _ in oscar_hazmat_mint_grant(key, keyCount, toki, tokiCount, sid, expS, ttlS, out, room) }
                }
            }
        }
    }

    /// The toki of an answer.
    public static func mintAnswer(
        _ key: AudienceKey, _ requestToki: String, _ status: Int, _ body: Data? = nil, code: Int, tsMs: Int64, sessionGrant: String? = nil,
        grant: String? = nil, ext: Data? = nil, digest: Data? = nil
    ) throws -> String {
        guard let code = Int32(exactly: code) else { throw OscarError(.unsignable, "a code is 0 to 7") }
        return try written(Int(OSCAR_TOKI_MAX_LEN)) { out, room in
            packAnswer(status, ext, digest, grant, nil) { answer, count, failed in
                failed
                    ? Status.unsignable
                    : withBytes(key.toText()) { key, keyCount in
                        withBytes(sessionGrant) { session, sessionCount in
                            withBytes(requestToki) { toki, tokiCount in
                                withBytes(body) {
                                    oscar_hazmat_mint_answer(
                                        key, keyCount, session, sessionCount, toki, tokiCount, code, tsMs, answer, count, $0, $1, out, room)
                                }
                            }
                        }
                    }
            }
        }
    }

    /// Judges an answer to a request that some other client of the key signed, and tells the service's time; throws what makes it not authentic.
    public static func accept(
        _ key: AudienceKey, _ requestToki: String, _ status: Int, _ body: Data? = nil, toki: String?, grant: String? = nil,
        sessionGrant: String? = nil, ext: Data? = nil, digest: Data? = nil
    ) throws -> (outcome: Outcome, tsMs: Int64) {
        var raw = oscar_outcome()
        let got = packAnswer(status, ext, digest, toki, grant) { answer, count, failed in
            failed
                ? Status.malformed
                : withBytes(key.toText()) { key, keyCount in
                    withBytes(sessionGrant) { session, sessionCount in
                        withBytes(requestToki) { asked, askedCount in
                            withBytes(body) {
                                oscar_hazmat_accept(key, keyCount, session, sessionCount, asked, askedCount, answer, count, $0, $1, &raw)
                            }
                        }
                    }
                }
        }
        if raw.authentic == 0 { throw OscarError.refused(got) }
        var claims = oscar_answer_claims()
        withBytes(toki) { _ = oscar_answer_toki_parse($0, $1, &claims) }
        return (Outcome(raw: raw), claims.ts_ms)
    }

    /// The toki of a message.
    public static func mintMessage(
        _ key: AudienceKey, _ destination: String, _ type: String, _ body: Data, tsMs: Int64, nonce: Data, ttlS: Int64, ext: Data? = nil,
        digest: Data? = nil
    ) throws -> String {
        let nonce = try exactly(8, nonce, "a nonce")
        return try written(Int(OSCAR_MESSAGE_TOKI_MAX_LEN)) { out, room in
            packed(destination.utf8.count + type.utf8.count + (ext?.count ?? 0) + (digest?.count ?? 0), fields: 4) {
                $0.field(destination)
                $0.field(type)
                $0.field(ext)
                $0.field(digest)
            } _: { message, count, failed in
                failed
                    ? Status.unsignable
                    : withBytes(key.toText()) { key, keyCount in
                        withBytes(nonce) { nonce, _ in
                            withBytes(body) {
                                oscar_hazmat_mint_message(key, keyCount, message, count, $0, $1, tsMs, nonce, ttlS, out, room)
                            }
                        }
                    }
            }
        }
    }

    /// A presigned target.
    public static func mintUrl(
        _ key: AudienceKey, _ method: String, _ authority: String, _ target: String, expMs: Int64, ext: Data? = nil
    ) throws -> String {
        try written(target.utf8.count + Int(OSCAR_URL_PARAMETER_MAX_LEN)) { out, room in
            packRequest(method, authority, target, ext, nil) { request, count, failed in
                failed
                    ? Status.unsignable
                    : withBytes(key.toText()) {
                        oscar_hazmat_mint_url($0, $1, request, count, expMs, out, room)
                    }
            }
        }
    }

    /// A websocket ticket.
    public static func mintTicket(_ key: AudienceKey, _ connection: Data, tsMs: Int64, nonce: Data, origin: String? = nil) throws -> String {
        let nonce = try exactly(8, nonce, "a nonce")
        return try written(Int(OSCAR_TICKET_MAX_LEN)) { out, room in
            withBytes(key.toText()) { key, keyCount in
                withBytes(origin) { origin, originCount in
                    withBytes(nonce) { nonce, _ in
                        withBytes(connection) {
                            oscar_hazmat_mint_ticket(key, keyCount, $0, $1, origin, originCount, tsMs, nonce, out, room)
                        }
                    }
                }
            }
        }
    }

    /// `Client.sign` with a nonce that the caller gives. Its answer is judged by `Client.accept`.
    public static func sign(
        _ client: Client, _ method: String, _ authority: String, _ target: String, _ body: Data? = nil, nonce: Data, nowMs: Int64,
        monoMs: Int64 = 0, ext: Data? = nil, digest: Data? = nil, options: CallOptions = []
    ) throws -> SignedRequest {
        let nonce = try exactly(8, nonce, "a nonce")
        let signed = SignedRequest()
        let status = packRequest(method, authority, target, ext, digest) { request, count, failed in
            failed
                ? Status.unsignable
                : withBytes(nonce) { nonce, _ in
                    withBytes(body) {
                        oscar_hazmat_client_sign(
                            client.handle, request, count, $0, $1, options.rawValue, nowMs, monoMs, nonce, &signed.raw, &signed.context)
                    }
                }
        }
        if status != 0 { throw OscarError.refused(status, mayHaveRun: false) }
        return signed
    }

    /// Key material: the 32 bytes of an audience key.
    public static func expose(_ key: AudienceKey) throws -> Data {
        var raw = [UInt8](repeating: 0, count: 32)
        var kid = [UInt8](repeating: 0, count: 8)
        let status = withBytes(key.toText()) { oscar_audience_key_read($0, $1, &kid, &raw) }
        if status != 0 { throw OscarError.refused(status) }
        return Data(raw)
    }

    /// The status, lp(ext) lp(digest), and up to two texts that stand last when they are there.
    private static func packAnswer<R>(
        _ status: Int, _ ext: Data?, _ digest: Data?, _ first: String?, _ second: String?,
        _ call: (UnsafePointer<UInt8>?, Int, Bool) throws -> R
    ) rethrows -> R {
        let texts = (first?.utf8.count ?? 0) + (second?.utf8.count ?? 0)
        return try packed(
            (ext?.count ?? 0) + (digest?.count ?? 0) + texts, fields: 5,
            {
                $0.be16(status)
                $0.field(ext)
                $0.field(digest)
                $0.proofs(first, second)
            }, call)
    }
}
