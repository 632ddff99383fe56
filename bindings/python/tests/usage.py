"""How typed code uses it; `mypy --strict` reads this file."""

import httpx
import requests

import oscartoki
from oscartoki import asgi, errors, socktopus, tcx, wsgi


def ask(client: oscartoki.Client) -> bytes:
    try:
        answer = httpx.post("https://api.example.com/v1/transfer", json={"amount": 10}, auth=client.httpx_auth())
    except errors.Stale as error:
        print(error.name, error.may_have_run, error.signed, error.status)
        raise
    return answer.content


def ask_with_requests(client: oscartoki.Client) -> str:
    session: requests.Session = client.requests_session(verify_first=True)
    return session.get("https://api.example.com/").text


def judge(service: oscartoki.Service, toki: str) -> tuple[str, str | None]:
    verdict: oscartoki.Verdict = service.verify("GET", "api.example.com", "/", toki)
    if isinstance(verdict, oscartoki.Refusal):
        print(verdict.name, verdict.status)
    elif isinstance(verdict, oscartoki.VerifiedRequest):
        print(verdict.kid.hex(), verdict.sid)
    return service.answer(verdict, 200, b"{}")


def by_hand(client: oscartoki.Client, service: oscartoki.Service) -> oscartoki.Outcome:
    signed: oscartoki.SignedRequest = client.sign("GET", "api.example.com", "/")
    toki, grant = judge(service, signed.toki)
    return client.accept(signed, 200, b"{}", toki=toki, grant=grant)


def layers(service: oscartoki.Service, asgi_app: asgi.App, wsgi_app: wsgi.App) -> tuple[asgi.Middleware, wsgi.Middleware]:
    return oscartoki.asgi.Middleware(asgi_app, service=service), oscartoki.wsgi.Middleware(wsgi_app, service=service)


def call_tcx(client: tcx.Client, url: str) -> dict[str, str]:
    try:
        return client.headers({"a": "b"}, datetime=client.datetime(), access=client.fetch_access(url))
    except tcx.Refused as refused:
        verdict: tcx.Verdict = refused.verdict
        print(verdict.status_code)
        raise


def meet(hub: socktopus.Hub) -> list[str]:
    sent: socktopus.Sent = hub.send([("alice", "hello"), socktopus.Message("bob", "hello")])
    print([message.recipient for message in sent.failed])
    with hub.connect("carol") as connection:
        opened: socktopus.Connection = connection
        said: str | None = opened.receive(1.0)
        print(said, opened.code)
        return list(connection)


async def meet_by_asyncio(hub: socktopus.AsyncHub) -> list[str]:
    async with await hub.connect("carol") as connection:
        return [content async for content in connection]
