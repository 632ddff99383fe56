"""What the README shows, runs."""

import os
import re
import subprocess
import sys
import time

import httpx
import pytest

import oscartoki
from conftest import NAME, ROOT
from test_http import Wire

README = (ROOT / "bindings/python/README.md").read_text()


def test_the_quickstart_runs(tmp_path, secret):
    (snippet,) = re.findall(r"```python quickstart\n(.*?)```", README, re.S)
    done = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r'[0-9a-f]{16} sent \{"amount":10\}\n200\n409\n', done.stdout)


@pytest.mark.servers
def test_the_three_lines_run_as_they_stand(tmp_path, secret, monkeypatch):
    (lines,) = re.findall(r"```python\n(client = .*?)```", README, re.S)
    client_line, post_line, app_line = lines.splitlines()
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("OSCAR_SECRET", secret.to_text())
    monkeypatch.setenv("OSCAR_KEY", secret.audience_key(NAME).to_text())

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": (await receive())["body"]})

    world = {"oscartoki": oscartoki, "httpx": httpx, "os": os, "app": app}
    exec(app_line, world)
    # The service's memory begins empty: it is ready a few seconds later.
    time.sleep(max(0, world["app"].service.ready_at_ms / 1000 - time.time()) + 0.1)
    wire = Wire(world["app"])
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: wire.handle_request(request))
    exec(client_line, world)
    exec(post_line, world)
    assert world["answer"].json() == {"amount": 10} and [r.method for r in wire.sent] == ["HEAD", "POST"]


def test_vector_files_fail_when_they_should(tmp_path):
    case = '{"schema": 1, "cases": [{"name": "n", "op": "%s", "in": %s, "expect": %s}]}'
    good = case % ("v1.mint", '{"key": "k", "now_ms": 1795300000000}', '{"ok": {}}')
    wrong = [
        case % ("v1.mint", '{"key": "", "now_ms": 1795300000000}', '{"ok": {}}'),
        case % ("v1.mint", '{"key": "k", "now_ms": 1795300000000}', '{"error": "stale"}'),
        case % ("v1.mint", '{"key": "k", "now_ms": 1795300000000, "else": 1}', '{"ok": {}}'),
        case % ("v1.mint", '{"key": "", "now_ms": 1795300000000}', '{"error": "no_such_name"}'),
        case % ("no.such.op", "{}", '{"ok": {}}'),
    ]

    def run(text):
        (tmp_path / "f.json").write_text(text)
        done = subprocess.run([sys.executable, ROOT / "bindings/python/vectors.py", "f.json"], cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout

    assert run(good) == (0, "1 passed, 0 failed\n")
    for text in wrong:
        code, out = run(text)
        assert code == 1 and out.startswith("FAIL f.json: n: got ") and out.endswith("0 passed, 1 failed\n"), out
    assert run("no json")[0] == 2
