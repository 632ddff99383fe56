"""A memory that machines share, in a real redis-server."""

import shutil
import socket
import subprocess
import time

import pytest

import oscartoki
from conftest import NAME, make_service

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    program = shutil.which("redis-server")
    assert program, "redis-server is missing: scripts/setup installs it"
    folder = tmp_path_factory.mktemp("redis")
    path = folder / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder), "--maxmemory-policy", "noeviction"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + 10
            while not answers(str(path)):
                assert time.monotonic() < until and process.poll() is None
                time.sleep(0.01)
            yield f"redis+unix://{path}"
        finally:
            process.terminate()


def answers(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def told(services, client):
    """What each says to one toki. On a busy machine a Redis is late, which refuses: then once more, with a new one."""
    for _ in range(20):
        toki = client.sign("GET", NAME, "/x").toki
        said = [service.verify("GET", NAME, "/x", toki) for service in services]
        names = ["accepted" if verdict.accepted else verdict.name for verdict in said]
        if "busy" not in names:
            return names
        time.sleep(1.1)
    raise AssertionError("Redis does not answer")


def test_one_toki_has_one_winner(url, secret, key):
    named = oscartoki.RedisReplayLog(url, NAME)
    services = [make_service(key, memory=memory, authorities=[NAME]) for memory in (url, url, named)]
    assert isinstance(services[0].memory, oscartoki.RedisReplayLog) and services[0].memory.name == NAME
    client = oscartoki.Client(secret, NAME, trust_clock=True)
    for _ in range(30):
        assert told(services, client) == ["accepted", "replayed", "replayed"]
    # Another name is another memory.
    other = make_service(key, memory=oscartoki.RedisReplayLog(url, "another", 1000))
    assert told([other, services[0], other], client) == ["accepted", "accepted", "replayed"]


def test_what_is_no_redis():
    for url in ["redis://user:hush@127.0.0.1:1", "http://x", "rediss://h"]:
        with pytest.raises(OSError) as refused:
            oscartoki.RedisReplayLog(url, NAME)
        assert "hush" not in str(refused.value)
