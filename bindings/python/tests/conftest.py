import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import oscartoki

NAME = "api.example.com"
ROOT = Path(__file__).resolve().parents[3]


def pytest_configure(config):
    config.addinivalue_line("markers", "servers: starts servers and processes")


@pytest.fixture
def secret():
    return oscartoki.Secret.generate()


@pytest.fixture
def key(secret):
    return secret.audience_key(NAME)


@pytest.fixture
def service(key):
    return make_service(key)


def make_service(key, **options):
    options = {"authorities": [NAME], "memory": oscartoki.MemoryReplayLog(100_000), "first_start": True, **options}
    return oscartoki.Service(keys=[key.to_text()], **options)


@pytest.fixture
def client(secret):
    return oscartoki.Client(secret, NAME)


@pytest.fixture
def start(tmp_path):
    """Starts a process that prints a line when it listens; ended after the test."""
    running = []

    def begin(*command, **env):
        # Not in this folder: the wheel is to be imported.
        process = subprocess.Popen(
            [sys.executable, *map(str, command)], cwd=tmp_path, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def oscar():
    """The command line tool; test.sh names the one that it built."""
    return os.environ.get("OSCAR") or str(Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "release/oscar")


@contextmanager
def serving(*command, **env):
    """`oscar serve`; its address."""
    command = [command[0], "serve", "--listen", "127.0.0.1:0", "--first-start", *command[1:]]
    with subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said = ""
        while "listening on " not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        # What it says further is read, so that it never waits for a reader.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        try:
            yield re.search(r"listening on (http://\S+)", said)[1]
        finally:
            process.terminate()
            process.wait(10)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for_port(port, process):
    for _ in range(200):
        if process.poll() is not None:
            raise AssertionError(process.stdout.read())
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("it does not listen")


logging.getLogger("oscartoki").setLevel(logging.DEBUG)
