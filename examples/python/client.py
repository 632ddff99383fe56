#!/usr/bin/env python3
"""A client in Python with httpx: probes, signs, sends, accepts, rolls and resends by the rules of the protocol.

    client.py --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']... URL

Prints each body, then `verified: status S, code C, requests R[, probed][, resent][, in session]`; a refusal or an answer that is not authentic goes
to stderr as `error: NAME: sentence (may have run: yes|no)`. Exit 0: all verified; 1: not; 2: usage; 3: key; 4: network.
"""

import argparse
import sys
import threading
import time

import httpx

import oscartoki


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--secret", required=True, metavar="FILE", help="an os2 secret, an oa2 audience key or an oz2 session")
    parser.add_argument("--audience", metavar="NAME")
    parser.add_argument("-X", dest="method", metavar="METHOD")
    parser.add_argument("-d", dest="body", metavar="BODY")
    parser.add_argument("-H", dest="headers", action="append", default=[], metavar="'Name: value'")
    parser.add_argument("--ext", default="", metavar="LIST", help="covered headers, in the service's order")
    parser.add_argument("--repeatable", action="store_true", help="a POST that may be resent: needs idempotency-key in --ext and -H")
    parser.add_argument("--verify-first", action="store_true", help="a probe goes before the request, whatever the clock says")
    parser.add_argument("--trust-clock", action="store_true", help="no probe")
    parser.add_argument("--roll-every", action="store_true", help="asks for the next grant on every request")
    parser.add_argument("--count", type=int, default=1, metavar="N", help="sends it N times, one after another")
    parser.add_argument("--parallel", type=int, default=1, metavar="N", help="in N threads of one client")
    parser.add_argument("--clock-off-ms", type=int, default=0, metavar="N", help="moves this client's clock")
    return parser.parse_args()


def client_of(given: argparse.Namespace) -> oscartoki.Client:
    text = oscartoki.secret_from(given.secret)
    ext = [name.strip() for name in given.ext.split(",") if name.strip()]
    options = {"ext": ext, "roll": "every" if given.roll_every else "auto"}
    if text.startswith("oa2."):
        return oscartoki.Client(audience_key=text, **options)
    if text.startswith("oz2."):
        return oscartoki.Client(session=text, **options)
    return oscartoki.Client(text, given.audience, **options)


class Work:
    """One thread's requests."""

    def __init__(self, given: argparse.Namespace, client: oscartoki.Client) -> None:
        self.given = given
        self.auth = client.httpx_auth(verify_first=given.verify_first, trust_clock=given.trust_clock, repeatable=given.repeatable)
        self.exit_code = 0

    def run(self) -> None:
        with httpx.Client(headers=dict(line.split(": ", 1) for line in self.given.headers)) as http:
            for _ in range(self.given.count):
                self.exit_code = self.exit_code or self.send(http)

    def send(self, http: httpx.Client) -> int:
        method = self.given.method or ("GET" if self.given.body is None else "POST")
        try:
            answer = http.request(method, self.given.url, content=self.given.body, auth=self.auth)
        except oscartoki.OscarError as error:
            print(f"error: {error} (may have run: {'no' if error.may_have_run is False else 'yes'})", file=sys.stderr)
            return 1
        except httpx.HTTPError as error:
            print(f"error: network: {error}", file=sys.stderr)
            return 4
        outcome, step = answer.extensions["oscartoki"], answer.extensions["oscartoki.call"]
        told = [f"status {answer.status_code}", f"code {outcome.code}", f"requests {step.requests}"]
        told += [word for word, is_so in [("probed", step.probed), ("resent", step.resent), ("in session", step.in_session)] if is_so]
        print(f"{answer.text}\nverified: {', '.join(told)}", flush=True)
        return 0


def main() -> int:
    given = arguments()
    if given.clock_off_ms:
        # Only a demonstration moves a clock.
        true_ns, off_ns = time.time_ns, given.clock_off_ms * 1_000_000
        time.time_ns = lambda: true_ns() + off_ns
    try:
        client = client_of(given)
    except (oscartoki.OscarError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    workers = [Work(given, client) for _ in range(given.parallel)]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(worker.exit_code for worker in workers)


if __name__ == "__main__":
    sys.exit(main())
