"""The same service as a WSGI app under gunicorn, in several worker processes: they share the memory that was opened before the fork."""

import hashlib
import json
import time

import gunicorn.app.base

import oscartoki


def app(environ, start_response):
    """The application, which knows nothing of tokis but who asks."""
    body = environ["wsgi.input"].read()
    path = environ["PATH_INFO"]
    if path != "/echo" and not path.startswith("/echo/"):
        return reply(start_response, "404 Not Found", {"error": "not found"})
    verified = environ["oscartoki"]
    return reply(start_response, "200 OK", {
        "client": verified.kid.hex(),
        "session": verified.sid and verified.sid.hex(),
        "method": environ["REQUEST_METHOD"],
        "target": environ["RAW_URI"],
        "body_sha256": hashlib.sha256(body).hexdigest() if body else None,
    })  # fmt: skip


def reply(start_response, status, content):
    text = json.dumps(content).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]


class Server(gunicorn.app.base.BaseApplication):
    """gunicorn on a socket that listens already."""

    def __init__(self, service, listener, workers):
        self.service, self.workers = service, workers
        self.listens = "{}:{}".format(*listener.getsockname())
        self.descriptor = listener.detach()
        super().__init__()

    def load_config(self):
        # The app is loaded before the fork, so that every worker has the service that was made there.
        said = {"bind": f"fd://{self.descriptor}", "workers": self.workers, "preload_app": True, "loglevel": "warning",
                "graceful_timeout": 5, "when_ready": self.ready}  # fmt: skip
        for name, option in said.items():
            self.cfg.set(name, option)

    def load(self):
        return oscartoki.wsgi.Middleware(app, service=self.service)

    def ready(self, _):
        # Until then it would answer a signed 1.
        time.sleep(max(0, self.service.ready_at_ms / 1000 - time.time()))
        print(f"listening on http://{self.listens}", flush=True)
