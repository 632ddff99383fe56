"""TCX: passes, headers and verdicts, and a client's session against `oscar serve --tcx-store`."""

import asyncio
import json
import pickle
import subprocess
import threading
import time

import httpx
import pytest

from conftest import serving
from oscartoki import errors, tcx

PUBLIC = "unE5EQgPKH7RaPpWQX7chcGcxlG7fUHB"
NOW = 1_795_328_800_000
MODES = ["none", "time", "param"]


# ---- without an authority ----


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dialect", ["documented", "server4"])
def test_passes(mode, dialect):
    made = tcx.Pass(PUBLIC, mode=mode, params={"b": "1", "a": "ä", "7": "8"}, datetime=tcx.datetime(now_ms=NOW))
    found = made.verify(made.mint("token-1", dialect=dialect), now_ms=NOW + 300_000)
    assert found.client_token == "token-1" and (found.ts_ms is not None) == (mode == "time")
    assert found.dialect == ("documented" if mode == "none" else dialect)


def test_passes_that_are_refused():
    timed = tcx.Pass(PUBLIC, mode="time", datetime=tcx.datetime(now_ms=NOW))
    param = tcx.Pass(PUBLIC, mode="param", params={"a": "b&c"})
    assert param.verify(param.mint("t"), strict=False).client_token == "t"
    for error, wrong in [
        (errors.Stale, lambda: timed.verify(timed.mint("t"), now_ms=NOW + 301_000)),
        (errors.Policy, lambda: param.verify(param.mint("t"))),
        (errors.BadMac, lambda: tcx.Pass("another").verify(tcx.Pass(PUBLIC).mint("t"))),
        (errors.BadMac, lambda: tcx.Pass(PUBLIC, mode="param").verify(param.mint("t"))),
        (errors.Malformed, lambda: param.verify("nonsense")),
        (errors.Malformed, lambda: tcx.Pass(PUBLIC, mode="time").verify(timed.mint("t"))),
        (errors.Unsignable, lambda: param.mint("Capital")),
        (errors.Unsignable, lambda: param.mint("a:b")),
        (errors.Unsignable, lambda: param.mint("")),
        (errors.Unsignable, lambda: tcx.Pass(PUBLIC, mode="time").mint("t")),
        (errors.Unsignable, lambda: tcx.Pass(PUBLIC, mode="param", params={"a": ["b"]})),
        (errors.Unsignable, lambda: tcx.Pass(PUBLIC, mode="param", params={"a": {"b": "c"}})),
        (ValueError, lambda: tcx.Pass(PUBLIC, mode="odd")),
        (ValueError, lambda: param.mint("t", dialect="odd")),
    ]:
        with pytest.raises(error):
            wrong()
    assert PUBLIC not in repr(param)


def test_headers_and_verdicts():
    assert tcx.headers("twtc", "a", "p", "t") == {"X-TCX-TYPE": "TWTC", "X-TCX-APP-ID": "a", "X-TCX-APP-PASS": "p", "X-TCX-TOKEN": "dA=="}
    assert list(tcx.headers("OWTC", "a", "p", "dropped")) == ["X-TCX-TYPE", "X-TCX-APP-ID", "X-TCX-APP-PASS"]
    for given in [("TWTC", "a", "p", None), ("FTC", "a", "p", ""), ("OWTC", "a\n", "p"), ("odd", "a", "p", "t")]:
        with pytest.raises(errors.Unsignable):
            tcx.headers(*given)
    said = tcx.verdict("TCXPFX")
    assert said.to_dict() == {"status": 0, "status_number": "505003", "status_code": "TCXPFX", "status_message": "TCX Pass did not match"}
    assert tcx.verdict("TCXPFX", table="server4").status_number == "50FF003"
    assert tcx.verdict("TCXSSS", route="authorize").status == 1
    for code, options in [("TCXPFX", {"route": "authorize"}), ("TCXSSS", {}), ("nonsense", {})]:
        with pytest.raises(errors.Malformed):
            tcx.verdict(code, **options)
    for options in [{"table": "odd"}, {"route": "odd"}]:
        with pytest.raises(ValueError):
            tcx.verdict("TCXPFX", **options)


def test_a_client_says_what_it_is():
    client = tcx.Client("id", "a secret", "a public", token_type="twtc", mode="time", dialect="server4", master_key="a master", debug=True)
    assert (client.app_id, client.app_secret, client.app_public) == ("id", "a secret", "a public")
    assert (client.token_type, client.master_key, client.is_debug) == ("TWTC", "a master", True)
    assert client.datetime(now_ms=NOW) == tcx.datetime(now_ms=NOW) == "20261122062640"
    assert client.pass_(datetime=client.datetime()) != client.pass_(datetime=client.datetime())
    assert "a secret" not in repr(client)
    with pytest.raises(TypeError):
        pickle.dumps(client)
    for error, given, options in [
        (errors.WeakSecret, ("id", "", "p"), {}), (errors.WeakSecret, ("id", "s", ""), {}), (errors.Unsignable, ("i d", "s", "p"), {}),
        (errors.Unsignable, ("id", "s", "p"), {"token_type": "odd"}), (ValueError, ("id", "s", "p"), {"mode": "odd"}),
    ]:  # fmt: skip
        with pytest.raises(error):
            tcx.Client(*given, **options)


def test_one_asks():
    client = tcx.Client("id", "s", "p", token_type="TWTC")
    step = client.access(now_ms=NOW)
    assert (step.kind, step.path, client.access(now_ms=NOW).kind) == ("send", "/tcx/authorize", "wait")
    assert step.body not in repr(step)
    client.failed(step.number)
    step = client.access(now_ms=NOW)
    with pytest.raises(errors.Malformed):
        client.received(step.number, b"nonsense", now_ms=NOW)
    step = client.access(now_ms=NOW)
    refusal = json.dumps(tcx.verdict("TCXAFX", route="authorize").to_dict()).encode()
    assert client.received(step.number, refusal, now_ms=NOW).status_code == "TCXAFX"
    # One whose end nobody tells is taken over.
    assert client.access(now_ms=NOW).kind == "send"
    assert client.access(now_ms=NOW + 31_000).kind == "send"


def authority(*, over_at_once=False):
    """Answers authorize as an authority does, and counts."""
    asked = []

    def answer(request):
        asked.append(request.url.path)
        time.sleep(0.05)
        ends = {"expired_at": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 30))} if over_at_once else {}
        return httpx.Response(200, json={**tcx.verdict("TCXSSS", route="authorize").to_dict(), "data": {"token": "t" * 40, "refresh": "r" * 40, **ends}})

    return httpx.MockTransport(answer), asked


def test_of_many_threads_one_asks():
    transport, asked = authority()
    client, tokens = tcx.Client("id", "s", "p", token_type="TWTC"), []
    with httpx.Client(transport=transport) as http:
        threads = [threading.Thread(target=lambda: tokens.append(client.fetch_access("http://x", http=http))) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert tokens == ["t" * 40] * 32 and asked == ["/tcx/authorize"]


def test_of_many_tasks_one_asks():
    transport, asked = authority()

    async def all_of_them():
        client = tcx.Client("id", "s", "p", token_type="TWTC")
        async with httpx.AsyncClient(transport=transport) as http:
            return await asyncio.gather(*(client.fetch_access_async("http://x/", http=http) for _ in range(32)))

    assert asyncio.run(all_of_them()) == ["t" * 40] * 32 and asked == ["/tcx/authorize"]


def test_tokens_that_are_over_at_once():
    transport, _ = authority(over_at_once=True)
    client = tcx.Client("id", "s", "p", token_type="TWTC")
    with httpx.Client(transport=transport) as http, pytest.raises(errors.Expired):
        client.fetch_access("http://x", http=http)


# ---- at the authority ----


class World:
    def __init__(self, oscar, store, url):
        self.oscar, self.store, self.url = oscar, store, url
        self.apps = {}

    def tool(self, *words):
        command = [self.oscar, "--json", "tcx", *words, "--store", str(self.store)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def client(self, name, token_type, **options):
        app = self.apps[name]
        master = {"master_key": app["master_key"]} if token_type == "FTC" else {}
        return tcx.Client(app["app_id"], app["app_secret"], app["app_public"], **{"token_type": token_type, "mode": name, **master, **options})

    def call(self, target, headers):
        answer = httpx.get(self.url + target, headers=headers)
        assert answer.status_code == 200
        return answer.json()


@pytest.fixture(scope="module")
def world(oscar, tmp_path_factory):
    store = tmp_path_factory.mktemp("tcx") / "tcx.db"
    made = World(oscar, store, None)
    for mode in MODES:
        app = made.tool("app", "add", f"an app of {mode}", "--mode", mode)
        made.apps[mode] = {**app, "master_key": made.tool("master-key", app["app_id"])["master_key"]}
    with serving(oscar, "--tcx-store", str(store)) as made.url:
        yield made


@pytest.mark.servers
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dialect", ["documented", "server4"])
@pytest.mark.parametrize("token_type", ["OWTC", "TWTC", "FTC"])
def test_a_session(world, mode, dialect, token_type):
    client = world.client(mode, token_type, dialect=dialect)
    now = client.datetime()
    target = f"/tcx/echo/a%2Fb?note=caf%C3%A9&amount=10.50&tcx_datetime={now}"
    access = client.fetch_access(world.url) if token_type == "TWTC" else None
    headers = client.headers({"amount": "10.50", "note": "café", "tcx_datetime": now}, datetime=now, access=access)
    assert world.call(target, headers) == {"app_id": client.app_id, "method": "GET", "target": target, "type": token_type}
    again = world.call(target, headers)
    assert (again["status_code"], again["status_number"], again["status"]) == ("TCXPFX", "505003", 0)


@pytest.mark.servers
def test_the_access_token_is_kept_and_renewed(world):
    client = world.client("none", "TWTC")
    access = client.fetch_access(world.url + "/")
    assert client.fetch_access("http://127.0.0.1:1") == access
    # A minute before its end the refresh token is spent; the token lives on.
    later = time.time_ns() // 1_000_000 + 7_200_000
    step = client.access(now_ms=later)
    assert (step.kind, step.path, client.access(now_ms=later).kind) == ("send", "/tcx/reauthorize", "wait")

    def renew():
        return httpx.post(world.url + step.path, content=step.body, headers={"content-type": "application/json"})

    assert client.received(step.number, renew().content) is None
    assert client.access().token == access == asyncio.run(client.fetch_access_async(world.url))
    assert world.call("/tcx/echo", client.headers(access=access))["type"] == "TWTC"
    # Spent is spent; then a pass buys anew.
    spent = renew()
    assert spent.json()["status_code"] == "TCXAFX"
    step = client.access(now_ms=later)
    assert client.received(step.number, spent.content) is None
    assert client.access(now_ms=later).path == "/tcx/authorize"


@pytest.mark.servers
def test_refusals(world):
    app = world.apps["none"]
    for client in [
        tcx.Client("nobody", "s", "p", token_type="TWTC"), tcx.Client(app["app_id"], app["app_secret"], "another", token_type="TWTC"),
        world.client("none", "TWTC", mode="param"),
    ]:  # fmt: skip
        with pytest.raises(tcx.Refused, match=r"^TCXAFX \(505001\): Authentication Failed$") as refused:
            client.fetch_access(world.url)
        assert refused.value.verdict.status_code == "TCXAFX"
        assert pickle.loads(pickle.dumps(refused.value)).verdict == refused.value.verdict
    client = world.client("none", "TWTC")
    for _ in range(2):
        with pytest.raises(httpx.ConnectError):
            client.fetch_access("http://127.0.0.1:1")
    # A failed one holds nobody up.
    assert len(asyncio.run(client.fetch_access_async(world.url))) == 40
    assert world.call("/tcx/echo", world.client("none", "FTC", master_key="x" * 40).headers())["status_code"] == "TCXMKF"
    assert world.call("/tcx/echo", client.headers(access="x" * 40))["status_code"] == "TCXTFX"
    assert world.call("/tcx/echo", {})["status_code"] == "TCXREQ"
    with pytest.raises(errors.Unsignable):
        client.headers()
