"""TCX, seed systems section 2: the pass, the headers, the verdicts."""

import base64
import calendar
import hashlib
import re

from wire import require, same

ROUTES = {
    "authorize": {"TCXSSS": ("F05003", "Authentication Success"), "TCXAFX": ("505001", "Authentication Failed"), "TCXCRQ": ("405000", "Credentials Required"), "TCXERX": ("105002", "Server Fault")},
    "reauthorize": {"TCXSSS": ("F05103", "Token refreshed"), "TCXAFX": ("505101", "Authentication Failed"), "TCXCRQ": ("405100", "Credentials Required"), "TCXERX": ("105102", "Server Fault")},
}
CALLS = {
    "TCXREQ": ("705000", "70FF000", "TCX Authentication Required"), "TCXRJC": ("205001", "20FF001", "TCX Authentication Rejected"), "TCXAFX": ("405002", "40FF002", "TCX Authentication Failed"),
    "TCXPFX": ("505003", "50FF003", "TCX Pass did not match"), "TCXMKF": ("505004", "50FF004", "TCX Master Key did not valid"), "TCXTFX": ("505005", "50FF005", "TCX Token did not valid"),
}


def instant(text):
    """Milliseconds of 14 digits in UTC, or None."""
    if not isinstance(text, str) or not re.fullmatch("[0-9]{14}", text):
        return None
    year, month, day, hour, minute, second = int(text[:4]), *(int(text[at:at + 2]) for at in range(4, 14, 2))
    if not (1 <= month <= 12 and hour < 24 and minute < 60 and second < 60):
        return None
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= (29 if leap and month == 2 else calendar.mdays[month]):
        return None
    days = sum(366 if y % 4 == 0 and (y % 100 != 0 or y % 400 == 0) else 365 for y in range(1970, year))
    days -= sum(366 if y % 4 == 0 and (y % 100 != 0 or y % 400 == 0) else 365 for y in range(year, 1970))
    days += sum(29 if leap and m == 2 else calendar.mdays[m] for m in range(1, month)) + day - 1
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000


def covered(mode, params, datetime, dialect):
    if mode == "none":
        return ""
    if mode == "time":
        return datetime if dialect == "server4" else f"tcx_datetime={datetime}"
    pairs = [f"{k}={v}" for k, v in sorted(params.items(), key=lambda item: item[0].encode())]
    return "".join(pair + "&" for pair in pairs) if dialect == "server4" else "&".join(pairs)


def digest(mode, params, datetime, app_public, client_token, dialect):
    token = client_token.encode()
    token = token.lower() if dialect == "server4" else token  # bytes.lower folds ASCII alone
    return hashlib.sha1((covered(mode, params, datetime, dialect) + app_public).encode() + token).hexdigest()


def print_pass(sha1, client_token):
    return base64.b64encode(f"{sha1}:{client_token}".encode()).decode()


def mint(mode, params, datetime, app_public, client_token, dialect):
    require(re.fullmatch("[!-9;-~]{1,64}", client_token) and not re.search("[A-Z]", client_token), "unsignable")
    require(app_public, "unsignable")
    require(mode != "time" or instant(datetime) is not None, "unsignable")
    return print_pass(digest(mode, params, datetime, app_public, client_token, dialect), client_token)


def verify(mode, params, datetime, app_public, app_pass, now, strict):
    """(client token, dialect)."""
    require(app_pass.isascii(), "malformed")
    try:
        raw = base64.b64decode(app_pass, validate=True)
    except ValueError:
        raw = None
    require(raw is not None and base64.b64encode(raw).decode() == app_pass, "malformed")
    found = re.fullmatch(b"([0-9a-f]{40}):([!-9;-~]{1,64})", raw)
    require(found and not raw.endswith(b"\n"), "malformed")
    sha1, client_token = found[1].decode(), found[2].decode()
    require(mode != "time" or instant(datetime) is not None, "malformed")
    require(app_public, "malformed")
    fits = [d for d in ("documented", "server4") if same(digest(mode, params, datetime, app_public, client_token, d), sha1)]
    require(fits, "bad_mac")
    if strict and mode == "param":
        require(not any(c in text for pair in params.items() for text in pair for c in "&="), "policy")
    require(mode != "time" or abs(now - instant(datetime)) <= 300_000, "stale")
    return client_token, fits[0]


def headers(kind, app_id, app_pass, token):
    kind = kind.upper()
    require(kind in ("OWTC", "TWTC", "FTC"), "unsignable")
    made = {"X-TCX-TYPE": kind, "X-TCX-APP-ID": app_id, "X-TCX-APP-PASS": app_pass}
    if kind != "OWTC":
        require(token, "unsignable")
        made["X-TCX-TOKEN"] = base64.b64encode(token.encode()).decode()
    require(all(re.fullmatch("[!-~]+", text) for text in made.values()), "unsignable")
    return made


def verdict(code, table, route):
    if route == "call":
        documented, server4, message = CALLS[code]
        return (documented if table == "documented" else server4), message, 0
    number, message = ROUTES[route][code]
    return number, message, int(code == "TCXSSS")
