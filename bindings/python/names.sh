#!/usr/bin/env bash
# Prints the public names of the built wheel, one a line, by reflection: Noun.member, functions, options, error.Name. For scripts/names.
source "$(dirname "$0")/../../scripts/lib.sh"
python_room >&2
exec "$STATE/venv/bin/python" - <<'REFLECT'
import dis
import inspect

import oscartoki
from oscartoki import errors, hazmat, socktopus, tcx, v1


def members(noun, made):
    print(noun)
    for name in dir(made):
        if not name.startswith("_"):
            print(f"{noun}.{name}")
    # What only an instance has: slots, attributes with an annotation or set by the constructor.
    told = {name for base in made.__mro__ for name in getattr(base, "__slots__", ()) if not name.startswith("_")}
    told |= {name for name in getattr(made, "__dataclass_fields__", {})}
    told |= {name for base in made.__mro__ for name in set_by(base)}
    for name in sorted(told):
        print(f"{noun}.{name}")


def set_by(made):
    """The attributes that a constructor sets."""
    made = made.__dict__.get("__init__")
    code = dis.get_instructions(made) if inspect.isfunction(made) else ()
    return [step.argval for step in code if step.opname == "STORE_ATTR" and not step.argval.startswith("_")]


def options(noun, *functions):
    for function in functions:
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.KEYWORD_ONLY or parameter.default is not parameter.empty:
                print(f"{noun}.{name}")


for module, prefix in [(oscartoki, ""), (hazmat, "hazmat."), (v1, "v1."), (tcx, "tcx."), (socktopus, "socktopus.")]:
    for name in module.__all__:
        made = getattr(module, name)
        if inspect.isclass(made):
            members(prefix + name, made)
        elif callable(made):
            print(prefix + name)
options("ClientOptions", oscartoki.Client.__init__)
options("CallOptions", oscartoki.Client.call, oscartoki.Client.sign)
options("ServiceOptions", oscartoki.Service.__init__)
options("MemoryReplayLogOptions", oscartoki.MemoryReplayLog.__init__)
for held in (oscartoki.Secret, oscartoki.AudienceKey, oscartoki.Session):
    if list(inspect.signature(held).parameters) == ["text"]:
        print(f"{held.__name__}.from_text")
if oscartoki.__version__:
    print("version")
for error in errors.BY_NAME.values():
    print(f"error.{error.__name__}")
REFLECT
