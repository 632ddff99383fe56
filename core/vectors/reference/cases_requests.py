"""Sections 3 to 6: the toki of a request, its text, its fields, its content, its time."""

from pen import API, flipped, forge_request, request_head, spoilt
from wire import print_text, sha256

POST = {"method": "POST", "authority": API, "target": "/v1/transfer?dry=0", "body_hex": b'{"amount":10}'.hex()}
GET = {"method": "GET", "authority": API, "target": "/v1/accounts?limit=10"}


def write(pen):
    for part in (texts, flags, methods, authorities, targets, sizes, numbers, contents, extensions, coverage, time, precedence):
        part(pen)


def verify(pen, name, request, toki, want="ok", K=None, now=None, **more):
    given = (K or pen.K) | request | {"now_ms": pen.now if now is None else now}
    if toki is not None:
        given["toki"] = toki
    return pen.add(name, "toki.verify", given | more, want)


def both(pen, name, request, K=None, **more):
    """Mints, then verifies what was minted."""
    given = (K or pen.K) | request | {"ts_ms": pen.now, "nonce_hex": pen.hex()} | more
    toki = pen.add(f"mint: {name}", "toki.mint", given)["toki"]
    verify(pen, f"verify: {name}", request, toki, K=K)
    return toki


def neither(pen, name, request, **more):
    """Refused in mint; and in verify, by a service that is shown an authentic toki over just these fields."""
    given = pen.K | request | {"ts_ms": pen.now, "nonce_hex": pen.hex()} | more
    pen.add(f"mint: {name}", "toki.mint", given, "unsignable")
    body = bytes.fromhex(request.get("body_hex", ""))
    ext = bytes.fromhex(request.get("ext_hex", ""))
    head = request_head(2 * bool(body) | 4 * bool(ext), pen.key.kid, pen.now, pen.rng.randbytes(8))
    fields = [request[name].encode() for name in ("method", "authority", "target")]
    if all(len(field) < 65_536 for field in [*fields, ext]):
        toki = forge_request(pen.key.root(), head, *fields, ext, sha256(body) if body else b"")
    else:
        toki = pen.mint(GET)
    verify(pen, f"verify: {name}", request, toki, "malformed")


def texts(pen):
    toki = both(pen, "a POST with a body that wants a grant", POST, want=True)
    both(pen, "a GET", GET)
    verify(pen, "no toki", POST, None, "missing")
    verify(pen, "no toki, but a grant", POST, None, "missing", grant=pen.grant(pen.now // 1000 + 60))
    verify(pen, "no toki, and fields that are malformed", POST | {"method": "post"}, None, "missing")
    verify(pen, "an empty toki", POST, "", "malformed")
    for how, text in spoilt(toki, "ot2."):
        verify(pen, f"a toki {how}", POST, text, "malformed")
    verify(pen, "the header twice", POST, f"{toki}, {toki}", "malformed")
    verify(pen, "the header twice, no space", POST, f"{toki},{pen.mint(POST)}", "malformed")
    for prefix in ("ok2.", "os2.", "oa2.", "ot1.", "oT2.", "ot2"):
        verify(pen, f"the prefix {prefix}", POST, prefix + toki[4:], "malformed")
    verify(pen, "a toki of OscarToki v1", GET, "3210000359271|" + "ab" * 32 + "|0123456789abcde", "malformed")


def flags(pen):
    for bit in (16, 32, 64, 128):
        head = request_head(bit, pen.key.kid, pen.now, pen.rng.randbytes(8))
        toki = forge_request(pen.key.root(), head, b"GET", API.encode(), GET["target"].encode())
        verify(pen, f"an authentic toki with flag {bit}", GET, toki, "malformed")
    for first in (0x00, 0x20, 0x22, 0x23, 0x24, 0x25, 0x2A, 0xA1, 0x31):
        head = request_head(0, pen.key.kid, pen.now, pen.rng.randbytes(8), first)
        toki = forge_request(pen.key.root(), head, b"GET", API.encode(), GET["target"].encode())
        verify(pen, f"an authentic toki with first byte {first:#04x}", GET, toki, "malformed")
    digest = sha256(bytes.fromhex(POST["body_hex"]))
    for how, bits, request, covered in (
        ("BODY 1 and no content", 2, GET, sha256(b"")), ("BODY 1 and no content, nothing in M", 2, GET, b""),
        ("BODY 0 and content", 0, POST, b""), ("BODY 0 and content, its digest in M", 0, POST, digest),
        ("EXT 1 and no ext", 4, GET, b""), ("EXT 0 and an ext", 0, GET | {"ext_hex": "00016100016a"}, b""),
        ("SESSION and no grant", 1, GET, b""), ("BODY 1 and empty content", 2, GET | {"body_hex": ""}, sha256(b"")),
    ):
        head = request_head(bits, pen.key.kid, pen.now, pen.rng.randbytes(8))
        parts = [request[name].encode() for name in ("method", "authority", "target")]
        toki = forge_request(pen.key.root(), head, *parts, bytes.fromhex(request.get("ext_hex", "")), covered)
        verify(pen, how, request, toki, "malformed")
    verify(pen, "a grant without SESSION", GET, pen.mint(GET), "malformed", grant=pen.grant(pen.now // 1000 + 60))
    plain = pen.mint(POST, ts=pen.now)
    verify(pen, "WANT turned on by someone else", POST, flipped(plain, "ot2.", 1, 3), "bad_mac")
    verify(pen, "an answer's toki sent as a request", GET, print_text("ot2.", b"\x22" + pen.rng.randbytes(24)), "malformed")


def methods(pen):
    for method in ("A", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "M-SEARCH", "X_Y", "P2", "Z--_0", "A" + "Z" * 31, "CONNECTX"):
        both(pen, f"method {method}", GET | {"method": method})
    for method in (
        "", "get", "Get", "GeT", "1GET", "-GET", "_GET", "A" * 33, "GE T", "GET ", " GET", "GET\n", "\nGET", "G\u0130T", "GÉT", "GET,", "GET/", "GET.",
        "CONNECT", "connect",
    ):
        neither(pen, f"method {method!r}", GET | {"method": method})


def authorities(pen):
    nonce = pen.hex()
    for given, normal in (
        ("API.Example.COM", API), (f"{API}:80", API), (f"{API}:443", API), ("API.EXAMPLE.COM:443", API), (f"{API}:8080", f"{API}:8080"),
        (f"{API}:8443", f"{API}:8443"), (f"{API}:1", f"{API}:1"), (f"{API}:65535", f"{API}:65535"), (f"{API}:4430", f"{API}:4430"),
        (f"{API}:180", f"{API}:180"), (f"{API}:8043", f"{API}:8043"), (f"{API}.", f"{API}."), (f"{API}.:443", f"{API}."),
        ("[::1]", "[::1]"), ("[::1]:443", "[::1]"), ("[::1]:80", "[::1]"), ("[2001:DB8::80]", "[2001:db8::80]"), ("[::1]:8443", "[::1]:8443"),
        ("[fe80::443]", "[fe80::443]"), ("127.0.0.1:80", "127.0.0.1"), ("localhost", "localhost"), ("a", "a"), ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("under_score.example", "under_score.example"), ("%41.example", "%41.example"), ("a" * 255, "a" * 255), ("a" * 251 + ":443", "a" * 251),
        ("a" * 255 + ":80", "a" * 255), ("A" * 255 + ":443", "a" * 255), ("a" * 250 + ":8080", "a" * 250 + ":8080"),
    ):
        name = given if len(given) < 40 else f"of {len(given)} bytes"
        K = pen.K | {"audience": normal}
        given_request, normal_request = GET | {"authority": given}, GET | {"authority": normal}
        common = {"ts_ms": pen.now, "nonce_hex": nonce}
        expected = pen.evaluate("toki.mint", K | normal_request | common)["toki"]
        toki = pen.add(f"mint: authority {name}", "toki.mint", K | given_request | common, toki=expected)["toki"]
        verify(pen, f"verify: authority {name}", given_request, toki, K=K)
    for authority in (
        "", ":80", ":443", ":", f"{API}:", f"{API}:0", f"{API}:00", f"{API}:080", f"{API}:0443", f"{API}:08443", f"{API}:65536", f"{API}:99999", f"{API}:100000",
        f"{API}:+80", f"{API}:-1", f"{API}:8o", f"{API}:80a", f"{API}:http", f"{API}: 8443", f"{API}:\u0661", f"u@{API}", f"u:p@{API}", f"{API}/", f"{API}\\", f"{API}?", f"{API}#",
        f"{API},{API}", f"{API}, {API}", f" {API}", f"{API} ", f"{API}\t", "api example.com", "a\x7f", "a\0b", "bücher.example", "a\u200b", "K\u212a", f"{API}\n",
        "::1", "2001:db8::1", "fe80::1:443", "::80", "::443", "[::1]:", "[::1]:0", "[::1]:08", "[::1]:65536", "a" * 256, "a" * 256 + ":80", "a" * 251 + ":8080", f"{API}:1:2",
    ):
        neither(pen, f"authority {authority[:40]!r}" + (f" of {len(authority)}" if len(authority) > 40 else ""), GET | {"authority": authority})
    for authority in ("other.example.com", f"{API}.", f"{API}:8443", "example.com", f"x{API}", "api.example.co", "[::1]"):
        other = GET | {"authority": authority}
        verify(pen, f"the authority {authority}, which is not this service's", other, pen.mint(other), "unknown_authority")
    other = GET | {"authority": "other.example.com"}
    for audience in ("urn/billing", "a/b", "user@host", "a,b", "a:b", "a:0"):
        K = pen.K | {"audience": audience}
        verify(pen, f"an audience that is no authority ({audience})", other, pen.mint(other, K=K), "unknown_authority", K=K)
    K = pen.K | {"audience": "API.Example.com:443"}
    request = GET | {"authority": "api.example.COM"}
    verify(pen, "an audience in capitals and with a port: the list is normalised, the key is not", request, pen.mint(request, K=K), K=K)
    verify(pen, "its normalised form is another audience", request, pen.mint(request), "bad_mac", K=K)


def targets(pen):
    for target in (
        "/", "/a", "//", "//evil.example/x", "/a//b", "/a/../b", "/./a", "/a%2Fb?x=1&x=2", "/a%2fb", "/?", "/a?", "/a?b?c", "/a??", "/a?&", "/a?x=%00", "/a;b=c", "/%",
        "/*", "/http://api.example.com/", "/~!$&'()*+,;=:@", "/a|b^c`d{e}\"<>\\[]",
    ):
        both(pen, f"target {target}", GET | {"target": target})
    both(pen, "OPTIONS *", GET | {"method": "OPTIONS", "target": "*"})
    for target in (
        "", "*", "a", "?", "?a=b", "a/b", "/a#", "/a#b", "/#", "/a?b#c", "#", "http://api.example.com/", "https://api.example.com/v1", "api.example.com:443", "/a b", " /", "/ ", "/a\t",
        "/a\n", "/a\r\nHost: x", "/a\0", "/a\x7f", "/é", "/a?q=ü", "/\u2215", ".", "./a", "\\a",
    ):
        neither(pen, f"target {target!r}", GET | {"target": target})
    for target in ("**", "*/", "/*#", "*?a=b", " *"):
        neither(pen, f"OPTIONS {target!r}", GET | {"method": "OPTIONS", "target": target})
    neither(pen, "POST *", POST | {"target": "*"})


def sizes(pen):
    """In mint alone: each of these weighs 64 KiB."""
    common = pen.K | {"ts_ms": pen.now, "nonce_hex": pen.hex()}
    pen.add("mint: a target of 65,535 bytes", "toki.mint", common | GET | {"target": "/" + "a" * 65_534})
    pen.add("mint: a target of 65,536 bytes", "toki.mint", common | GET | {"target": "/" + "a" * 65_535}, "unsignable")


def numbers(pen):
    common = pen.K | GET | {"nonce_hex": pen.hex()}
    for ts in (0, 1, 255, 2**32, 2**47, 2**48 - 1):
        pen.add(f"mint: ts {ts}", "toki.mint", common | {"ts_ms": ts})
    for ts in (-1, 2**48, 2**48 + 5, 2**63 - 1):
        pen.add(f"mint: ts {ts} does not fit", "toki.mint", common | {"ts_ms": ts}, "unsignable")


def contents(pen):
    common = pen.K | {"ts_ms": pen.now, "nonce_hex": pen.hex()}
    bare = {k: v for k, v in POST.items() if k != "body_hex"}
    nothing = pen.add("mint: no content", "toki.mint", common | bare)["toki"]
    pen.add("mint: empty content is none", "toki.mint", common | bare | {"body_hex": ""}, toki=nothing)
    verify(pen, "empty content is none", bare | {"body_hex": ""}, nothing)
    for how, body in (("one zero byte", "00"), ("a line feed", "0a"), ("bytes that are no text", "fffe00"), ("300 bytes", pen.hex(300))):
        request = bare | {"body_hex": body}
        digest = bare | {"body_sha256_hex": sha256(bytes.fromhex(body)).hex()}
        toki = pen.add(f"mint: {how}", "toki.mint", common | request)["toki"]
        pen.add(f"mint: {how}, by digest", "toki.mint", common | digest, toki=toki)
        verify(pen, f"{how}", request, toki)
        verify(pen, f"{how}, announced, judged before it arrives", digest, toki)
        verify(pen, f"{how}, announced and arrived", digest, toki, finish_body_hex=body)
        verify(pen, f"{how}, announced, another came", digest, toki, "body_mismatch", finish_body_hex=body + "00")
        verify(pen, f"{how}, announced, nothing came", digest, toki, "body_mismatch", finish_body_hex="")
        verify(pen, f"{how}, not announced, another came", bare | {"body_hex": body + "00"}, toki, "bad_mac")
        verify(pen, f"{how}, another announced", bare | {"body_sha256_hex": pen.hex(32)}, toki, "bad_mac", finish_body_hex=body)
        verify(pen, f"{how}, signed, nothing came", bare, toki, "malformed")
        verify(pen, f"{how}, came beside BODY 0", request, nothing, "malformed")
    get = GET | {"body_hex": "7b7d"}
    both(pen, "a GET with content", get)
    verify(pen, "a digest beside BODY 0", bare | {"body_sha256_hex": pen.hex(32)}, nothing, "malformed")
    empty = {"body_sha256_hex": sha256(b"").hex()}
    pen.add("mint: the digest of zero bytes", "toki.mint", common | bare | empty, "unsignable")
    head = request_head(2, pen.key.kid, pen.now, pen.rng.randbytes(8))
    toki = forge_request(pen.key.root(), head, b"POST", API.encode(), bare["target"].encode(), b"", sha256(b""))
    verify(pen, "the digest of zero bytes announced", bare | empty, toki, "malformed", finish_body_hex="")
    verify(pen, "the digest of zero bytes announced beside BODY 0", bare | empty, nothing, "malformed")


def pair(name, value):
    return (len(name).to_bytes(2, "big") + name.encode() + len(value).to_bytes(2, "big") + value.encode()).hex()


def extensions(pen):
    for how, ext in (
        ("one pair", pair("idempotency-key", "abc")), ("two pairs", pair("idempotency-key", "abc") + pair("content-type", "application/json")),
        ("an absent header", pair("content-type", "")), ("one byte", "00"), ("bytes that are no pairs", "ffffff"),
    ):
        request = POST | {"ext_hex": ext}
        toki = both(pen, f"ext of {how}", request)
        verify(pen, f"ext of {how}, dropped", POST, toki, "malformed")
        verify(pen, f"ext of {how}, changed", POST | {"ext_hex": ext + "00"}, toki, "bad_mac")
    pairs = pair("a", "1"), pair("b", "2")
    request = POST | {"ext_hex": pairs[0] + pairs[1]}
    verify(pen, "ext's pairs in another order", POST | {"ext_hex": pairs[1] + pairs[0]}, pen.mint(request), "bad_mac")
    verify(pen, "an ext that nobody signed", POST | {"ext_hex": pairs[0]}, pen.mint(POST), "malformed")
    verify(pen, "ext empty is no ext", POST | {"ext_hex": ""}, pen.mint(POST))


def coverage(pen):
    toki = pen.mint(POST)
    for name, changes in {
        "method": ("PUT", "PATCH", "POSTX", "GET"),
        "target": ("/v1/transfer", "/v1/transfer?", "/v1/transfer?dry=1", "/v1/transfer?dry=0&", "/v1/transfer/?dry=0", "/v1/%74ransfer?dry=0", "//v1/transfer?dry=0", "/v1/Transfer?dry=0"),
    }.items():
        for change in changes:
            verify(pen, f"{name} changed to {change}", POST | {name: change}, toki, "bad_mac")
    query = POST | {"target": "/a?x=1&y=2"}
    verify(pen, "a query in another order", query | {"target": "/a?y=2&x=1"}, pen.mint(query), "bad_mac")
    shifted = POST | {"method": "POSTA", "target": "/b"}
    verify(pen, "a field's end moved into its neighbour", shifted, pen.mint(POST | {"method": "POST", "target": "/b"}), "bad_mac")
    for byte, want in ((2, "unknown_key"), (9, "unknown_key"), (15, "bad_mac"), (16, "bad_mac"), (23, "bad_mac"), (24, "bad_mac"), (39, "bad_mac")):
        for bit in (0, 7):
            verify(pen, f"bit {bit} of byte {byte} turned", POST, flipped(toki, "ot2.", byte, bit), want)
    verify(pen, "the same bytes, a far time forged", POST, flipped(toki, "ot2.", 10, 7), "bad_mac")
    verify(pen, "another client's key", POST, toki, "unknown_key", K=pen.K | {"secret_hex": pen.hex(32)})
    verify(pen, "the next generation", POST, toki, "unknown_key", K=pen.K | {"generation": 1})
    K1 = pen.K | {"generation": 1}
    verify(pen, "generation 1 at its own service", POST, pen.mint(POST, K=K1), K=K1)
    other = {"audience": "other.example.com"}
    request = POST | {"authority": "other.example.com"}
    verify(pen, "a toki for another audience of the same secret", request, pen.mint(request), "bad_mac", K=pen.K | other)
    held = {"audience_key": pen.key.text(), "audience": API}
    verify(pen, "by an audience key alone", POST, toki, K=held)
    pen.add("mint: by an audience key alone", "toki.mint", held | POST | {"ts_ms": pen.now, "nonce_hex": pen.hex()})
    forged = print_text("oa2.", pen.key.kid + pen.rng.randbytes(32))
    verify(pen, "an audience key under the same kid that is another", POST, toki, "bad_mac", K=held | {"audience_key": forged})
    answer = pen.key.root()
    answer.req = answer.res
    head = request_head(0, pen.key.kid, pen.now, pen.rng.randbytes(8))
    toki = forge_request(answer, head, b"GET", API.encode(), GET["target"].encode())
    verify(pen, "a request under the answers' key", GET, toki, "bad_mac")


def time(pen):
    for how, ts, want in (
        ("now", pen.now, "ok"), ("2,000 ms ahead", pen.now + 2_000, "ok"), ("2,001 ms ahead", pen.now + 2_001, "stale"), ("an hour ahead", pen.now + 3_600_000, "stale"),
        ("29,999 ms old", pen.now - 29_999, "ok"), ("30,000 ms old", pen.now - 30_000, "stale"), ("30,001 ms old", pen.now - 30_001, "stale"),
        ("a probe", 0, "stale"), ("one millisecond after the epoch", 1, "stale"), ("the greatest time", 2**48 - 1, "stale"), ("seconds in place of milliseconds", pen.now // 1000, "stale"),
    ):
        verify(pen, f"ts is {how}", POST, pen.mint(POST, ts=ts), want)
    probe = {"method": "HEAD", "authority": API, "target": POST["target"]}
    verify(pen, "a probe as a client sends it", probe, pen.mint(probe, ts=0, want=True), "stale")
    for now, ts, want in (
        (0, 0, "stale"), (0, 1, "ok"), (1, 0, "stale"), (0, 2_000, "ok"), (0, 2_001, "stale"), (30_000, 1, "ok"), (30_001, 1, "stale"), (30_001, 2, "ok"), (1_000, 0, "stale"),
    ):
        verify(pen, f"a clock at {now} and ts {ts}: the floor is never below 0", GET, pen.mint(GET, ts=ts), want, now=now)


def precedence(pen):
    """Two faults, one verdict: the earlier line's."""
    other = POST | {"authority": "other.example.com"}
    stranger = pen.K | {"secret_hex": pen.hex(32)}
    old = pen.now - 60_000
    for how, request, toki, want in (
        ("malformed before unknown_authority", other | {"target": "/a#"}, pen.mint(other), "malformed"),
        ("malformed (EXT) before unknown_authority", other | {"ext_hex": "00"}, pen.mint(other), "malformed"),
        ("malformed (method) before unknown_key", POST | {"method": "post"}, pen.mint(POST, K=stranger), "malformed"),
        ("malformed (BODY) before bad_mac", {k: v for k, v in POST.items() if k != "body_hex"}, flipped(pen.mint(POST), "ot2.", 39, 0), "malformed"),
        ("unknown_authority before unknown_key", other, pen.mint(other, K=stranger), "unknown_authority"),
        ("unknown_authority before bad_mac", other, flipped(pen.mint(other), "ot2.", 30, 0), "unknown_authority"),
        ("unknown_authority before stale", other, pen.mint(other, ts=old), "unknown_authority"),
        ("unknown_key before stale", POST, pen.mint(POST, K=stranger, ts=old), "unknown_key"),
        ("bad_mac before stale", POST, flipped(pen.mint(POST, ts=old), "ot2.", 30, 0), "bad_mac"),
        ("bad_mac before stale, far ahead", POST, flipped(pen.mint(POST, ts=2**48 - 1), "ot2.", 30, 0), "bad_mac"),
    ):
        verify(pen, how, request, toki, want)
    digest = {k: v for k, v in POST.items() if k != "body_hex"} | {"body_sha256_hex": pen.hex(32)}
    verify(pen, "stale before body_mismatch", digest, pen.mint(digest, ts=old), "stale", finish_body_hex="00")
    verify(pen, "bad_mac before body_mismatch", digest, flipped(pen.mint(digest), "ot2.", 30, 0), "bad_mac", finish_body_hex="00")
