"""Recipes that run: Django under gunicorn with four workers on one mapped memory, Flask, FastAPI under uvicorn, the example service."""

import json
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

import oscartoki
from conftest import NAME, ROOT, free_port, wait_for_port
from oscartoki import errors

pytestmark = pytest.mark.servers

DJANGO = '''
import os
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import re_path
import oscartoki

settings.configure(DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="of the test")

def transfer(request):
    verified = request.environ["oscartoki"]
    return JsonResponse({"client": verified.kid.hex(), "worker": os.getpid(), "body": request.body.decode()})

urlpatterns = [re_path(r"", transfer)]
django.setup()
service = oscartoki.Service(keys_file="keys", authorities=[os.environ["AUTHORITY"]], audience="api.example.com", memory="memory")
app = oscartoki.wsgi.Middleware(get_wsgi_application(), service=service)
'''

FLASK = '''
import os
from flask import Flask, request
import oscartoki

app = Flask(__name__)
service = oscartoki.Service(keys_file="keys", authorities=[os.environ["AUTHORITY"]], audience="api.example.com", first_start=True)
app.wsgi_app = oscartoki.wsgi.Middleware(app.wsgi_app, service=service)

@app.post("/transfer")
def transfer():
    return {"client": request.environ["oscartoki"].kid.hex(), "amount": request.json["amount"]}

app.run(port=int(os.environ["PORT"]))
'''

FASTAPI = '''
import os
from fastapi import FastAPI, Request
import oscartoki

api = FastAPI()

@api.post("/transfer")
async def transfer(request: Request, amount: int):
    return {"client": request.scope["oscartoki"].kid.hex(), "amount": amount, "body": (await request.body()).decode()}

service = oscartoki.Service(keys_file="keys", authorities=[os.environ["AUTHORITY"]], audience="api.example.com", first_start=True)
app = oscartoki.asgi.Middleware(api, service=service)
'''


@pytest.fixture
def place(tmp_path, secret):
    (tmp_path / "keys").write_text(secret.audience_key(NAME).to_text() + "\n")
    return tmp_path


def send_raw(url, signed):
    return httpx.get(url, headers=signed.headers, timeout=10)


def test_django_under_gunicorn_with_four_workers(place, start, client):
    (place / "site_app.py").write_text(DJANGO)
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def serve():
        process = start(
            "-m", "gunicorn", "-w", "4", "--threads", "2", "-b", f"127.0.0.1:{port}", "site_app:app", AUTHORITY=f"127.0.0.1:{port}", PYTHONPATH=str(place)
        )
        wait_for_port(port, process)
        return process

    process = serve()
    wait_until_ready(client, url)
    auth = client.httpx_auth()
    workers = {httpx.post(url + "/a%2Fb?x=1", content=b"text", auth=auth).json()["worker"] for _ in range(40)}
    assert len(workers) >= 2
    for _ in range(5):
        # One toki, eight senders, one winner, whichever worker they reach.
        signed, statuses, together = client.sign("GET", f"127.0.0.1:{port}", "/once"), [], threading.Barrier(8)

        def race():
            together.wait()
            statuses.append(send_raw(url + "/once", signed).status_code)

        racers = [threading.Thread(target=race) for _ in range(8)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        assert sorted(statuses) == [200] + [409] * 7
    signed = client.sign("GET", f"127.0.0.1:{port}", "/across")
    assert send_raw(url + "/across", signed).status_code == 200
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    serve()
    # The memory survived: the toki of before is replayed, a new one is good at once.
    assert send_raw(url + "/across", signed).status_code == 409
    assert httpx.get(url, auth=client.httpx_auth()).status_code == 200


def wait_until_ready(client, url):
    """WSGI answers a signed 1 until it is ready."""
    end = time.monotonic() + 15
    while True:
        try:
            return httpx.get(url, auth=client.httpx_auth(), timeout=10)
        except errors.Stale as error:
            assert error.signed and error.status == 401 and time.monotonic() < end
            time.sleep(0.2)


def test_flask(place, start, client):
    (place / "flask_app.py").write_text(FLASK)
    port = free_port()
    wait_for_port(port, start("flask_app.py", AUTHORITY=f"127.0.0.1:{port}", PORT=str(port), XDG_RUNTIME_DIR=str(place)))
    answer = httpx.post(f"http://127.0.0.1:{port}/transfer", json={"amount": 10}, auth=client.httpx_auth())
    assert answer.json() == {"client": client.kid.hex(), "amount": 10}
    assert httpx.post(f"http://127.0.0.1:{port}/transfer", json={"amount": 10}).status_code == 401


def test_fastapi_under_uvicorn(place, start, client):
    (place / "fastapi_app.py").write_text(FASTAPI)
    port = free_port()
    wait_for_port(port, start("-m", "uvicorn", "fastapi_app:app", "--port", port, AUTHORITY=f"127.0.0.1:{port}", XDG_RUNTIME_DIR=str(place)))
    answer = httpx.post(f"http://127.0.0.1:{port}/transfer?amount=10", content=b"x", auth=client.httpx_auth())
    assert answer.json() == {"client": client.kid.hex(), "amount": 10, "body": "x"}
    assert httpx.post(f"http://127.0.0.1:{port}/transfer?amount=10").headers["oscartoki-error"] == "missing"
    with pytest.raises(errors.Missing):
        # Another name for the same place is not this service's: the probe is refused unsigned, nothing ran.
        httpx.post(f"http://localhost:{port}/transfer?amount=10", auth=client.httpx_auth())


def test_the_example_client_and_service(place, start, client, secret):
    (place / "secret").write_text(secret.to_text() + "\n")
    example = ROOT / "examples" / "python"
    service = start(example / "service.py", "--listen", "127.0.0.1:0", "--audience", NAME, "--key", "keys", "--memory", "memory", "--revocations", "revoked")
    url = service.stdout.readline().removeprefix("listening on ").strip()
    assert url.startswith("http://127.0.0.1:")

    def run(*given):
        done = subprocess.run([sys.executable, example / "client.py", "--secret", "secret", "--audience", NAME, *given], cwd=place, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    code, out, err = run("-d", "{}", url + "/echo/a%2Fb?x=1")
    body, verified = out.splitlines()
    assert code == 0 and verified == "verified: status 200, code 0, requests 2, probed, in session"
    assert json.loads(body)["target"] == "/echo/a%2Fb?x=1" and json.loads(body)["client"] == client.kid.hex() and json.loads(body)["body_sha256"]
    assert run("--clock-off-ms", "54000000", url + "/echo")[1].endswith("requests 2, resent, in session\n")
    assert run("--parallel", "8", "--count", "2", url + "/echo")[1].count("verified") == 16
    (place / "revoked").write_text(f"revoked {client.kid.hex()}\n")
    time.sleep(2)
    code, out, err = run(url + "/echo")
    assert code == 1 and err.startswith("error: revoked: ") and err.endswith("(may have run: yes)\n")
    code, out, err = run("-X", "BAD METHOD", url + "/echo")
    assert code == 1 and "unsignable" in err and "may have run: no" in err
    assert run("http://127.0.0.1:9/")[0] == 4
    (place / "secret").write_text("os2.nonsense")
    assert run(url)[0] == 3
    service.send_signal(signal.SIGTERM)
    assert service.wait(10) == 0
