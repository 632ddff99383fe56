"""Section 8: messages, presigned URLs, tickets."""

from pen import API, flipped, spoilt
from wire import be, lp, mac, parse_text, print_text, sha256

DAY_MS = 86_400_000


def write(pen):
    for part in (messages, message_times, urls, url_targets, url_times, tickets):
        part(pen)


# Messages

def messages(pen):
    note = {"destination": "billing", "type": "invoice.created", "body_hex": b"{}".hex()}

    def message(name, given, **more):
        common = {"ts_ms": pen.now, "nonce_hex": pen.hex(), "ttl_s": 3600} | more
        text = pen.add(f"mint: message {name}", "message.mint", pen.K | given | common)["toki"]
        pen.add(f"verify: message {name}", "message.verify", pen.K | given | {"toki": text, "now_ms": pen.now}, verdict="unchecked")
        return text

    toki = message("with a body", note)
    nonce = pen.hex()
    none = message("without a body", {"destination": "billing", "type": "x"}, nonce_hex=nonce)
    pen.add("mint: an empty body is none", "message.mint",
            pen.K | {"destination": "billing", "type": "x", "body_hex": "", "ts_ms": pen.now, "nonce_hex": nonce, "ttl_s": 3600}, toki=none)
    message("without destination and type", {"destination": "", "type": "", "body_hex": "00"})
    message("of names beyond ASCII", note | {"destination": "größe/é ☃", "type": "a b\nc"})
    message("with an ext", note | {"ext_hex": "0001610001 62".replace(" ", "")})
    given = pen.K | note | {"toki": toki, "now_ms": pen.now}
    for how, more, want in (
        ("another destination", {"destination": "billing2"}, "bad_mac"), ("destination in capitals", {"destination": "Billing"}, "bad_mac"), ("another type", {"type": "invoice.deleted"}, "bad_mac"),
        ("another body", {"body_hex": b"{ }".hex()}, "bad_mac"), ("no body", {"body_hex": ""}, "bad_mac"), ("type and destination shifted", {"destination": "billingi", "type": "nvoice.created"}, "bad_mac"),
        ("an ext nobody signed", {"ext_hex": "00"}, "malformed"), ("another secret", {"secret_hex": pen.hex(32)}, "unknown_key"), ("another generation", {"generation": 3}, "unknown_key"),
        ("another audience", {"audience": "other.example.com"}, "bad_mac"), ("an empty toki", {"toki": ""}, "malformed"),
    ):
        pen.add(f"message: {how}", "message.verify", given | more, want)
    for how, text in spoilt(toki, "ot2."):
        pen.add(f"message: a toki {how}", "message.verify", given | {"toki": text}, "malformed")
    raw = parse_text("ot2.", toki)
    tail = lp(b"billing", "") + lp(b"invoice.created", "") + lp(b"", "") + sha256(b"{}")
    for how, head in (
        ("BODY 0", b"\x23\0"), ("flag 1", b"\x23\3"), ("flag 8", b"\x23\x0a"), ("flag 16", b"\x23\x12"), ("flag 128", b"\x23\x82"), ("EXT 1 and no ext", b"\x23\6"),
        ("first byte 0x21", b"\x21\2"), ("first byte 0x24", b"\x24\2"),
    ):
        text = print_text("ot2.", head + raw[2:28] + mac(pen.key.use("msg"), head + raw[2:28] + tail)[:16])
        pen.add(f"message: authentic, with {how}", "message.verify", given | {"toki": text}, "malformed")
    for byte, want in ((2, "unknown_key"), (10, "bad_mac"), (16, "bad_mac"), (24, "bad_mac"), (27, "bad_mac"), (28, "bad_mac"), (43, "bad_mac")):
        pen.add(f"message: byte {byte} turned", "message.verify", given | {"toki": flipped(toki, "ot2.", byte, 4)}, want)
    base = pen.K | note | {"ts_ms": pen.now, "nonce_hex": pen.hex(), "ttl_s": 60}
    for how, more in (("ttl 1", {"ttl_s": 1}), ("ttl 2^32 - 1", {"ttl_s": 2**32 - 1}), ("ts 0", {"ts_ms": 0}), ("ts 2^48 - 1", {"ts_ms": 2**48 - 1})):
        pen.add(f"mint: message with {how}", "message.mint", base | more)
    for how, more in (
        ("ttl 0", {"ttl_s": 0}), ("ttl -1", {"ttl_s": -1}), ("ttl 2^32", {"ttl_s": 2**32}), ("ts -1", {"ts_ms": -1}), ("ts 2^48", {"ts_ms": 2**48}), ("a destination of 65,536 bytes", {"destination": "d" * 65_536}),
    ):
        pen.add(f"mint: message with {how}", "message.mint", base | more, "unsignable")


def message_times(pen):
    ts = pen.now
    for ttl, now, want in (
        (60, ts, "ok"), (60, ts - 300_000, "ok"), (60, ts - 300_001, "not_yet"), (60, ts + 60_000, "ok"), (60, ts + 60_001, "expired"), (1, ts + 1_000, "ok"), (1, ts + 1_001, "expired"),
        (86_400, ts + DAY_MS, "ok"), (86_400, ts + DAY_MS + 1, "expired"), (86_401, ts, "policy"), (0, ts, "policy"), (2**32 - 1, ts, "policy"),
        (86_401, ts + 2 * DAY_MS, "policy"), (86_401, ts - 300_001, "policy"), (0, ts + 1, "policy"), (0, ts - 400_000, "policy"), (3600, 0, "not_yet"),
    ):
        head = b"\x23\2" + pen.key.kid + be(48, ts, "") + pen.rng.randbytes(8) + be(32, ttl, "")
        toki = print_text("ot2.", head + mac(pen.key.use("msg"), head + lp(b"q", "") + lp(b"t", "") + lp(b"", "") + sha256(b""))[:16])
        given = pen.K | {"destination": "q", "type": "t", "toki": toki, "now_ms": now}
        pen.add(f"message: ttl {ttl} s, judged at ts {now - ts:+} ms", "message.verify", given, want)
        if want in ("policy", "expired"):
            pen.add(f"message: bad_mac before {want} (ttl {ttl}, {now - ts:+} ms)", "message.verify", given | {"type": "u"}, "bad_mac")


# Presigned URLs

FILE = {"method": "GET", "authority": API}


def presigned(pen, target, exp=None, ext=b"", method=b"GET", authority=API.encode(), head=None, key=None):
    """The text of a toki over these bytes, whatever they are."""
    key = key or pen.key
    head = (head or bytes([0x24, 4 * bool(ext)])) + key.kid + be(48, pen.now + 60_000 if exp is None else exp, "")
    fields = b"".join(len(part).to_bytes(2, "big") + part for part in (method, authority, target, ext))
    return print_text("ot2.", head + mac(key.use("url"), head + fields)[:16])


def urls(pen):
    base = pen.K | FILE | {"target": "/files/a.pdf?v=2", "exp_ms": pen.now + 60_000}
    target = pen.add("mint: a URL", "url.mint", base)["target"]
    given = pen.K | FILE | {"target": target, "now_ms": pen.now}
    pen.add("URL: good", "url.verify", given)
    pen.add("mint: HEAD as GET", "url.mint", base | {"method": "HEAD"}, target=target)
    pen.add("URL: HEAD as GET", "url.verify", given | {"method": "HEAD"})
    put = pen.add("mint: a URL for PUT", "url.mint", base | {"method": "PUT"})["target"]
    pen.add("URL: PUT", "url.verify", given | {"method": "PUT", "target": put})
    pen.add("URL: GET by a URL for PUT", "url.verify", given | {"target": put}, "bad_mac")
    with_ext = pen.add("mint: a URL with an ext", "url.mint", base | {"ext_hex": "0001610000"})["target"]
    pen.add("URL: an ext", "url.verify", given | {"target": with_ext, "ext_hex": "0001610000"})
    pen.add("URL: another ext", "url.verify", given | {"target": with_ext, "ext_hex": "0001620000"}, "bad_mac")
    pen.add("URL: no ext", "url.verify", given | {"target": with_ext}, "malformed")
    pen.add("URL: an ext nobody signed", "url.verify", given | {"ext_hex": "0001620000"}, "malformed")
    pen.add("URL: an authority in capitals with its port", "url.verify", given | {"authority": "API.EXAMPLE.COM:443"})
    pen.add("mint: an authority in capitals with its port", "url.mint", base | {"authority": "API.EXAMPLE.COM:80"}, target=target)
    for how, more, want in (
        ("another path", {"target": target.replace("a.pdf", "b.pdf")}, "bad_mac"), ("another query", {"target": target.replace("v=2", "v=3")}, "bad_mac"),
        ("a parameter put before", {"target": target.replace("v=2", "v=2&w=3")}, "bad_mac"), ("DELETE", {"method": "DELETE"}, "bad_mac"), ("POST", {"method": "POST"}, "bad_mac"),
        ("a parameter put behind", {"target": target + "&w=3"}, "malformed"), ("lower case method", {"method": "get"}, "malformed"), ("CONNECT", {"method": "CONNECT"}, "malformed"),
        ("another authority", {"authority": "other.example.com"}, "unknown_authority"), ("an authority with a user", {"authority": f"u@{API}"}, "malformed"),
        ("another secret", {"secret_hex": pen.hex(32)}, "unknown_key"), ("another generation", {"generation": 1}, "unknown_key"),
        ("another audience", {"audience": "other.example.com", "authority": "other.example.com"}, "bad_mac"),
    ):
        pen.add(f"URL: {how}", "url.verify", given | more, want)
    toki = target.rpartition("=")[2]
    for how, text in spoilt(toki, "ot2."):
        pen.add(f"URL: a toki {how}", "url.verify", given | {"target": "/files/a.pdf?v=2&oscartoki=" + text}, "malformed")
    for byte, want in ((2, "unknown_key"), (9, "unknown_key"), (10, "bad_mac"), (15, "bad_mac"), (16, "bad_mac"), (31, "bad_mac")):
        pen.add(f"URL: byte {byte} turned", "url.verify", given | {"target": "/files/a.pdf?v=2&oscartoki=" + flipped(toki, "ot2.", byte, 5)}, want)
    for how, head in (
        ("flag 1", b"\x24\1"), ("flag 2", b"\x24\2"), ("flag 8", b"\x24\x08"), ("flag 64", b"\x24\x40"), ("EXT 1 and no ext", b"\x24\4"), ("first byte 0x21", b"\x21\0"), ("first byte 0x23", b"\x23\0"),
    ):
        text = presigned(pen, b"/a", head=head)
        pen.add(f"URL: authentic, with {how}", "url.verify", given | {"target": "/a?oscartoki=" + text}, "malformed")
    for how, more, want in (
        ("malformed before unknown_authority", {"authority": "other.example.com", "target": target + "="}, "malformed"),
        ("unknown_authority before unknown_key", {"authority": "other.example.com", "secret_hex": pen.hex(32)}, "unknown_authority"),
        ("unknown_key before expired", {"now_ms": pen.now + 60_001, "secret_hex": pen.hex(32)}, "unknown_key"), ("bad_mac before expired", {"now_ms": pen.now + 60_001, "method": "PUT"}, "bad_mac"),
        ("bad_mac before policy", {"now_ms": pen.now - 8 * DAY_MS, "method": "PUT"}, "bad_mac"),
    ):
        pen.add(f"URL: {how}", "url.verify", given | more, want)


def url_targets(pen):
    base = pen.K | FILE | {"exp_ms": pen.now + 60_000}
    given = pen.K | FILE | {"now_ms": pen.now}
    for target, joint in (
        ("/", "?"), ("/a", "?"), ("/a?", "&"), ("/a?b", "&"), ("/a?b=c&d", "&"), ("/a&b", "?"), ("/a??", "&"), ("/oscartoki=x", "?"), ("/a?xoscartoki=1", "&"), ("/a?x=oscartoki", "&"),
        ("/a?Oscartoki=1", "&"), ("/a?oscartoki", "&"), ("/a?oscartoki%3Dx", "&"), ("/a?b&", "&"), ("/a%3Fb", "?"), ("//x/../y", "?"), ("/a?oscartokikey=1", "&"),
    ):
        signed = pen.add(f"mint: URL {target}", "url.mint", base | {"target": target})["target"]
        assert signed.startswith(f"{target}{joint}oscartoki=ot2.")
        pen.add(f"URL: {target}", "url.verify", given | {"target": signed})
        other = "&" if joint == "?" else "?"
        wrong = f"{target}{other}{signed[len(target) + 1:]}"
        pen.add(f"URL: {target} joined by {other}", "url.verify", given | {"target": wrong}, "malformed")
    for target in (
        "", "a", "*", "/a#", "/a#b", "/a b", "/é", "/a\n", "/a?oscartoki=", "/a?oscartoki=x", "/a?b=1&oscartoki=x", "/a&oscartoki=x", "/a?oscartoki=x&b=1", "http://api.example.com/", "/a?&oscartoki=", "?b=1",
    ):
        pen.add(f"mint: URL {target!r}", "url.mint", base | {"target": target}, "unsignable")
    text = presigned(pen, b"/a")
    for how, target, want in (
        ("no parameter", "/a", "missing"), ("another parameter", "/a?x=1", "missing"), ("an empty query", "/a?", "missing"), ("a parameter whose name only ends so", "/a?xoscartoki=" + text, "missing"),
        ("the name in capitals", "/a?OSCARTOKI=" + text, "missing"), ("an empty toki", "/a?oscartoki=", "malformed"), ("an empty toki after &", "/a?b&oscartoki=", "malformed"),
        ("the parameter twice", f"/a?oscartoki={text}&oscartoki={text}", "malformed"), ("a fragment", f"/a?oscartoki={text}#x", "malformed"), ("an empty fragment", f"/a?oscartoki={text}#", "malformed"),
        ("more after it", f"/a?oscartoki={text}&b=1", "malformed"), ("& where ? belongs", f"/a&oscartoki={text}", "malformed"), ("? where & belongs", f"/a?b?oscartoki={text}", "malformed"),
        ("&& before it", f"/a?b&&oscartoki={text}", "bad_mac"), ("?& before it", f"/a?&oscartoki={text}", "bad_mac"), ("nothing before it", f"?oscartoki={text}", "malformed"),
        ("no slash before it", f"a?oscartoki={text}", "malformed"), ("two in the toki's place", f"/a?oscartoki={text},{text}", "malformed"), ("a space before it", f"/a ?oscartoki={text}", "malformed"),
        ("an equals sign more", f"/a?oscartoki=={text}", "malformed"), ("percent-coded", f"/a?oscartoki={text.replace('.', '%2E')}", "malformed"),
    ):
        pen.add(f"URL: {how}", "url.verify", given | {"target": target}, want)
    for how, before in (("a fragment", b"/a#b"), ("a space", b"/a b"), ("no slash", b"a"), ("a first parameter of its own", b"/a?oscartoki=x")):
        joint = "&" if b"?" in before else "?"
        pen.add(f"URL: authentic over {how}", "url.verify", given | {"target": f"{before.decode()}{joint}oscartoki={presigned(pen, before)}"}, "malformed")
    text = presigned(pen, b"/a", method=b"HEAD")
    pen.add("URL: a toki over HEAD itself", "url.verify", given | {"method": "HEAD", "target": "/a?oscartoki=" + text}, "bad_mac")


def url_times(pen):
    week = 7 * DAY_MS
    for exp, want in (
        (pen.now, "ok"), (pen.now - 1, "expired"), (pen.now + 1, "ok"), (pen.now + week, "ok"), (pen.now + week + 1, "policy"), (2**48 - 1, "policy"), (0, "expired"), (pen.now - week, "expired"),
    ):
        target = pen.add(f"mint: URL with exp now {exp - pen.now:+} ms", "url.mint", pen.K | FILE | {"target": "/a", "exp_ms": exp})["target"]
        pen.add(f"URL: exp now {exp - pen.now:+} ms", "url.verify", pen.K | FILE | {"target": target, "now_ms": pen.now}, want)
    for exp in (-1, 2**48):
        pen.add(f"mint: URL with exp {exp}", "url.mint", pen.K | FILE | {"target": "/a", "exp_ms": exp}, "unsignable")
    for how, more in (("method get", {"method": "get"}), ("CONNECT", {"method": "CONNECT"}), ("an authority with a path", {"authority": f"{API}/x"})):
        pen.add(f"mint: URL with {how}", "url.mint", pen.K | FILE | {"target": "/a", "exp_ms": pen.now} | more, "unsignable")


# Tickets

def tickets(pen):
    origin = "https://app.example.com"
    base = pen.K | {"connection_hex": b"user-42".hex(), "ts_ms": pen.now, "nonce_hex": pen.hex()}
    free = pen.add("mint: a ticket for any origin", "ticket.mint", base)["ticket"]
    bound = pen.add("mint: a ticket bound to an origin", "ticket.mint", base | {"origin": origin})["ticket"]
    given = pen.K | {"now_ms": pen.now}
    for how, ticket, shown, want in (
        ("free, no origin", free, None, "ok"), ("free, any origin", free, "https://evil.example", "ok"), ("free, an empty origin", free, "", "ok"), ("bound, its origin", bound, origin, "ok"),
        ("bound, no origin", bound, None, "bad_mac"), ("bound, an empty origin", bound, "", "bad_mac"), ("bound, another origin", bound, "https://evil.example", "bad_mac"),
        ("bound, in capitals", bound, "https://App.example.com", "bad_mac"), ("bound, with a port", bound, origin + ":443", "bad_mac"), ("bound, with a slash", bound, origin + "/", "bad_mac"),
        ("bound, null", bound, "null", "bad_mac"), ("bound made free", flipped(bound, "ot2.", 1, 2), None, "bad_mac"), ("free made bound", flipped(free, "ot2.", 1, 2), origin, "bad_mac"),
    ):
        pen.add(f"ticket: {how}", "ticket.verify", given | {"ticket": ticket} | ({} if shown is None else {"origin": shown}), want)
    null = pen.add("mint: bound to the origin null", "ticket.mint", base | {"origin": "null"})["ticket"]
    pen.add("ticket: the origin null", "ticket.verify", given | {"ticket": null, "origin": "null"})
    for how, connection in (("1 byte", "00"), ("3 bytes", "616263"), ("255 bytes", pen.hex(255)), ("bytes that are no text", "fffe")):
        ticket = pen.add(f"mint: a connection of {how}", "ticket.mint", base | {"connection_hex": connection})["ticket"]
        pen.add(f"ticket: a connection of {how}", "ticket.verify", given | {"ticket": ticket}, connection_hex=connection)
    for how, more in (
        ("no connection", {"connection_hex": ""}), ("a connection of 256 bytes", {"connection_hex": pen.hex(256)}), ("an empty origin", {"origin": ""}),
        ("ts -1", {"ts_ms": -1}), ("ts 2^48", {"ts_ms": 2**48}),
    ):
        pen.add(f"mint: a ticket with {how}", "ticket.mint", base | more, "unsignable")
    pen.add("ticket: none", "ticket.verify", given, "missing")
    pen.add("ticket: an empty one", "ticket.verify", given | {"ticket": ""}, "malformed")
    for how, text in spoilt(free, "ot2."):
        pen.add(f"ticket: {how}", "ticket.verify", given | {"ticket": text}, "malformed")
    raw = parse_text("ot2.", free)

    def signed(head):
        return print_text("ot2.", head + mac(pen.key.use("ws"), head + lp(b"", ""))[:16])

    for how, head in (
        ("flag 1", b"\x25\1" + raw[2:-16]), ("flag 2", b"\x25\2" + raw[2:-16]), ("flag 8", b"\x25\x08" + raw[2:-16]), ("flag 128", b"\x25\x80" + raw[2:-16]), ("first byte 0x21", b"\x21\0" + raw[2:-16]),
        ("first byte 0x23", b"\x23\0" + raw[2:-16]), ("n 0 and no connection", raw[:24] + b"\0"), ("n one too small", raw[:24] + b"\6" + raw[25:-16]), ("n one too great", raw[:24] + b"\x08" + raw[25:-16]),
        ("n 0 and a connection", raw[:24] + b"\0" + raw[25:-16]), ("n 255 and 7 bytes", raw[:24] + b"\xff" + raw[25:-16]),
    ):
        pen.add(f"ticket: authentic, with {how}", "ticket.verify", given | {"ticket": signed(head)}, "malformed")
    for byte, want in ((2, "unknown_key"), (10, "bad_mac"), (16, "bad_mac"), (25, "bad_mac"), (31, "bad_mac"), (32, "bad_mac"), (47, "bad_mac")):
        pen.add(f"ticket: byte {byte} turned", "ticket.verify", given | {"ticket": flipped(free, "ot2.", byte, 1)}, want)
    for how, more, want in (
        ("another secret", {"secret_hex": pen.hex(32)}, "unknown_key"), ("another generation", {"generation": 1}, "unknown_key"), ("another audience", {"audience": "other.example.com"}, "bad_mac"),
        ("an audience that is no authority does not matter", {"audience": "urn/x"}, "bad_mac"),
    ):
        pen.add(f"ticket: {how}", "ticket.verify", given | {"ticket": free} | more, want)
    for ts, want in (
        (pen.now + 2_000, "ok"), (pen.now + 2_001, "stale"), (pen.now - 29_999, "ok"), (pen.now - 30_000, "stale"), (0, "stale"), (1, "stale"), (2**48 - 1, "stale"),
    ):
        ticket = pen.add(f"mint: a ticket, ts now {ts - pen.now:+} ms", "ticket.mint", base | {"ts_ms": ts})["ticket"]
        pen.add(f"ticket: ts now {ts - pen.now:+} ms", "ticket.verify", given | {"ticket": ticket}, want)
    old = pen.evaluate("ticket.mint", base | {"ts_ms": pen.now - 60_000, "origin": origin})["ticket"]
    pen.add("ticket: bad_mac before stale", "ticket.verify", given | {"ticket": old}, "bad_mac")
    K = {"secret_hex": pen.K["secret_hex"], "audience": "urn/x"}
    ticket = pen.add("mint: a ticket of an audience that is no authority", "ticket.mint", base | K)["ticket"]
    pen.add("ticket: of an audience that is no authority", "ticket.verify", given | K | {"ticket": ticket})
