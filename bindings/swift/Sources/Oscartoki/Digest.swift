import COscartoki
import Foundation

/// SHA-256, 32 bytes, by the library: what ``PendingBody/finish(digest:)`` compares.
public func sha256(_ data: Data) -> Data {
    var digest = [UInt8](repeating: 0, count: 32)
    withBytes(data) { _ = oscar_sha256($0, $1, &digest) }
    return Data(digest)
}

/// The value of the header Content-Digest for a SHA-256 of 32 bytes.
func contentDigest(_ digest: Data) -> String? {
    try? written(Int(OSCAR_CONTENT_DIGEST_MAX_LEN)) { out, room in withBytes(digest) { digest, _ in oscar_content_digest_format(digest, out, room) } }
}
