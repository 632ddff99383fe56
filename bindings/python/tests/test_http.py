"""httpx and requests against the ASGI and WSGI middleware, over real sockets or in process."""

import asyncio
import gzip
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest
import requests

import oscartoki
from conftest import NAME, make_service
from oscartoki import Client, errors

SEEN = []


async def app(scope, receive, send):
    """Answers by path; knows nothing of tokis."""
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    path, body = scope["path"], b""
    if path != "/unread":
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
    verified = scope.get("oscartoki")
    SEEN.append((scope["method"], path, body, verified))
    status, headers, chunks = 200, [(b"content-type", b"text/plain"), (b"Cache-Control", b"max-age=60")], [scope["method"].encode() + b" " + body]
    if path == "/big":
        chunks = [b"x" * 600_000, b"y" * 600_000]
    elif path == "/events":
        headers[0], chunks = (b"content-type", b"text/event-stream; charset=utf-8"), [b"data: 1\n\n", b"data: 2\n\n"]
    elif path == "/gzip":
        headers.append((b"content-encoding", b"gzip"))
        chunks = [gzip.compress(b"packed")]
    elif path == "/moved":
        status, chunks = 302, []
        headers.append((b"location", b"/elsewhere"))
    elif path == "/empty":
        status, chunks = 204, []
    elif path == "/teapot":
        status = 418
    elif path == "/broken":
        raise RuntimeError("the app broke")
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


class Wire(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """What goes to the app in process, and what an adversary does to it."""

    def __init__(self, app, change=lambda response: response):
        self.inner = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.change = change
        self.sent = []

    async def handle_async_request(self, request):
        self.sent.append(request)
        return self.change(await self.inner.handle_async_request(request))

    def handle_request(self, request):
        async def whole():
            request.stream = httpx.ByteStream(request.read())
            response = await self.handle_async_request(request)
            raw = b"".join([chunk async for chunk in response.stream])
            return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(raw))

        return asyncio.run(whole())


@pytest.fixture
def service(key):
    return make_service(key, empty_query_hidden=True)


@pytest.fixture
def layer(service):
    SEEN.clear()
    return oscartoki.asgi.Middleware(app, service=service)


@pytest.fixture
def wire(layer):
    return Wire(layer)


@pytest.fixture
def http(client, wire):
    return httpx.Client(transport=wire, base_url=f"https://{NAME}", auth=client.httpx_auth())


def test_a_get_goes_out_once_and_is_verified(http, wire, client):
    answer = http.get("/a%2Fb?x=1&x=2")
    assert answer.text == "GET " and [r.method for r in wire.sent] == ["GET"]
    assert SEEN[0][3].kid == client.kid and SEEN[0][3].authority == NAME
    assert answer.headers["cache-control"] == "no-store, no-transform" and answer.headers.get_list("cache-control") == ["no-store, no-transform"]
    outcome = answer.extensions["oscartoki"]
    assert outcome.signed and outcome.content_authentic and outcome.adopted_sid
    assert "oscartokikey" not in wire.sent[0].headers and http.get("/").status_code == 200 and "oscartokikey" in wire.sent[1].headers


def test_a_post_is_probed_and_the_probe_is_not_in_its_history(http, wire):
    answer = http.post("/t", json={"amount": 10}, headers={"if-match": "x", "x-own": "y"})
    assert answer.text == 'POST {"amount":10}' and answer.history == []
    assert [r.method for r in wire.sent] == ["HEAD", "POST"] and len(SEEN) == 1
    probe, sent = wire.sent
    assert not {"content-digest", "content-length", "if-match"} & set(probe.headers) and probe.headers["x-own"] == "y"
    assert sent.headers["content-digest"].startswith("sha-256=:") and sent.headers["if-match"] == "x"
    http.post("/t", content=b"2")
    assert [r.method for r in wire.sent] == ["HEAD", "POST", "POST"]


def test_async_too(client, wire):
    async def run():
        async with httpx.AsyncClient(transport=wire, base_url=f"https://{NAME}") as http:
            return await http.put("/t", content=b"body", auth=client.httpx_auth(verify_first=True))

    answer = asyncio.run(run())
    assert answer.text == "PUT body" and answer.history == [] and [r.method for r in wire.sent] == ["HEAD", "PUT"]


def test_a_wrong_clock_costs_one_resend(http, wire, monkeypatch):
    import oscartoki._httpx

    true_wall = oscartoki.client.wall
    for module in (oscartoki.client, oscartoki._httpx):  # the client's clock alone
        monkeypatch.setattr(module, "wall", lambda now: true_wall(now) + 54_000_000 if now is None else now)
    answer = http.get("/")
    assert answer.status_code == 200 and [r.method for r in wire.sent] == ["GET", "GET"] and answer.history == []
    assert answer.extensions["oscartoki"].offset_ms == pytest.approx(-54_000_000, abs=2000)


def test_any_status_is_an_answer(http):
    assert http.get("/teapot").status_code == 418
    assert http.get("/empty").status_code == 204
    assert http.head("/teapot").status_code == 418
    assert http.get("/moved").status_code == 302


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda r: httpx.Response(201, headers=r.headers, stream=r.stream), "bad_mac"),
        (lambda r: httpx.Response(200, headers=r.headers, content=b"GET changed"), "bad_mac"),
        (lambda r: httpx.Response(200, headers=[h for h in r.headers.multi_items() if h[0] != "oscartoki"], stream=r.stream), "missing"),
        (lambda r: httpx.Response(200, headers=[*r.headers.multi_items(), ("oscartoki", r.headers["oscartoki"])], stream=r.stream), "malformed"),
        (lambda r: httpx.Response(200, headers=r.headers, content=b"x" * 2_000_000), "policy"),
    ],
)
def test_a_tampered_answer_is_refused(client, layer, change, name):
    with httpx.Client(transport=Wire(layer, change), base_url=f"https://{NAME}", auth=client.httpx_auth()) as http:
        with pytest.raises(errors.BY_NAME[name]) as caught:
            http.get("/")
    assert caught.value.may_have_run and not caught.value.signed


def test_a_forged_refusal_causes_no_resend(client, layer):
    wire = Wire(layer, lambda r: httpx.Response(401, headers={"oscartoki-error": "stale"}))
    with httpx.Client(transport=wire, base_url=f"https://{NAME}", auth=client.httpx_auth()) as http:
        with pytest.raises(errors.Missing) as caught:
            http.get("/")
        assert len(wire.sent) == 1 and caught.value.status == 401
        with pytest.raises(errors.Missing) as caught:
            http.post("/", content=b"x")
    # The probe failed: it is certain that nothing ran.
    assert [r.method for r in wire.sent] == ["GET", "HEAD"] and caught.value.may_have_run is False


def test_a_followed_redirect_surfaces_as_policy(client, wire):
    with httpx.Client(transport=wire, base_url=f"https://{NAME}", auth=client.httpx_auth(), follow_redirects=True) as http:
        with pytest.raises(errors.Policy, match="redirect") as caught:
            http.get("/moved")
        assert caught.value.may_have_run and [path for _, path, _, _ in SEEN] == ["/moved"]


def test_a_transport_signs_each_hop(client, wire):
    with httpx.Client(transport=client.httpx_transport(wire), base_url=f"https://{NAME}", follow_redirects=True) as http:
        answer = http.get("/moved")
        assert answer.text == "GET " and [path for _, path, _, _ in SEEN] == ["/moved", "/elsewhere"]
        assert [past.status_code for past in answer.history] == [302]
        assert http.post("/t", content=b"1").text == "POST 1"


def test_a_stream_is_taken_only_when_asked_for(client, layer, wire, caplog):
    with httpx.Client(transport=wire, base_url=f"https://{NAME}") as http:
        for path in ("/events", "/big", "/gzip"):
            with pytest.raises(errors.Policy) as caught:
                http.get(path, auth=client.httpx_auth())
            assert caught.value.signed == (path != "/big")
            big = Client(client_secret[0], NAME, max_answer=1 << 22)
            answer = http.get(path, auth=big.httpx_auth(stream=True))
            assert answer.status_code == 200 and not answer.extensions["oscartoki"].content_authentic
    assert layer.uncovered == 6 and len([r for r in caplog.records if "not covered" in r.message]) == 1


client_secret = []


@pytest.fixture(autouse=True)
def keep_secret(secret):
    client_secret[:] = [secret]


# ---- the ASGI layer by itself ----


def call(layer, method="GET", target="/", headers=(), body=b"", chunks=None, scope=()):
    path, _, query = target.partition("?")
    sent, messages = [], [{"type": "http.request", "body": chunk, "more_body": n + 1 < len(chunks or [body])} for n, chunk in enumerate(chunks or [body])]
    given = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
             "headers": [(b"host", NAME.encode()), *headers], **dict(scope)}  # fmt: skip
    given = {name: field for name, field in given.items() if field is not ...}

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    asyncio.run(layer(given, receive, send))
    start = next((m for m in sent if m["type"] == "http.response.start"), None)
    got = {} if start is None else {name.decode(): field.decode() for name, field in start["headers"]}
    return (start or {}).get("status"), got, b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")


def headers_of(signed, *more):
    return [*((name.encode(), field.encode()) for name, field in signed.headers.items()), *more]


def test_refusals_say_what_the_protocol_says(layer, client):
    status, headers, _ = call(layer)
    assert (status, headers["oscartoki-error"], headers["www-authenticate"]) == (401, "missing", "oscartoki") and "oscartoki" not in headers
    status, headers, _ = call(layer, headers=[(b"oscartoki", b"x")])
    assert (status, headers["oscartoki-error"]) == (400, "malformed") and "www-authenticate" not in headers
    signed = client.sign("GET", NAME, "/")
    assert call(layer, target="/other", headers=headers_of(signed))[1]["oscartoki-error"] == "bad_mac"
    for name in (b"x-http-method-override", b"X-HTTP-Method", b"x-method-override"):
        assert call(layer, headers=headers_of(signed, (name, b"")))[:1] == (400,)
    assert call(layer, headers=headers_of(signed, (b"oscartoki", signed.toki.encode())))[0] == 400
    assert call(layer, headers=headers_of(signed, (b"host", b"other.example.com")))[0] == 400
    assert call(layer, headers=headers_of(signed))[0] == 200
    status, headers, _ = call(layer, headers=headers_of(signed))
    assert status == 409 and client.accept_head(signed, 409, headers.items()).name == "replayed" and headers["cache-control"] == "no-store, no-transform"
    stale = client.sign("GET", NAME, "/", now_ms=oscartoki.client.wall(None) - 60_000)
    status, headers, _ = call(layer, headers=headers_of(stale))
    assert status == 401 and headers["www-authenticate"] == "oscartoki" and client.accept_head(stale, 401, headers.items()).code == 1
    assert len(SEEN) == 1


def test_bodies_are_read_whole_up_to_the_limit(layer, client, key):
    small = oscartoki.asgi.Middleware(app, service=make_service(key, max_body=10))
    for body, digest, expected in [(b"0123456789", False, 200), (b"0123456789a", False, 413), (b"0123456789", True, 200), (b"0123456789a", True, 413)]:
        signed = client.sign("PUT", NAME, "/", body, trust_clock=True)
        more = [(b"content-digest", digest_header(body))] if digest else []
        status, headers, _ = call(small, "PUT", headers=headers_of(signed, *more), chunks=[body[:5], body[5:]])
        assert status == expected, (body, digest)
        if status == 413:
            assert ("oscartoki" in headers) == digest and headers.get("oscartoki-error") == (None if digest else "policy")
    assert call(small, "PUT", body=b"x" * 100)[0] == 401  # missing comes before any 413
    signed = client.sign("PUT", NAME, "/", b"signed", trust_clock=True)
    status, headers, _ = call(small, "PUT", headers=headers_of(signed, (b"content-digest", digest_header(b"signed"))), body=b"Signed")
    assert status == 400 and client.accept_head(signed, 400, headers.items()).code == 5
    assert [body for _, _, body, _ in SEEN] == [b"0123456789", b"0123456789"]


def digest_header(body):
    import base64
    import hashlib

    return b"sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()) + b":"


def test_an_empty_query_that_the_server_hides(layer, client):
    signed = client.sign("GET", NAME, "/a?")
    assert call(layer, target="/a", headers=headers_of(signed))[0] == 200


def test_a_hidden_raw_target_is_refused_with_the_fix(layer, client, service):
    signed = client.sign("GET", NAME, "/v1/a")
    status, headers, body = call(layer, target="/v1/a", headers=headers_of(signed), scope={"raw_path": ...})
    assert status == 500 and headers["oscartoki-error"] == "raw_target_hidden" and b"uvicorn" in body
    status, headers, body = call(layer, target="/v1/a", headers=headers_of(signed), scope={"root_path": "/v1"})
    assert status == 500 and b"raw_path_has_root" in body
    with_root = oscartoki.asgi.Middleware(app, service=service, raw_path_has_root=True)
    assert call(with_root, target="/v1/a", headers=headers_of(signed), scope={"root_path": "/v1"})[0] == 200
    signed = client.sign("GET", NAME, "/v1/a")
    without = oscartoki.asgi.Middleware(app, service=service, raw_path_has_root=False)
    assert call(without, target="/a", headers=headers_of(signed), scope={"root_path": "/v1"})[0] == 200


def test_preflights_pass_only_to_a_cors_layer_inside(layer, service):
    preflight = [(b"origin", b"https://app.example.com"), (b"access-control-request-method", b"POST")]
    assert call(layer, "OPTIONS", headers=preflight)[0] == 401
    inside = oscartoki.asgi.Middleware(app, service=service, cors_inside=True)
    assert call(inside, "OPTIONS", headers=preflight)[0] == 200
    assert call(inside, "OPTIONS", headers=preflight[:1])[0] == 401


def test_a_handler_that_breaks_is_a_signed_500(layer, client):
    signed, sent = client.sign("GET", NAME, "/broken"), []

    async def run():
        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/broken", "raw_path": b"/broken", "query_string": b"", "headers": [(b"host", NAME.encode()), *headers_of(signed)]}
        await layer(scope, receive, send)

    with pytest.raises(RuntimeError, match="broke"):
        asyncio.run(run())
    outcome = client.accept_head(signed, sent[0]["status"], sent[0]["headers"])
    assert sent[0]["status"] == 500 and outcome.code == 0 and outcome.error is None


def test_covered_headers(secret, key):
    ext, answer_ext = ["content-type", "idempotency-key"], ["etag", "location"]
    layer = oscartoki.asgi.Middleware(app, service=make_service(key, ext=ext, answer_ext=answer_ext))
    wire = Wire(layer)
    client = Client(secret, NAME, ext=ext, answer_ext=answer_ext)
    with httpx.Client(transport=wire, base_url=f"https://{NAME}") as http:
        assert http.post("/t", json=1, headers={"idempotency-key": "k1"}, auth=client.httpx_auth(repeatable=True)).status_code == 200
        assert http.get("/moved", auth=client.httpx_auth()).status_code == 302
        with pytest.raises(errors.Unsignable):
            http.post("/t", json=1, auth=client.httpx_auth(repeatable=True))
    signed = client.sign("GET", NAME, "/", ext=client.request_ext([(b"content-type", b"a/b")]))
    assert call(layer, headers=headers_of(signed, (b"content-type", b"a/c")))[1]["oscartoki-error"] == "bad_mac"
    assert call(layer, headers=headers_of(signed, (b"content-type", b"a/b")))[0] == 200


def test_a_streaming_route_gets_a_body_to_finish(service, client):
    async def reader(scope, receive, send):
        body, text = scope["oscartoki"], b""
        if scope["path"] != "/lazy":
            while True:
                message = await receive()
                text += message.get("body", b"")
                if not message.get("more_body"):
                    break
            assert body.finish().kid == client.kid
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text})

    layer = oscartoki.asgi.Middleware(reader, service=service, stream=lambda scope: True)
    for path, arrives, expected in [("/", b"abcd", 200), ("/lazy", b"abcd", 200), ("/lazy", b"abcX", 400)]:
        signed = client.sign("PUT", NAME, path, b"abcd", trust_clock=True)
        status, headers, _ = call(layer, "PUT", path, headers_of(signed, (b"content-digest", digest_header(b"abcd"))), chunks=[arrives[:2], arrives[2:]])
        assert status == expected and (expected == 200 or client.accept_head(signed, 400, headers.items()).name == "body_mismatch")


def test_start_up_waits_until_the_service_is_ready(key):
    import time

    service = make_service(key, first_start=False, now_ms=int(time.time() * 1000) - 5_500)
    layer, sent = oscartoki.asgi.Middleware(app, service=service), []

    async def run():
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive():
            return messages.pop(0)

        async def send(message):
            sent.append((message["type"], time.time() * 1000))

        await layer({"type": "lifespan"}, receive, send)

    asyncio.run(run())
    assert [kind for kind, _ in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"] and sent[0][1] >= service.ready_at_ms - 20


def test_a_websocket_needs_a_toki_too(layer, client):
    def opens(layer, headers):
        sent = []

        async def send(message):
            sent.append(message)

        async def accepted(scope, receive, send):
            await send({"type": "websocket.accept"})

        layer.app = accepted
        scope = {"type": "websocket", "path": "/w", "raw_path": b"/w", "query_string": b"", "headers": [(b"host", NAME.encode()), *headers]}
        asyncio.run(layer(scope, None, send))
        return sent[0]

    assert opens(layer, []) == {"type": "websocket.close", "code": 1008}
    assert opens(layer, headers_of(client.sign("GET", NAME, "/w"))) == {"type": "websocket.accept"}


# ---- WSGI and requests, over a socket ----


def wsgi_app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("201 Created", [("Content-Type", "text/plain")])
    kind = environ["PATH_INFO"]
    if kind == "/big":
        return (b"x" * 600_000 for _ in range(2))
    if kind == "/broken":
        raise RuntimeError("broke")
    return [environ["REQUEST_METHOD"].encode(), b" ", body, b" ", environ["oscartoki"].kid.hex().encode()]


class Handler(WSGIRequestHandler):
    """wsgiref hides the raw target; this server shows it."""

    show = True

    def get_environ(self):
        return {**super().get_environ(), **({"RAW_URI": self.path} if self.show else {})}

    def log_message(self, *given):
        pass


@pytest.fixture
def wsgi(key):
    service = make_service(key, authorities=["127.0.0.1"], audience=NAME)
    layer = oscartoki.wsgi.Middleware(wsgi_app, service=service)
    with make_server("127.0.0.1", 0, layer, handler_class=Handler) as server:
        # The port is not known before; the service has a list of names.
        authority = f"127.0.0.1:{server.server_port}"
        layer.service = layer.answers.service = make_service(key, authorities=[authority], audience=NAME)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{authority}", layer
        server.shutdown()


def test_requests_over_wsgi(wsgi, client):
    url, layer = wsgi
    with client.requests_session() as session:
        answer = session.post(url + "/a%2Fb?", data="text", headers={"if-match": "x"})
        assert answer.status_code == 201 and answer.text == f"POST text {client.kid.hex()}" and answer.oscartoki.code == 0
        assert session.get(url + "/").status_code == 201
        assert session.put(url + "/", data=iter([b"a", b"b"])).text.startswith("PUT ab")
        assert session.get(url + "/broken").status_code == 500
        with pytest.raises(errors.Policy):
            session.get(url + "/big")
        with pytest.raises(requests.ConnectionError):
            session.get("http://127.0.0.1:9/")
    answer = requests.get(url, timeout=5)
    assert answer.status_code == 401 and answer.headers["oscartoki-error"] == "missing" and answer.headers["www-authenticate"] == "oscartoki"
    assert requests.head(url, timeout=5).status_code == 401


def test_wsgi_refuses_what_is_too_large_or_changed(wsgi, client):
    url, layer = wsgi
    authority = url[7:]
    body = b"x" * ((1 << 20) + 1)
    signed = client.sign("PUT", authority, "/", body, trust_clock=True)
    answer = requests.put(url + "/", data=body, headers=signed.headers, timeout=5)
    assert answer.status_code == 413 and answer.headers["oscartoki-error"] == "policy"
    signed = client.sign("PUT", authority, "/", b"abc", trust_clock=True)
    answer = requests.put(url + "/", data=b"abX", headers={**signed.headers, "content-digest": digest_header(b"abc").decode()}, timeout=5)
    assert answer.status_code == 400 and client.accept_head(signed, 400, answer.raw.headers.items()).name == "body_mismatch"
    signed = client.sign("GET", authority, "/")
    assert requests.get(url + "/", headers={**signed.headers, "X-HTTP-Method-Override": "DELETE"}, timeout=5).status_code == 400


def test_wsgi_says_when_the_target_is_hidden(wsgi, client, monkeypatch):
    url, _ = wsgi
    monkeypatch.setattr(Handler, "show", False)
    answer = requests.get(url + "/", timeout=5)
    assert answer.status_code == 500 and answer.headers["oscartoki-error"] == "raw_target_hidden" and "gunicorn" in answer.text and "WSGIServer" in answer.text


def test_wsgi_streams(key, client):
    import io

    def reader(environ, start_response):
        text = environ["wsgi.input"].read()
        assert environ["oscartoki"].finish().kid == client.kid
        start_response("200 OK", [])
        return [text]

    layer = oscartoki.wsgi.Middleware(reader, service=make_service(key), stream=lambda environ: True)
    for arrives, status in [(b"abc", "200 OK"), (b"abX", "400 Bad Request")]:
        signed, began = client.sign("PUT", NAME, "/", b"abc", trust_clock=True), []
        environ = {"REQUEST_METHOD": "PUT", "RAW_URI": "/", "HTTP_HOST": NAME, "HTTP_OSCARTOKI": signed.toki, "CONTENT_LENGTH": "3",
                   "HTTP_CONTENT_DIGEST": digest_header(b"abc").decode(), "wsgi.input": io.BytesIO(arrives), "wsgi.errors": io.StringIO()}  # fmt: skip
        list(layer(environ, lambda status, headers, exc_info=None: began.append(status)))
        assert began == [status]
