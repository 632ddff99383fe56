"""oscartoki: every request proves who sent exactly it, now, once; every answer proves what was read and written.

    client = oscartoki.Client(secret=os.environ["OSCAR_SECRET"], audience="api.example.com")
    answer = httpx.post("https://api.example.com/v1/transfer", json={"amount": 10}, auth=client.httpx_auth())
    app = oscartoki.asgi.Middleware(app, service=oscartoki.Service(keys=[os.environ["OSCAR_KEY"]], authorities=["api.example.com"]))
"""

from . import asgi, errors, hazmat, socktopus, tcx, v1, wsgi
from ._hot import EXTENSION, VERSION
from .carried import MessageMemory, SignedMessage, VerifiedMessage, VerifiedTicket, VerifiedUrl
from .client import Call, Client, Outcome, SignedRequest, Step, secret_from
from .errors import OscarError
from .keys import AudienceKey, Keyring, Secret, Session
from .memory import MappedReplayLog, MemoryReplayLog, NoReplayLog, RedisReplayLog, ReplayLog
from .service import Handshake, PendingBody, Refusal, Service, Verdict, VerifiedRequest, explain, normalise_authority

__version__ = VERSION
__all__ = [
    "AudienceKey", "Call", "Client", "EXTENSION", "Handshake", "Keyring", "MappedReplayLog", "MemoryReplayLog", "MessageMemory",
    "NoReplayLog", "OscarError", "Outcome", "PendingBody", "RedisReplayLog", "Refusal", "ReplayLog", "Secret", "Service", "Session", "SignedMessage",
    "SignedRequest", "Step", "Verdict", "VerifiedMessage", "VerifiedRequest", "VerifiedTicket", "VerifiedUrl", "asgi", "errors", "explain",
    "hazmat", "normalise_authority", "secret_from", "socktopus", "tcx", "v1", "wsgi",
]  # fmt: skip
