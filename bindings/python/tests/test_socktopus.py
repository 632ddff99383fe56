"""Tokens, frames and pings, and an app and its connections at the hub of `oscar serve`."""

import asyncio
import json
import pickle
import threading
import time

import httpx
import pytest
import websockets.exceptions
import websockets.sync.client

import oscartoki
from conftest import NAME, serving
from oscartoki import errors, socktopus
from oscartoki.socktopus import AsyncHub, Frame, Hub, Message, Pings, Refused, Sent, Token

SECRET = "a secret of the app"
NOW = 1_795_328_800_000


# ---- without a hub ----


def test_tokens():
    token = Token.mint(SECRET, "shop", "älice", ts_ms=NOW)
    assert token == Token.mint(SECRET.encode(), "shop", "älice", ts_ms=NOW)
    assert Token.verify({"shop": SECRET, "other": b"", "more": "x"}, token, now_ms=NOW + 5_000) == Token("shop", "älice", NOW)
    for error, wrong in [
        (errors.Stale, lambda: Token.verify({"shop": SECRET}, token, now_ms=NOW + 5_001)),
        (errors.Stale, lambda: Token.verify({"shop": SECRET}, token, now_ms=NOW - 1_001)),
        (errors.BadMac, lambda: Token.verify({"shop": "another"}, token, now_ms=NOW)),
        (errors.UnknownKey, lambda: Token.verify({"shop": ""}, token, now_ms=NOW)),
        (errors.UnknownKey, lambda: Token.verify({}, token, now_ms=NOW)),
        (errors.Malformed, lambda: Token.verify({"shop": SECRET}, token.upper(), now_ms=NOW)),
        (errors.Malformed, lambda: Token.verify({"shop": SECRET}, "", now_ms=NOW)),
        (errors.Malformed, lambda: Token.verify({"shop": SECRET}, "\ud800", now_ms=NOW)),
        (errors.WeakSecret, lambda: Token.mint("", "shop", "alice")),
        (errors.Unsignable, lambda: Token.mint(SECRET, "", "alice")),
        (errors.Unsignable, lambda: Token.mint(SECRET, "shop", "a" * 256)),
        (errors.Unsignable, lambda: Token.mint(SECRET, "shop", "\ud800")),
        (errors.Unsignable, lambda: Token.mint(SECRET, "shop", "alice", ts_ms=1)),
    ]:
        with pytest.raises(error):
            wrong()
    assert len({Token.mint(SECRET, "shop", "bob") for _ in range(100)}) == 100


def test_frames_and_pings():
    kinds = {text: Frame.parse(text).kind for text in ["PONG", "CLOSE", "DATA:", "pong", "", "PING"]}
    assert kinds == {"PONG": "pong", "CLOSE": "close", "DATA:": "data", "pong": "other", "": "other", "PING": "other"}
    assert Frame.parse("DATA:a:b\n").content == "a:b\n" and Frame.parse("PONG").content is None
    pings = Pings(now_ms=0)
    assert pings.next(now_ms=0).kind == "send"
    later = pings.next(now_ms=1)
    assert later.kind == "later" and 0 < later.at_ms <= 20_000
    pings.pong()
    assert pings.next(now_ms=later.at_ms).kind == "send"
    assert pings.next(now_ms=later.at_ms + 20_000).kind == "dead"


def test_bodies(secret):
    hub = Hub("https://h", "shop", 's"ä')
    sent = {"secretName": "shop", "secret": 's"ä', "messages": [{"recipient": "a", "content": "b"}]}
    assert json.loads(hub.send_body([("a", "b")])) == json.loads(hub.send_body([Message("a", "b")])) == sent
    assert json.loads(hub.kick_body(["a"])) == {"secretName": "shop", "secret": 's"ä', "connections": ["a"]}
    signed = AsyncHub("https://h/", client=oscartoki.Client(secret, NAME))
    assert json.loads(signed.send_body([("a", "b")])) == {"messages": sent["messages"]}
    assert json.loads(signed.kick_body(["a"])) == {"connections": ["a"]}
    parsed = Sent.parse(b'{"succeeded":[{"recipient":"a","content":"b"}],"failed":[]}')
    assert parsed == Sent([Message("a", "b")], [])
    for body in [b"", b"{}", b'{"succeeded":[],"failed":[1]}', b'{"succeeded":[]}']:
        with pytest.raises(errors.Malformed):
            Sent.parse(body)
    for of in (hub, signed):
        for wrong in (lambda of=of: of.send_body([("a", "\ud800")]), lambda of=of: of.kick_body(["\ud800"])):
            with pytest.raises(errors.Unsignable):
                wrong()
        with pytest.raises(TypeError):
            of.kick_body("alice")
        with pytest.raises(TypeError):
            pickle.dumps(of)
    assert 's"ä' not in repr(hub)
    assert hub.address("a").startswith("wss://h/recieve?token=") and signed.events_address("a").startswith("https://h/events?oscartoki=")
    with pytest.raises(TypeError):
        Hub("https://h")
    with pytest.raises(TypeError):
        Hub("https://h", "shop")
    with pytest.raises(TypeError):
        Hub("https://h", "shop", "s", client=oscartoki.Client(secret, NAME))
    for url in ["wss://h", "https://h?x", "h"]:
        with pytest.raises(ValueError):
            Hub(url, "shop", "s")


# ---- at the hub ----

HELD = oscartoki.Secret.generate()


@pytest.fixture(scope="module")
def url(oscar, tmp_path_factory):
    keys = tmp_path_factory.mktemp("hub") / "keys"
    keys.write_text(HELD.audience_key(NAME).to_text() + "\n")
    with serving(oscar, "--audience", NAME, "--key", str(keys), SHOP_SOCKTOPUS_SECRET=SECRET) as url:
        yield url


def hubs(kind, url):
    """The same hub, met by the app and by a client of toki v2."""
    return [kind(url, "shop", SECRET), kind(url, client=oscartoki.Client(HELD, NAME))]


@pytest.mark.servers
def test_join_receive_kicked(url):
    for hub in hubs(Hub, url):
        with hub.connect("alice") as connection:
            assert isinstance(connection, socktopus.Connection)
            texts = ["hällo", "", "a" * 60_000]
            sent = hub.send([*(("alice", text) for text in texts), ("nobody", "x")])
            assert sent == Sent([Message("alice", text) for text in texts], [Message("nobody", "x")])
            assert [connection.receive(10) for _ in texts] == texts
            with pytest.raises(TimeoutError):
                connection.receive(0.05)
            early = hub.address("alice")
            hub.send([("alice", "last")])
            hub.kick(["alice", "nobody"])
            assert list(connection) == ["last"]
            assert connection.code == 1000 and connection.receive() is None
        with pytest.raises(websockets.exceptions.InvalidStatus, match="401"), websockets.sync.client.connect(early):
            pass
        assert hub.send([("alice", "x")]).failed == [("alice", "x")]


@pytest.mark.servers
def test_join_receive_kicked_by_asyncio(url):
    async def meet(hub):
        async with await hub.connect("carol") as connection:
            await hub.send([("carol", "hällo"), ("carol", "more")])
            assert [await connection.receive(10), await connection.receive(10)] == ["hällo", "more"]
            with pytest.raises(TimeoutError):
                await connection.receive(0.05)
            await hub.send([("carol", "last")])
            await hub.kick(["carol"])
            assert [content async for content in connection] == ["last"]
            assert connection.code == 1000 and await connection.receive() is None

    for hub in hubs(AsyncHub, url):
        asyncio.run(meet(hub))


@pytest.mark.servers
def test_who_leaves_is_gone(url):
    for hub in hubs(Hub, url):
        left = hub.connect("eve")
        left.close()
        assert left.code is None and left.receive() is None
        until = time.monotonic() + 10
        while not hub.send([("eve", "x")]).failed:
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.mark.servers
def test_another_takes_the_place(url):
    hub = Hub(url, "shop", SECRET)
    with hub.connect("dora") as first, hub.connect("dora") as second:
        assert first.receive(10) is None and first.code == 1000
        hub.send([("dora", "to the second")])
        assert second.receive(10) == "to the second" and second.code is None


@pytest.mark.servers
def test_a_ticket_may_be_bound_to_an_origin(url):
    hub = Hub(url, client=oscartoki.Client(HELD, NAME))
    hub.connect("olga", origin=url).close()
    with pytest.raises(websockets.exceptions.InvalidStatus, match="401"), websockets.sync.client.connect(hub.address("olga", origin=url)):
        pass
    # The connections of a key are an app of their own.
    with hub.connect("olga"):
        assert Hub(url, "shop", SECRET).send([("olga", "x")]).failed == [("olga", "x")]


@pytest.mark.servers
def test_it_pings_while_nobody_looks(url):
    """The hub's deadline is 20 s after the last ping."""
    hub = Hub(url, "shop", SECRET)
    with hub.connect("fred") as connection:
        time.sleep(21)
        hub.send([("fred", "still there")])
        assert connection.receive(10) == "still there"


@pytest.mark.servers
def test_the_hub_stops(oscar):
    with serving(oscar, SHOP_SOCKTOPUS_SECRET=SECRET) as url:
        connection = Hub(url, "shop", SECRET).connect("gina")
    assert connection.receive(10) is None and connection.code == 1001


@pytest.mark.servers
def test_refusals(url):
    stranger, unknown = Hub(url, "shop", "another"), oscartoki.Client(oscartoki.Secret.generate(), NAME)
    for status, wrong in [
        (401, lambda: stranger.send([])), (401, lambda: stranger.kick(["a"])), (401, lambda: stranger.connect("a")),
        (401, lambda: Hub(url, "nobody", SECRET).send([("a", "b")])), (1008, lambda: Hub(url, client=unknown).connect("a")),
        (401, lambda: asyncio.run(AsyncHub(url, "shop", "another").send([]))), (401, lambda: asyncio.run(AsyncHub(url, "shop", "another").connect("a"))),
        (1008, lambda: asyncio.run(AsyncHub(url, client=unknown).connect("a"))),
    ]:  # fmt: skip
        with pytest.raises(Refused, match=f"^{status}: ") as refused:
            wrong()
        assert refused.value.status == status and pickle.loads(pickle.dumps(refused.value)).status == status
    with pytest.raises(errors.OscarError):
        Hub(url, client=unknown).send([])
    with pytest.raises(httpx.ConnectError):
        Hub("http://127.0.0.1:1", "shop", "s").send([])
    with pytest.raises(OSError):
        Hub("http://127.0.0.1:1", "shop", "s").connect("a")
    assert socktopus.Refused._of(502, b"<html>").sentence == "this is no answer of a hub"


@pytest.mark.servers
def test_threads_of_their_own(url):
    """32 connections at once, each of which hears its own messages."""
    hub, heard = Hub(url, "shop", SECRET), {}

    def listen(name):
        with hub.connect(name) as connection:
            ready.release()
            heard[name] = [connection.receive(20) for _ in range(10)]

    ready, names = threading.Semaphore(0), [f"of thread {number}" for number in range(32)]
    threads = [threading.Thread(target=listen, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for _ in names:
        assert ready.acquire(timeout=20)
    assert hub.send([(name, f"{name}: {number}") for number in range(10) for name in names]).failed == []
    for thread in threads:
        thread.join()
    assert heard == {name: [f"{name}: {number}" for number in range(10)] for name in names}
