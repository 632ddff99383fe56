"""Messages, URLs and tickets between Rust and Python: verifies what came on stdin, and mints its own."""

import json
import sys

import oscartoki

given = json.load(sys.stdin)
audience = given["audience"]
client = oscartoki.Client(given["secret"], audience)
service = oscartoki.Service([given["key"]], [audience], audience=audience, memory=oscartoki.MemoryReplayLog(1024), first_start=True)
body = b'{"amount":10}'
origin = "https://app.example.com"


def verdict(verify):
    try:
        verify()
        return "accepted"
    except oscartoki.OscarError as error:
        return error.name


json.dump(
    {
        "verdicts": {
            "message": verdict(lambda: service.verify_message("billing", "invoice.created", body, given["message"])),
            "message, another body": verdict(lambda: service.verify_message("billing", "invoice.created", b"{}", given["message"])),
            "url": verdict(lambda: service.verify_url("GET", audience, given["url"])),
            "url, another path": verdict(lambda: service.verify_url("GET", audience, given["url"].replace("a.pdf", "b.pdf"))),
            "ticket, another origin": verdict(lambda: service.verify_ticket(given["ticket"], origin="https://evil.example")),
            "ticket": verdict(lambda: service.verify_ticket(given["ticket"], origin=origin)),
            "ticket again": verdict(lambda: service.verify_ticket(given["ticket"], origin=origin)),
        },
        "message": client.mint_message("billing", "invoice.created", body).toki,
        "url": client.sign_url(audience, "/files/a.pdf?v=2"),
        "ticket": client.mint_ticket("user-42", origin=origin),
    },
    sys.stdout,
)
