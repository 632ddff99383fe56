#!/usr/bin/env bash
# Prints the public names of the packaged headers, one a line: Noun.member, functions, error.Name. For scripts/names.
source "$(dirname "$0")/../../scripts/lib.sh"
exec "$(python)" - bindings/cpp/include/oscartoki <<'READ'
import re
import sys
from pathlib import Path

PART = re.compile(r"\b(?:namespace|class|struct|enum class)\b")


def code_of(path):
    text = re.sub(r"//[^\n]*|/\*.*?\*/|^[ \t]*#[^\n]*(?:\\\n[^\n]*)*", "", path.read_text(), flags=re.S | re.M)
    return re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'', '""', text)


def parts(code):
    """(head, body or None) of each declaration on one level."""
    start = at = parens = 0
    while at < len(code):
        parens += {"(": 1, ")": -1}.get(code[at], 0)
        if parens:
            pass
        elif code[at] == ";":
            yield code[start:at].strip(), None
            start = at + 1
        elif code[at] == "{":
            depth, begin = 1, at + 1
            while depth:
                at += 1
                depth += {"{": 1, "}": -1}.get(code[at], 0)
            head = code[start : begin - 1].strip()
            # An initialiser in braces belongs to a declaration that goes on.
            if "(" in head or PART.search(head):
                yield head, code[begin:at]
                start = at + 1
        elif code[at] == ":" and re.search(r"\b(public|private|protected)\s*$", code[start:at]):
            yield code[start : at + 1].strip(), None
            start = at + 1
        at += 1


def told(code, place, visible=True):
    for head, body in parts(code):
        section = re.fullmatch(r"(public|private|protected):", head)
        space = re.fullmatch(r"(?:inline )?namespace ([\w:]+)", head)
        made = re.match(r"(?:template <[^>]*> )?(?:class|struct|enum class) (\w+)", head)
        if section:
            visible = section[1] == "public"
        elif space and body is not None:
            inner = [name for name in space[1].split("::") if name != "oscartoki"]
            if "detail" not in inner:
                told(body, place + inner)
        elif not visible or head.startswith("friend") or "operator" in head:
            continue
        elif made and body is not None:
            noun = place + [made[1]]
            print(".".join(noun))
            told(body, noun, not head.startswith("class") and "> class" not in head)
        elif place[-1:] == ["errors"] and (error := re.match(r"using (\w+) =", head)):
            print(f"error.{error[1]}")
        elif not head.startswith(("using", "static_assert", "public")):
            member(head, place)


def member(head, place):
    """A function, a constructor, a field: the last word before its arguments or its initialiser."""
    while re.search(r"<[^<>]*>", head):
        head = re.sub(r"<[^<>]*>", "", head)
    name = re.search(r"(~?\w+)\s*$", re.split(r"[({\[=]", head)[0])
    if name and not name[1].startswith("~"):
        print(".".join([*place, "new" if place and name[1] == place[-1] else name[1]]))


for header in sorted(Path(sys.argv[1]).glob("*.hpp")):
    told(code_of(header), [])
READ
