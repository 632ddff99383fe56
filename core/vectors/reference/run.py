#!/usr/bin/env python3
"""run.py FILE...: judges every case of every file by the reference. Exit 1: a case failed; 2: no such file."""

import json
import sys

import ops
import sequences
from wire import Refusal


def agrees(expect, result):
    """`result` is what came out: {"error": name} or the members of `ok`."""
    if "ok" in expect:
        wanted = expect["ok"]
        return set(expect) == {"ok"} and "error" not in result and all(result.get(k) == v for k, v in wanted.items())
    beside = {k: v for k, v in expect.items() if k not in ("error", "error_any_of")}
    names = expect["error_any_of"] if "error_any_of" in expect else [expect.get("error")]
    return result.get("error") in names and all(result.get(k) == v for k, v in beside.items())


def attempt(run, *args):
    try:
        return run(*args)
    except Refusal as refusal:
        return {"error": refusal.name}


def judge(case):
    """None, or (got, want)."""
    given, expect = case["in"], case["expect"]
    result = attempt(ops.evaluate, case["op"], given)
    if not isinstance(result, sequences.Sequence):
        return None if agrees(expect, result) else (result, expect)
    if not agrees(expect, {}):
        return {}, expect
    for index, step in enumerate(given["steps"]):
        got = attempt(result.take, index, step["do"], step["in"])
        if not agrees(step["expect"], got):
            return f"step {index} {show(got)}", step["expect"]
    return None


def main(files):
    passed = failed = 0
    for file in files:
        try:
            with open(file, encoding="utf-8") as handle:
                cases = json.load(handle)["cases"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            print(f"{file}: {error}", file=sys.stderr)
            return 2
        for case in cases:
            try:
                verdict = judge(case)
            except Exception as error:  # a case that breaks the reference is a failing case
                verdict = f"{type(error).__name__}: {error}", case.get("expect")
            if verdict is None:
                passed += 1
                continue
            failed += 1
            print(f"FAIL {file}: {case.get('name')}: got {show(verdict[0])}, want {show(verdict[1])}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def show(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
