#!/usr/bin/env bash
# Prints the public names of the header, one a line: functions, `struct.field`, error.NAME for the statuses of the protocol, options of calls. For scripts/names.
source "$(dirname "$0")/../../scripts/lib.sh"
exec "$(python)" - include/oscartoki.h <<'READ'
import re
import sys

header = open(sys.argv[1], encoding="utf-8").read()
code = re.sub(r"/\*.*?\*/|//[^\n]*", "", header, flags=re.S)
for name in sorted(set(re.findall(r"\b(oscar_[a-z0-9_]+)\(", code))):
    print(name)
# What a struct or a constructor stands for. A verdict is one struct, whatever it says.
NOUNS = {
    "oscar_signed": ["SignedRequest"], "oscar_outcome": ["Outcome"], "oscar_step": ["Step"],
    "oscar_verdict": ["Verdict", "VerifiedRequest", "Refusal", "PendingBody", "Handshake"],
    "oscar_client_settings": ["ClientOptions"], "oscar_service_settings": ["ServiceOptions"], "oscar_grant_claims": ["Session"],
    "oscar_verified_message": ["VerifiedMessage"], "oscar_verified_url": ["VerifiedUrl"], "oscar_verified_ticket": ["VerifiedTicket"],
}  # fmt: skip
for name, fields in re.findall(r"typedef struct (oscar_\w+) \{(.*?)\} \1;", code, flags=re.S):
    for noun in NOUNS.get(name, []):
        print(noun)
        for field in re.findall(r"(\w+)(?:\[[^\]]*\])?;", fields):
            print(f"{noun}.{field}")
for noun in re.findall(r"\boscar_(\w+)_new\(", code):
    print(noun)
for name, number in re.findall(r"\bOSCAR_([A-Z_]+) = (\d+),", code):
    if 1 <= int(number) < 64:
        print(f"error.{name.lower()}")
for name in re.findall(r"#define OSCAR_SIGN_([A-Z_]+) ", code):
    print(f"CallOptions.{name.lower()}")
READ
