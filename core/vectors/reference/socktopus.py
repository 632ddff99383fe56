"""Socktopus, seed systems section 3: its token."""

import re

from wire import mac, require, same


def mint(secret, app, connection, ts):
    require(secret, "weak_secret")
    require(all(1 <= len(name.encode()) <= 255 for name in (app, connection)), "unsignable")
    require(10**12 <= ts < 10**13, "unsignable")
    proof = mac(secret.encode(), f"{ts}{connection}".encode())
    return "h".join(part.hex() for part in (str(ts).encode(), app.encode(), connection.encode(), proof))


def verify(secrets, token, now):
    """(app, connection, ts)."""
    require(re.fullmatch("[0-9a-fh]*", token) and not token.endswith("\n"), "malformed")
    parts = token.split("h")
    require(len(parts) == 4 and all(len(part) % 2 == 0 for part in parts), "malformed")
    ts, app, connection, proof = (bytes.fromhex(part) for part in parts)
    require(re.fullmatch(b"[0-9]{13}", ts) and len(ts) == 13 and len(proof) == 32, "malformed")
    try:
        app_name, id_name = app.decode(), connection.decode()
    except UnicodeDecodeError:
        app_name = id_name = ""
    require(1 <= len(app) <= 255 and 1 <= len(connection) <= 255 and app_name and id_name, "malformed")
    secret = secrets.get(app_name)
    require(secret, "unknown_key")
    require(same(mac(secret.encode(), ts + connection), proof), "bad_mac")
    require(-1_000 <= now - int(ts) <= 5_000, "stale")
    return app_name, id_name, int(ts)
