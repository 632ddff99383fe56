"""OscarToki v1: captures of the originals, and a live exchange with the layers."""

import asyncio
import json

import httpx
import pytest

import oscartoki
from conftest import NAME, ROOT, make_service
from oscartoki import errors, v1
from test_http import Wire, app

KID = b"v1client"
UNTIL = 4_000_000_000_000


@pytest.fixture
def service():
    return v1.service({KID: "a key of v1"}, [NAME], until_ms=UNTIL, memory=oscartoki.MemoryReplayLog(1000), first_start=True)


def test_the_two_steps_over_http(service):
    wire = Wire(oscartoki.asgi.Middleware(app, service=service))
    with httpx.Client(transport=wire, base_url=f"https://{NAME}") as http:
        answer = v1.Client("a key of v1").request("POST", "/t", http=http, content=b"body")
        assert answer.text == "POST body" and [r.method for r in wire.sent] == ["GET", "POST"]
        with pytest.raises(errors.OscarError):
            v1.Client("another key").request("POST", "/t", http=http, content=b"body")
    assert service.counters()["v1_accepted"] == 1


def test_the_keyless_bypass_is_refused(service):
    """Three requests without any key reached the originals' resource, because a service's own toki was taken for a client's."""
    layer = oscartoki.asgi.Middleware(app, service=service)

    async def get(headers):
        async with httpx.AsyncClient(transport=Wire(layer), base_url=f"https://{NAME}") as http:
            return await http.get("/t", headers=headers)

    first = asyncio.run(get({"oscartoki": v1.Key("a guess").mint()}))
    assert first.status_code >= 400 and "oscartoki" not in first.headers
    honest = v1.Client("a key of v1").begin()
    shown = asyncio.run(get(honest.headers))
    assert shown.status_code == 200
    reflected = asyncio.run(get({"oscartoki": shown.headers["oscartoki"]}))
    assert reflected.status_code >= 400 and json.loads(reflected.text)["status"] == "error"


def test_a_v2_request_ends_v1(secret):
    key = secret.audience_key(NAME)
    service = make_service(key)
    service.keyring.add_v1(kid=key.kid, key=b"a key of v1", until_ms=UNTIL)
    wire = Wire(oscartoki.asgi.Middleware(app, service=service))
    with httpx.Client(transport=wire, base_url=f"https://{NAME}") as http:
        assert v1.Client("a key of v1").request("GET", "/t", http=http).status_code == 200
        assert http.get("/t", auth=oscartoki.Client(secret, NAME).httpx_auth()).status_code == 200
        with pytest.raises(errors.OscarError):
            v1.Client("a key of v1").request("GET", "/t", http=http)


def test_keys(service):
    key = v1.Key("k")
    toki = key.mint(now_ms=1_795_300_000_000)
    assert 0 <= 1_795_300_000_000 - key.verify(toki, now_ms=1_795_300_000_000) < 100
    tokikey = key.mint_tokikey(toki, now_ms=1_795_300_000_000)
    key.verify_tokikey(toki, tokikey, now_ms=1_795_300_000_000)
    for wrong, error in [
        (lambda: v1.Key(""), errors.WeakSecret),
        (lambda: key.verify(toki, now_ms=1_795_300_060_000), errors.Stale),
        (lambda: v1.Key("other").verify(toki, now_ms=1_795_300_000_000), errors.BadMac),
        (lambda: key.verify("nonsense", now_ms=1_795_300_000_000), errors.Malformed),
        (lambda: key.verify_tokikey(toki, tokikey[:-1], now_ms=1_795_300_000_000), errors.OscarError),
    ]:
        with pytest.raises(error):
            wrong()
    assert "a key" not in repr(service) + repr(key) + repr(service.__dict__)


def test_tokis_of_the_originals():
    captures = json.loads((ROOT / "core/vectors/captures/oscartoki-v1.json").read_text())
    checked = 0
    for case in walk(captures):
        toki, key, now = case.get("toki"), case.get("key"), case.get("mint_ms") or int(float(case.get("mint_s") or 0) * 1000)
        if isinstance(toki, str) and isinstance(key, str) and key and now:
            v1.Key(key).verify(toki, now_ms=now)
            checked += 1
    assert checked >= 20


def walk(value):
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from walk(member)
    elif isinstance(value, list):
        for member in value:
            yield from walk(member)
