"""Keys, rings, files; and that no key is ever printed."""

import copy
import io
import logging
import os
import pickle
import time
import traceback

import pytest

import oscartoki
from conftest import NAME, make_service
from oscartoki import AudienceKey, Client, Keyring, MappedReplayLog, Secret, Service, Session, errors

NOW = 1_795_300_000_000


def test_text_forms(secret, key):
    assert Secret(secret.to_text()).to_text() == secret.to_text() and secret.to_text().startswith("os2.")
    assert AudienceKey(key.to_text()).kid == key.kid == secret.kid()
    session = Client(secret, NAME).hand_out(60)
    assert Session(session.to_text()).sid == session.sid
    for kind, text in [(Secret, key.to_text()), (AudienceKey, secret.to_text()), (Session, secret.to_text())]:
        with pytest.raises(errors.WrongKind):
            kind(text)
    for kind, text in [(Secret, secret.to_text() + "\n"), (Secret, "os2."), (AudienceKey, ""), (Session, "oz2.AAAA")]:
        with pytest.raises(errors.Malformed):
            kind(text)
    with pytest.raises(errors.WeakSecret):
        Secret.from_bytes(bytes(32))
    with pytest.raises(errors.WeakSecret):
        Secret.from_bytes(b"short")


def test_a_ring_refuses_what_does_not_fit(secret, key):
    ring = Keyring(NAME)
    ring.add(key)
    ring.add(key.to_text())
    assert ring.kids == [key.kid] and ring.holds(key.kid) and not ring.holds(b"12345678")
    with pytest.raises(errors.KidTaken):
        ring.add(Secret.generate().audience_key(NAME).with_kid(key.kid))
    with pytest.raises(errors.WrongKind):
        ring.add(secret.to_text())
    assert "line 2" in (ring.fault_in_keys(f"# ours\n{secret.to_text()}") or "")


def test_wrong_use_is_told_in_words(secret, key):
    with pytest.raises(TypeError, match="one of secret="):
        Client()
    with pytest.raises(TypeError, match="one of secret="):
        Client(secret, NAME, session="oz2.")
    with pytest.raises(ValueError, match="roll"):
        Client(secret, NAME, roll="often")
    with pytest.raises(errors.Malformed):
        Service(keys=[key.to_text()], authorities=["no authority/"], memory=oscartoki.MemoryReplayLog(10))
    with pytest.raises(errors.Policy):
        make_service(key, window_ms=31_000)
    with pytest.raises(OSError, match="nowhere"):
        MappedReplayLog("/nowhere/at/all")
    for name, kind in errors.BY_NAME.items():
        if kind is not errors.DoorError:
            error = kind("a sentence", may_have_run=True, signed=True, status=403)
            assert (error.name, str(error), error.may_have_run, error.signed, error.status) == (name, f"{name}: a sentence", True, True, 403)
    assert len(errors.BY_NAME) - (errors.DoorError in errors.BY_NAME.values()) == 21


def test_no_key_is_printed(caplog):
    canary = bytes(range(100, 132))
    secret = Secret.from_bytes(canary)
    key, session = secret.audience_key(NAME), Client(secret, NAME).hand_out(60)
    import base64

    texts = {thing.to_text()[4:] for thing in (secret, key, session)} | {base64.b64encode(canary).decode(), canary.hex(), repr(canary)[2:-1]}
    client, service = Client(secret, NAME), make_service(key)
    log = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(log))
    said = []
    for thing in (secret, key, session, client, service, service.keyring, client.sign("GET", NAME, "/"), service.verify("GET", NAME, "/", None)):
        said += [repr(thing), str(thing), f"{thing!r:>5}", str(getattr(thing, "__dict__", ""))]
        logging.getLogger("oscartoki").error("%s %r", thing, thing)
    for wrong in [lambda: AudienceKey(secret.to_text()), lambda: Secret(secret.to_text() + "A"), lambda: Session(key.to_text()),
                  lambda: pickle.dumps(secret), lambda: copy.deepcopy(client), lambda: client.sign("get", NAME, "/"),
                  lambda: service.keyring.load(secret.to_text()), lambda: Client("os2." + secret.to_text())]:  # fmt: skip
        try:
            wrong()
        except Exception as error:
            said += [str(error), repr(error), "".join(traceback.format_exception_only(error))]
        else:
            raise AssertionError("nothing was refused")
    whole = "\n".join([*said, log.getvalue(), caplog.text])
    assert not [text for text in texts if text in whole]


def test_key_and_revocation_files_are_reread(tmp_path, secret):
    key, other = secret.audience_key(NAME), Secret.generate().audience_key(NAME)
    keys, revocations = tmp_path / "keys", tmp_path / "revoked"
    keys.write_text(f"# ours\n{key.to_text()}\n")
    service = Service(authorities=[NAME], keys_file=keys, revocations_file=revocations, memory=oscartoki.MemoryReplayLog(100), first_start=True)
    sibling = Service(authorities=[NAME], keys_file=keys, revocations_file=revocations, memory=oscartoki.MemoryReplayLog(100), first_start=True)
    assert service.keyring.kids == [key.kid]
    keys.write_text(f"{key.to_text()}\n{other.to_text()}\n")
    wait(lambda: len(service.keyring.kids) == 2)
    keys.write_text("nonsense\n")
    time.sleep(1.5)
    assert len(service.keyring.kids) == 2
    keys.rename(tmp_path / "away")
    time.sleep(1.5)
    assert len(service.keyring.kids) == 2
    revocations.write_text(f"revoked {other.kid.hex()}")
    wait(lambda: other.kid.hex() in sibling.keyring.revocations_text)
    service.revoke_key(key.kid)
    assert revocations.read_text().splitlines() == [f"revoked {other.kid.hex()}", f"revoked {key.kid.hex()}"]
    wait(lambda: key.kid.hex() in sibling.keyring.revocations_text)
    signed = Client(secret, NAME).sign("GET", NAME, "/")
    refused = sibling.verify("GET", NAME, "/", signed.toki)
    assert refused.name == "revoked" and refused.code == 4 and refused.status == 403
    pid = os.fork()
    if pid == 0:  # a child goes on following
        keys.write_text(f"{key.to_text()}\n")
        try:
            wait(lambda: service.keyring.kids == [key.kid])
        except AssertionError:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    with pytest.raises(FileNotFoundError):
        Service(authorities=[NAME], keys_file=tmp_path / "absent", memory=oscartoki.MemoryReplayLog(100))


def test_a_file_at_fault_is_told_in_its_own_words(tmp_path, secret, caplog):
    key, wrong = secret.audience_key(NAME), tmp_path / "wrong"

    def make(**files):
        return Service(authorities=[NAME], memory=oscartoki.MemoryReplayLog(100), first_start=True, **files)

    for text, error, words in [(f"# ours\n{secret.to_text()}", errors.WrongKind, "line 2"), (f"{key.to_text()} kid=12", errors.Malformed, "line 1")]:
        wrong.write_text(text)
        with pytest.raises(error, match=words) as told:
            make(keys_file=wrong)
        assert str(wrong) in str(told.value) and secret.to_text() not in str(told.value) and key.to_text() not in str(told.value)
    wrong.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="wrong"):
        make(keys_file=wrong)
    wrong.write_text("revoked 12\n")
    with pytest.raises(errors.Malformed, match="line 1"):
        make(keys=[key], revocations_file=wrong)
    keys = tmp_path / "keys"
    keys.write_text(key.to_text())
    service = make(keys=[secret.audience_key(NAME, 1)], keys_file=keys)
    assert len(service.keyring.kids) == 2
    keys.write_text("nonsense\n")
    end = time.monotonic() + 2
    while time.monotonic() < end:
        assert len(service.keyring.kids) == 2
        time.sleep(0.05)
    assert len([record for record in caplog.records if "is not taken over" in record.message]) == 1
    keys.write_text("# nobody\n")
    wait(lambda: len(service.keyring.kids) == 1)  # the one that stands in no file stays


def wait(holds):
    end = time.monotonic() + 2
    while not holds():
        assert time.monotonic() < end, "not within two seconds"
        time.sleep(0.02)


def test_a_mapped_memory_is_shared_and_survives(tmp_path, secret, key):
    path = tmp_path / "memory"
    client = Client(secret, NAME)
    one = make_service(key, memory=MappedReplayLog(path, 1000))
    signed = client.sign("GET", NAME, "/")
    assert one.verify("GET", NAME, "/", signed.toki).accepted
    two = make_service(key, memory=path, first_start=False)
    assert two.verify("GET", NAME, "/", signed.toki).name == "replayed"
    assert path.stat().st_mode & 0o777 == 0o600


def test_eight_workers_and_one_toki_have_one_winner(tmp_path, secret, key):
    client, path = Client(secret, NAME), tmp_path / "memory"
    service = make_service(key, memory=MappedReplayLog(path, 10_000))
    for _ in range(20):
        signed, go = client.sign("GET", NAME, "/"), time.time() + 0.03
        children = []
        for worker in range(8):
            pid = os.fork()
            if pid == 0:
                # Half opened the memory before the fork, half do after it.
                mine = service if worker % 2 else make_service(key, memory=path)
                while time.time() < go:
                    pass
                os._exit(0 if mine.verify("GET", NAME, "/", signed.toki, signed.grant).accepted else 9)
            children.append(pid)
        assert sorted(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children) == [0] + [9] * 7


def test_a_library_of_another_version_is_refused_in_words(tmp_path):
    import pathlib
    import shutil
    import subprocess
    import sys

    shutil.copytree(pathlib.Path(oscartoki.__file__).parent, tmp_path / "oscartoki")
    for file, ours, other, words in [
        ("_hot.py", 'VERSION = "0.1.0"', 'VERSION = "9.9.9"', "oscartoki 9.9.9 needs its own library, but found liboscartoki 0.1.0: reinstall"),
        ("_door.py", "ABI_VERSION = 1", "ABI_VERSION = 99", "was built for ABI 99: reinstall"),
    ]:
        path = tmp_path / "oscartoki" / file
        text = path.read_text()
        assert ours in text
        path.write_text(text.replace(ours, other))
        run = [sys.executable, "-c", "import oscartoki"]
        done = subprocess.run(run, cwd=tmp_path, env={**os.environ, "OSCARTOKI_NO_EXTENSION": "1"}, capture_output=True, text=True)
        assert done.returncode == 1 and words in done.stderr, done.stderr
        path.write_text(text)


def test_without_memory_a_file_of_this_user_is_used(tmp_path, secret, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    tmp_path.chmod(0o700)
    key = secret.audience_key(NAME)
    service = Service(keys=[key], authorities=[NAME])
    assert str(tmp_path) in service.memory.path and service.ready_at_ms > time.time() * 1000
    signed = Client(secret, NAME).sign("GET", NAME, "/")
    assert service.verify("GET", NAME, "/", signed.toki).name == "stale"
