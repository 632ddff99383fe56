#!/usr/bin/env python3
"""bench_http.py [--json]: the CPU time that uvicorn needs for one request with the ASGI middleware, against the same app without it.

1 KiB of JSON in and out, POST on kept connections, requests signed beforehand within the window, five alternating rounds, the median. The ratio is of
throughput, time without over time with: 1 is free.
"""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import oscartoki

NAME = "bench.example.com"
ROUNDS, REQUESTS, CONNECTIONS = 5, 1500, 4
BODY = json.dumps({"text": "x" * 1010}).encode()
SECRET = bytes(range(32))


async def app(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    text = json.dumps(json.loads(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def serve(signed, http, descriptor):
    import uvicorn

    inner = app
    if signed:
        key = oscartoki.Secret.from_bytes(SECRET).audience_key(NAME)
        inner = oscartoki.asgi.Middleware(app, oscartoki.Service([key], [NAME], memory=oscartoki.MemoryReplayLog(1_000_000), first_start=True))

    async def outer(scope, receive, send):
        if scope["path"] != "/cpu":
            return await inner(scope, receive, send)
        text = str(time.process_time_ns()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(text)).encode())]})
        await send({"type": "http.response.body", "body": text})

    config = uvicorn.Config(outer, http=http, loop="asyncio", log_level="error", access_log=False, lifespan="off", timeout_keep_alive=300)
    asyncio.run(uvicorn.Server(config).serve(sockets=[socket.socket(fileno=descriptor)]))


class Server:
    def __init__(self, signed, http):
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        descriptor = listener.fileno()
        command = [sys.executable, str(Path(__file__).resolve()), "--serve", str(int(signed)), http, str(descriptor)]
        self.process = subprocess.Popen(command, pass_fds=[descriptor])
        listener.close()
        self.line = Line(self.port)

    def cpu_ns(self):
        return int(self.line.ask(b"GET /cpu HTTP/1.1\r\nhost: x\r\n\r\n")[1])

    def round(self, requests):
        """CPU nanoseconds a request."""
        lines = [Line(self.port) for _ in range(CONNECTIONS)]
        began = self.cpu_ns()
        for at, request in enumerate(requests):
            head, _ = lines[at % CONNECTIONS].ask(request)
            if not head.startswith(b"HTTP/1.1 200"):
                raise AssertionError(head.decode())
        return (self.cpu_ns() - began) / len(requests)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Line:
    """One kept connection."""

    def __init__(self, port):
        end = time.monotonic() + 20
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.file = self.socket.makefile("rb")

    def ask(self, request):
        self.socket.sendall(request)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.file.readline()
            if not line:
                raise ConnectionError("the server went away")
            head += line
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        return head, self.file.read(length)


def requests(client):
    """Signed now; the first of a client is outside of a session, as in life."""
    made = []
    for _ in range(REQUESTS):
        head = f"POST /transfer?x=1 HTTP/1.1\r\nhost: {NAME}\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}\r\n"
        if client is not None:
            signed = client.sign("POST", NAME, "/transfer?x=1", BODY, trust_clock=True)
            head += "".join(f"{name}: {field}\r\n" for name, field in signed.headers.items()) + DIGEST
        made.append(head.encode() + b"\r\n" + BODY)
    return made


def digest_line():
    import base64
    import hashlib

    return f"content-digest: sha-256=:{base64.b64encode(hashlib.sha256(BODY).digest()).decode()}:\r\n"


DIGEST = digest_line()


def measure(http):
    client = oscartoki.Client(oscartoki.Secret.from_bytes(SECRET), NAME)
    helper = oscartoki.Service(
        [oscartoki.Secret.from_bytes(SECRET).audience_key(NAME)], [NAME], memory=oscartoki.MemoryReplayLog(1000), first_start=True
    )
    first = client.sign("GET", NAME, "/")
    toki, grant = helper.answer(helper.verify("GET", NAME, "/", first.toki), 200, b"")
    client.accept(first, 200, b"", toki=toki, grant=grant).raise_for_refusal()
    plain, layered = Server(False, http), Server(True, http)
    try:
        plain.round(requests(None)[:200])
        layered.round(requests(client)[:200])
        without, with_layer = [], []
        for _ in range(ROUNDS):
            without.append(plain.round(requests(None)))
            with_layer.append(layered.round(requests(client)))
    finally:
        plain.stop()
        layered.stop()
    return statistics.median(without), statistics.median(with_layer)


def main():
    if "--serve" in sys.argv:
        _, _, signed, http, descriptor = sys.argv
        serve(signed == "1", http, int(descriptor))
        return 0
    for http, bar in (("h11", 0.7), ("httptools", None)):
        if http == "httptools" and not available(http):
            continue
        without, with_layer = measure(http)
        ratio = without / with_layer
        row = {"what": f"uvicorn ({http}) with the middleware, CPU a request", "ours_ns": round(with_layer), "peer": "without", "peer_ns": round(without),
               "ratio": round(ratio, 3), "bar": bar, "met": None if bar is None else ratio >= bar}  # fmt: skip
        if "--json" in sys.argv:
            print(json.dumps(row))
        else:
            met = "" if bar is None else "met" if row["met"] else "MISSED"
            print(f"{row['what']:55} {row['ours_ns']:9} ns   without {row['peer_ns']:9} ns   throughput {ratio:.2f} x   bar {bar or '-'}   {met}")
    return 0


def available(module):
    import importlib.util

    return importlib.util.find_spec(module) is not None


if __name__ == "__main__":
    sys.exit(main())
