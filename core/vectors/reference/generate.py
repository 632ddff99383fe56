#!/usr/bin/env python3
"""generate.py --seed N OUT_DIR: writes reference-AREA.json, one file per area, the same for the same seed.
With --check it writes nothing and exits 1 when a file there is another than it would write."""

import argparse
import importlib
import json
import pathlib
import sys

from pen import Pen

AREAS = {
    "keys": "keys and their texts (sections 2 and 3)",
    "requests": "tokis of requests: texts, fields, content (sections 3 to 6)",
    "sessions": "grants, sessions, and the order in which a service judges (section 6)",
    "answers": "tokis of answers and the grants they bring (sections 4 and 7)",
    "carried": "messages, presigned URLs, tickets (section 8)",
    "service": "one service through many steps: floor, memory, revocations (section 6)",
    "client": "one client through many steps (section 7)",
    "delegates": "clients that were handed a session (section 7)",
    "v1": "OscarToki v1 as its settled details say",
    "random": "random requests, answers and lives",
    "tcx": "TCX as its settled details say (seed systems, section 2)",
    "socktopus": "Socktopus as its settled details say (seed systems, section 3)",
}
# In a folder of their own until every room speaks them.
NEIGHBOURS = ("tcx", "socktopus")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--area", choices=AREAS, action="append")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("out", type=pathlib.Path)
    options = parser.parse_args()
    total = refusals = 0
    stale = False
    for area in options.area or AREAS:
        pen = Pen(area, options.seed)
        importlib.import_module(f"cases_{area}").write(pen)
        about = f"{AREAS[area]}; by core/vectors/reference/generate.py --seed {options.seed}"
        lines = ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in pen.cases)
        text = f'{{"schema":1,"about":{json.dumps(about)},"cases":[\n{lines}\n]}}\n'
        folder = options.out / "neighbours" if area in NEIGHBOURS else options.out
        file = folder / f"reference-{area}.json"
        if not options.check:
            folder.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            print(f"{file} is stale: python3 core/vectors/reference/generate.py --seed {options.seed} core/vectors", file=sys.stderr)
            stale = True
        refused = sum(refuses(case) for case in pen.cases)
        print(f"reference-{area}.json: {len(pen.cases)} cases, {refused} refusals, {len(text):,} bytes")
        total, refusals = total + len(pen.cases), refusals + refused
    print(f"{total} cases, {refusals} refusals")
    return 1 if stale else 0


def refuses(case):
    """A case that refuses, or a sequence in which a step does."""
    return any("ok" not in at["expect"] for at in [case, *case["in"].get("steps", [])])


if __name__ == "__main__":
    sys.exit(main())
