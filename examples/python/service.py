#!/usr/bin/env python3
"""A service in Python: an ASGI app under uvicorn, answering as `oscar serve` does.

    service.py --listen 127.0.0.1:0 --audience NAME [--authority NAME]... --key FILE... [--revocations FILE] [--memory FILE] [--workers N]

`/echo` and everything under it take any method and need a toki. `--memory` is shared by all processes on this machine that accept the same keys; without
it, a file of this user is. `--workers`: N processes of gunicorn in place of uvicorn. Prints `listening on http://HOST:PORT` once it is ready. SIGTERM ends it with 0.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import socket
import sys

import uvicorn

import oscartoki


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", default="127.0.0.1:8080", metavar="HOST:PORT")
    parser.add_argument("--audience", required=True, metavar="NAME")
    parser.add_argument("--authority", action="append", default=[], metavar="NAME")
    parser.add_argument("--key", action="append", required=True, metavar="FILE", help="oa2 keys and v1 lines; reread when it changes")
    parser.add_argument("--revocations", metavar="FILE", help="reread when it changes")
    parser.add_argument("--memory", metavar="FILE")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that fork from this one")
    parser.add_argument("--ext", default="", metavar="LIST")
    parser.add_argument("--answer-ext", default="", metavar="LIST")
    parser.add_argument("--first-start", action="store_true", help="no earlier process accepted these keys")
    return parser.parse_args()


async def app(scope, receive, send):
    """The application, which knows nothing of tokis but who asks."""
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    body = (await receive()).get("body", b"")
    path = scope["path"]
    if path != "/echo" and not path.startswith("/echo/"):
        return await reply(send, 404, {"error": "not found"})
    verified = scope["oscartoki"]
    query = scope["query_string"].decode()
    await reply(send, 200, {
        "client": verified.kid.hex(),
        "session": verified.sid and verified.sid.hex(),
        "method": scope["method"],
        "target": scope["raw_path"].decode() + ("?" + query if query else ""),
        "body_sha256": hashlib.sha256(body).hexdigest() if body else None,
    })  # fmt: skip


async def reply(send, status, content):
    text = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


class Server(uvicorn.Server):
    """Says where it listens once it is ready; the middleware holds the start-up until then."""

    @contextlib.contextmanager
    def capture_signals(self):
        # uvicorn raises the signal again when it is done; SIGTERM is a good end here.
        loop, signals = asyncio.get_running_loop(), uvicorn.server.HANDLED_SIGNALS
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
        for number in signals:
            loop.remove_signal_handler(number)

    async def startup(self, sockets=None):
        await super().startup(sockets)
        if self.started:
            host, port = sockets[0].getsockname()[:2]
            print(f"listening on http://{host}:{port}", flush=True)


def main() -> int:
    given = arguments()
    host, _, port = given.listen.rpartition(":")
    listener = socket.create_server((host.strip("[]"), int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    listens = f"{host}:{listener.getsockname()[1]}"
    names = lambda text: [name.strip() for name in text.split(",") if name.strip()]  # noqa: E731
    try:
        service = oscartoki.Service(
            authorities=[given.audience, listens, *given.authority], audience=given.audience, keys_file=given.key,
            revocations_file=given.revocations, memory=given.memory, ext=names(given.ext), answer_ext=names(given.answer_ext),
            first_start=given.first_start,
        )  # fmt: skip
    except (oscartoki.OscarError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    if given.workers:
        from workers import Server as Forking

        Forking(service, listener, given.workers).run()
        return 0
    signed = oscartoki.asgi.Middleware(app, service=service)
    server = Server(uvicorn.Config(signed, log_level="warning", lifespan="on", timeout_graceful_shutdown=5))
    asyncio.run(server.serve(sockets=[listener]))
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
