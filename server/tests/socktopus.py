#!/usr/bin/env python3
"""socktopus.py HOST:PORT APP SECRET: a client and an app written from the description of the original Socktopus alone, with nothing but sockets.

    token = hex(ts_ms) "h" hex(app) "h" hex(connection) "h" hex(HMAC-SHA256(secret, ts_ms || connection))
    GET /recieve?token=…     DATA:<content>, PONG, CLOSE from the server; PING, CLOSE from the client
    POST /send, POST /kick   with secretName and secret
"""

import base64
import hashlib
import hmac
import json
import os
import socket
import struct
import sys
import time
import urllib.request

HOST, PORT = sys.argv[1].split(":")
APP, SECRET = sys.argv[2:4]


def token(connection):
    ts = str(int(time.time() * 1000))
    proof = hmac.new(SECRET.encode(), (ts + connection).encode(), hashlib.sha256).hexdigest()
    return "h".join((ts.encode().hex(), APP.encode().hex(), connection.encode().hex(), proof))


class Socket:
    """A websocket by RFC 6455, as far as a text needs it."""

    def __init__(self, connection):
        self.wire = socket.create_connection((HOST, int(PORT)), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self.wire.sendall(
            f"GET /recieve?token={token(connection)} HTTP/1.1\r\nHost: {HOST}:{PORT}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.wire.recv(1)
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        assert head.startswith(b"HTTP/1.1 101") and accept in head, head

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        assert len(data) < 126
        self.wire.sendall(bytes((0x81, 0x80 | len(data))) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.wire.recv(count - len(data))
            assert more, "the connection broke off"
            data += more
        return data

    def hear(self):
        first, length = self.exactly(2)
        if length == 126:
            (length,) = struct.unpack(">H", self.exactly(2))
        data = self.exactly(length)
        return f"close {struct.unpack('>H', data[:2])[0]}" if first == 0x88 else data.decode()


def post(path, body):
    request = urllib.request.Request(f"http://{HOST}:{PORT}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, json.load(answer)


def expect(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


alice, bob = Socket("alice"), Socket("bob/42")
for one in (alice, bob):
    one.send("PING")
    expect(one.hear(), "PONG")
messages = [{"recipient": "alice", "content": "hello"}, {"recipient": "nobody", "content": "x"}, {"recipient": "bob/42", "content": "ça va ? 🐙 " + "x" * 300}]
expect(post("/send", {"secretName": APP, "secret": SECRET, "messages": messages}), (200, {"succeeded": [messages[0], messages[2]], "failed": [messages[1]]}))
expect(alice.hear(), "DATA:hello")
expect(bob.hear(), "DATA:" + messages[2]["content"])
expect(post("/kick", {"secretName": APP, "secret": SECRET, "connections": ["alice"]}), (200, 200))
expect([alice.hear(), alice.hear()], ["CLOSE", "close 1000"])
bob.send("CLOSE")
expect(bob.hear(), "close 1000")
print("7 passed, 0 failed")
