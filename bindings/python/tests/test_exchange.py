"""The primitives: sign, verify, answer, accept, between one client and one service."""

import base64
import os
import random
import threading

import pytest

import oscartoki
from conftest import NAME, make_service
from oscartoki import Client, OscarError, PendingBody, Refusal, VerifiedRequest, errors, hazmat

NOW = 1_795_300_000_000


def exchange(client, service, method="GET", target="/a%2Fb?x=1&x=2", body=None, now=NOW, answer=b"{}"):
    signed = client.sign(method, NAME, target, body, now_ms=now, mono_ms=now)
    verdict = service.verify("HEAD" if signed.is_probe else method, NAME, target, signed.toki, signed.grant, None if signed.is_probe else body, now_ms=now)
    status, content = (verdict.status, b"") if isinstance(verdict, Refusal) else (200, answer)
    toki, grant = service.answer(verdict, status, content, now_ms=now)
    return signed, verdict, client.accept(signed, status, content, toki=toki, grant=grant, received_ms=now, mono_ms=now)


@pytest.fixture
def service(key):
    return make_service(key, now_ms=NOW)


def test_the_chosen_path_is_the_one_asked_for():
    assert oscartoki.EXTENSION == (not os.environ.get("OSCARTOKI_NO_EXTENSION"))


def test_a_root_request_rolls_onto_a_session(client, service):
    signed, verdict, outcome = exchange(client, service)
    assert isinstance(verdict, VerifiedRequest) and verdict.accepted and verdict.sid is None
    assert verdict.kid == client.kid and verdict.authority == NAME and verdict.version == 2 and verdict.ts_ms == NOW
    assert outcome.error is None and outcome.code == 0 and outcome.signed and outcome.content_authentic and outcome.offset_ms == 0
    sid = outcome.adopted_sid
    signed, verdict, outcome = exchange(client, service, now=NOW + 1)
    assert signed.in_session and verdict.sid == sid and outcome.error is None and outcome.grant_error is None


def test_an_unsafe_request_is_probed_first(client, service):
    signed, verdict, outcome = exchange(client, service, "POST", body=b"x")
    assert signed.is_probe and isinstance(verdict, Refusal) and verdict.status == 204 and verdict.code == 1
    assert outcome.error is None and outcome.is_probe and not outcome.may_have_run
    signed, verdict, outcome = exchange(client, service, "POST", body=b"x", now=NOW + 1)
    assert not signed.is_probe and verdict.accepted and outcome.code == 0


def test_a_second_accept_is_replayed(client, service):
    signed = client.sign("GET", NAME, "/", now_ms=NOW)
    toki, grant = service.answer(service.verify("GET", NAME, "/", signed.toki, now_ms=NOW), 200, b"x", now_ms=NOW)
    assert client.accept(signed, 200, b"x", toki=toki, grant=grant, received_ms=NOW).error is None
    again = client.accept(signed, 200, b"x", toki=toki, grant=grant, received_ms=NOW)
    assert again.name == "replayed" and not again.signed
    with pytest.raises(errors.Replayed):
        again.raise_for_refusal()


def test_a_toki_is_good_once_and_an_answer_is_minted_once(client, service):
    signed = client.sign("GET", NAME, "/", now_ms=NOW)
    verdict = service.verify("GET", NAME, "/", signed.toki, now_ms=NOW)
    again = service.verify("GET", NAME, "/", signed.toki, now_ms=NOW)
    assert verdict.accepted and isinstance(again, Refusal) and again.name == "replayed" and again.status == 409 and again.code == 2
    service.answer(verdict, 200, now_ms=NOW)
    with pytest.raises(errors.Replayed):
        service.answer(verdict, 200, now_ms=NOW)


def test_content_digest_waits_for_what_arrives(client, service):
    import hashlib

    digest = hashlib.sha256(b"body").digest()
    for arrived, expected in [(b"body", None), (b"bodY", "body_mismatch"), (b"", "body_mismatch")]:
        signed = client.sign("PUT", NAME, "/", b"body", trust_clock=True, now_ms=NOW)
        pending = service.verify("PUT", NAME, "/", signed.toki, signed.grant, digest=digest, now_ms=NOW)
        assert isinstance(pending, PendingBody) and not pending.accepted
        verdict = pending.finish(arrived)
        assert (verdict.error.name if verdict.error else None) == expected
        assert pending.finish(arrived).name == "replayed"
    signed = client.sign("PUT", NAME, "/", b"body", trust_clock=True, now_ms=NOW)
    refusal = service.verify("PUT", NAME, "/", signed.toki, signed.grant, digest=digest, now_ms=NOW).too_large()
    assert refusal.name == "policy" and refusal.status == 413 and refusal.code == 6


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"method": "DELETE"}, "bad_mac"), ({"target": "/b"}, "bad_mac"), ({"target": "/a?"}, "bad_mac"), ({"body": b"y"}, "bad_mac"),
        ({"body": None}, "malformed"), ({"ext": b"\0\1a\0\1b"}, "malformed"), ({"authority": "other.example.com"}, "unknown_authority"),
        ({"authority": "a b"}, "malformed"), ({"toki": None}, "missing"), ({"toki": ""}, "malformed"), ({"grant": "ok2."}, "malformed"),
        ({"method": "get"}, "malformed"), ({"target": "x"}, "malformed"), ({"target": "/" + "x" * 70_000}, "malformed"),
        ({"now_ms": NOW + 30_001}, "stale"), ({"now_ms": NOW - 2_001}, "stale"),
    ],
)  # fmt: skip
def test_a_changed_request_is_refused(client, key, change, name):
    service = make_service(key, empty_query_hidden=False, now_ms=NOW)
    signed = client.sign("PUT", NAME, "/a", b"x", trust_clock=True, now_ms=NOW)
    given = {"method": "PUT", "authority": NAME, "target": "/a", "toki": signed.toki, "body": b"x", "now_ms": NOW, **change}
    verdict = service.verify(**given)
    assert isinstance(verdict, Refusal) and verdict.name == name
    assert verdict.signed == (name == "stale")
    with pytest.raises(OscarError) as caught:
        verdict.raise_for_refusal()
    assert caught.value.name == name and type(caught.value) is errors.BY_NAME[name]


@pytest.mark.parametrize(("change", "name"), [({"status": 201}, "bad_mac"), ({"body": b"y"}, "bad_mac"), ({"toki": None}, "missing"),
    ({"grant": None}, "malformed"), ({"toki": "ot2.AAAA"}, "malformed"), ({"body": None}, "malformed"), ({"status": 70_000}, "malformed")])  # fmt: skip
def test_a_changed_answer_is_refused(client, service, change, name):
    signed = client.sign("GET", NAME, "/a", now_ms=NOW)
    toki, grant = service.answer(service.verify("GET", NAME, "/a", signed.toki, now_ms=NOW), 200, b"x", now_ms=NOW)
    given = {"status": 200, "body": b"x", "toki": toki, "grant": grant, "received_ms": NOW, **change}
    outcome = client.accept(signed, **given)
    assert outcome.name == name and outcome.may_have_run and not outcome.signed and not outcome.resend
    assert client.offset_ms is None


def test_a_refused_sign_says_that_nothing_ran(client):
    for given in [("get", NAME, "/"), ("GET", "", "/"), ("GET", NAME, "x"), ("GET", NAME, "/#"), ("GET", NAME, "/" + "x" * 70_000), ("CONNECT", NAME, "/")]:
        with pytest.raises(errors.Unsignable) as caught:
            client.sign(*given)
        assert caught.value.may_have_run is False and caught.value.signed is False
    with pytest.raises(errors.Unsignable):
        client.sign("POST", NAME, "/", b"x", repeatable=True)
    with pytest.raises(TypeError):
        client.sign(1, NAME, "/")


def test_a_delegate_has_its_session_and_no_more(client, service):
    session = client.hand_out(60, now_ms=NOW)
    delegate = Client(session=session.to_text())
    signed, verdict, outcome = exchange(delegate, service)
    assert signed.in_session and verdict.sid == session.sid and outcome.error is None
    with pytest.raises(errors.GrantExpired):
        delegate.sign("GET", NAME, "/", now_ms=NOW + 61_000)
    with pytest.raises(errors.Unsignable):
        delegate.hand_out(60)
    service.revoke_session(client.kid, session.sid)
    signed = Client(session=session).sign("GET", NAME, "/", now_ms=NOW)
    assert service.verify("GET", NAME, "/", signed.toki, signed.grant, now_ms=NOW).name == "revoked"


def test_state_moves_to_another_process_of_the_client(client, service, secret):
    exchange(client, service)
    other = Client(secret, NAME)
    other.import_state(client.export_state())
    assert other.sign("POST", NAME, "/", b"x", now_ms=NOW + 5).is_probe is False
    with pytest.raises(errors.Malformed):
        other.import_state("something else")


def test_what_travels_elsewhere(client, service):
    message = client.mint_message("billing", "invoice.created", b"{}", now_ms=NOW)
    memory = oscartoki.MemoryReplayLog(1000).for_messages(first_start=True, now_ms=NOW)
    for freshness in ("fresh", "duplicate"):
        got = service.verify_message("billing", "invoice.created", b"{}", message.toki, memory=memory, now_ms=NOW)
        assert got.freshness == freshness and got.kid == client.kid
    assert message.accept_reply(got.reply(b"ok", now_ms=NOW), b"ok") == NOW
    with pytest.raises(errors.Replayed):
        message.accept_reply(got.reply(b"ok", now_ms=NOW), b"ok")
    for change, name in [({"destination": "x"}, "bad_mac"), ({"body": b""}, "bad_mac"), ({"toki": None}, "missing"), ({"now_ms": NOW + 3_600_001}, "expired"),
                         ({"now_ms": NOW - 300_001}, "not_yet"), ({"max_ttl_s": 60}, "policy")]:  # fmt: skip
        given = {"destination": "billing", "type": "invoice.created", "body": b"{}", "toki": message.toki, "now_ms": NOW, **change}
        with pytest.raises(errors.BY_NAME[name]):
            service.verify_message(**given)
    target = client.sign_url(NAME, "/files/a.pdf?v=2", exp_ms=NOW + 1000)
    assert service.verify_url("HEAD", NAME, target, now_ms=NOW).target == "/files/a.pdf?v=2"
    for change, name in [({"method": "POST"}, "bad_mac"), ({"target": "/files/a.pdf?v=2"}, "missing"), ({"now_ms": NOW + 1001}, "expired"), ({"has_toki": True}, "malformed")]:
        with pytest.raises(errors.BY_NAME[name]):
            service.verify_url(**{"method": "GET", "authority": NAME, "target": target, "now_ms": NOW, **change})
    ticket = client.mint_ticket("user-42", origin="https://app.example.com", now_ms=NOW)
    with pytest.raises(errors.BadMac):
        service.verify_ticket(ticket, origin="https://evil.example.com", now_ms=NOW)
    assert service.verify_ticket(ticket, origin="https://app.example.com", now_ms=NOW).connection == b"user-42"
    with pytest.raises(errors.Replayed):
        service.verify_ticket(ticket, origin="https://app.example.com", now_ms=NOW)


def test_explain_names_what_altered_a_request(client, key):
    signed = client.sign("GET", NAME, "/a?b=1", now_ms=NOW)
    for given in [("HEAD", NAME, "/a?b=1"), ("GET", NAME + ":8080", "/a?b=1")]:
        told = oscartoki.explain({NAME: key}, *given, signed.toki)
        assert told, given
    assert oscartoki.explain({NAME: key}, "GET", NAME, "/something/else", signed.toki) is None


def edited(text, seed):
    """One bit of the bytes, or one character of the text, changed."""
    prefix, body = text[:4], text[4:]
    if seed.random() < 0.5:
        data = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        at = seed.randrange(len(data) * 8)
        data[at // 8] ^= 1 << at % 8
        return prefix + base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    at, char = seed.randrange(len(text)), seed.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ")
    changed = seed.choice([text[:at] + char + text[at + 1 :], text[:at] + char + text[at:], text[:at] + text[at + 1 :]])
    return changed if changed != text else text + char


def test_every_edit_of_a_proof_is_refused(client, key, secret):
    service, seed = make_service(key, now_ms=NOW), random.Random(20261125)
    nonce = bytes(8)
    q = hazmat.mint_request(key, "GET", NAME, "/a", ts_ms=NOW, nonce=nonce)
    k = hazmat.mint_grant(key, q, sid=b"8" * 8, exp_s=NOW // 1000 + 60, ttl_s=60)
    s = hazmat.mint_request(key, "GET", NAME, "/a", ts_ms=NOW, nonce=nonce, grant=k)
    r = hazmat.mint_answer(key, q, 200, b"x", code=0, ts_ms=NOW)
    m = hazmat.mint_message(key, "d", "t", b"x", ts_ms=NOW, nonce=nonce, ttl_s=60)
    u = hazmat.mint_url(key, "GET", NAME, "/a", exp_ms=NOW + 1000).split("oscartoki=")[1]
    w = hazmat.mint_ticket(key, b"id", ts_ms=NOW, nonce=nonce)

    def request(toki, grant=None):
        verdict = service.verify("GET", NAME, "/a", toki, grant, now_ms=NOW)
        verdict.raise_for_refusal()

    judges = {
        q: request,
        s: lambda text: request(text, k),
        k: lambda text: request(s, text),
        r: lambda text: hazmat.accept(key, q, 200, b"x", toki=text),
        m: lambda text: service.verify_message("d", "t", b"x", text, now_ms=NOW),
        u: lambda text: service.verify_url("GET", NAME, "/a?oscartoki=" + text, now_ms=NOW),
        w: lambda text: service.verify_ticket(text, now_ms=NOW),
    }
    for text, judge in judges.items():
        for _ in range(2000):
            changed = edited(text, seed)
            with pytest.raises(OscarError):
                judge(changed)
    for text, judge in judges.items():
        if text != k:
            judge(text)


def test_threads_share_client_and_service(client, service):
    kids, failures, exact = set(), [], []

    def work():
        try:
            for n in range(50):
                signed, verdict, outcome = exchange(client, service, target=f"/{n}")
                kids.add(verdict.kid)
                exact.append(signed.toki)
                outcome.raise_for_refusal()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and kids == {client.kid} and len(set(exact)) == 1600


def test_one_toki_raced_by_threads_wins_once(client, service):
    signed, won, ready = client.sign("GET", NAME, "/", now_ms=NOW), [], threading.Barrier(32)

    def race():
        ready.wait()
        if service.verify("GET", NAME, "/", signed.toki, now_ms=NOW).accepted:
            won.append(1)

    threads = [threading.Thread(target=race) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_no_nonce_repeats_across_a_fork(client):
    client.sign("GET", NAME, "/")
    pipes = []
    for _ in range(8):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            with os.fdopen(writer, "wb") as out:
                for _ in range(10_000):
                    toki = client.sign("GET", NAME, "/").toki
                    out.write(base64.urlsafe_b64decode(toki[4:] + "==")[16:24])
            os._exit(0)
        os.close(writer)
        pipes.append((pid, reader))
    nonces = set()
    for pid, reader in pipes:
        with os.fdopen(reader, "rb") as given:
            data = given.read()
        assert os.waitpid(pid, 0)[1] == 0 and len(data) == 80_000
        nonces.update(data[at : at + 8] for at in range(0, len(data), 8))
    assert len(nonces) == 80_000


def test_a_local_memory_refuses_after_a_fork(client, service):
    signed = client.sign("GET", NAME, "/", now_ms=NOW)
    pid = os.fork()
    if pid == 0:
        refused = service.verify("GET", NAME, "/", signed.toki, now_ms=NOW)
        os._exit(0 if isinstance(refused, Refusal) and refused.name == "busy" and refused.code == 7 else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_contexts_that_are_not_used_are_freed(client, service):
    for _ in range(2000):
        signed = client.sign("GET", NAME, "/", now_ms=NOW)
        service.verify("GET", NAME, "/", signed.toki, signed.grant, now_ms=NOW)
    del signed
    for _ in range(100):
        exchange(client, service)
