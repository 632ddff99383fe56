#!/usr/bin/env bash
# Tests the built package in an empty project: node --test through both doors, types, the package itself, every vector in Node and in a page, React in a page.
# --quick leaves the pages out.
source "$(dirname "$0")/lib.sh"
"$HERE/build.sh" >/dev/null
app=$WORK/app
cp -r "$HERE"/test/* "$HERE"/*.mjs "$app/"
cp "$HERE/README.md" "$app/"
cd "$app"
passed=0 failed=0

count() { # NAME COMMAND...: counts what node --test or a tally says
  local name=$1 log=$WORK/$1.log
  shift
  if "$@" >"$log" 2>&1; then :; else
    say "$name:"
    grep -vE '^(# (tests|suites|cancelled|todo|duration)|ok )' "$log" | tail -n 60 >&2
    grep -qE '^# fail [1-9]|^[0-9]+ passed, [1-9]' "$log" || failed=$((failed + 1))
  fi
  local ok bad
  ok=$(sed -nE 's/^(# pass ([0-9]+)|([0-9]+) passed, [0-9]+ failed)$/\2\3/p' "$log" | tail -n 1)
  bad=$(sed -nE 's/^(# fail ([0-9]+)|[0-9]+ passed, ([0-9]+) failed)$/\2\3/p' "$log" | tail -n 1)
  passed=$((passed + ${ok:-1})) failed=$((failed + ${bad:-0}))
  say "$name: ${ok:-done} passed, ${bad:-0} failed"
}

tests() { # DOOR FILE...
  local door=$1
  shift
  OSCARTOKI_DOOR=$door node --expose-gc --test --test-reporter=tap "$@"
}

doors=(wasm)
[ ! -e "node_modules/oscartoki/prebuilt/oscartoki-$(node -p 'process.platform + "-" + process.arch').node" ] || doors+=(addon)
for door in "${doors[@]}"; do count "node-$door" tests "$door" exchange.test.mjs memory.test.mjs http.test.mjs readme.test.mjs; done
count servers tests "" servers.test.mjs
types() { # RESOLUTION MODULE
  "$WORK/node_modules/.bin/tsc" --noEmit --strict --target es2022 --lib es2022,dom,dom.iterable,esnext.disposable --module "$2" --moduleResolution "$1" --esModuleInterop --jsx react-jsx usage.tsx
}
count types-nodenext types nodenext nodenext
count types-bundler types bundler esnext
count publint "$WORK/node_modules/.bin/publint" --strict node_modules/oscartoki
count vectors-node "$HERE/vectors.sh" node "$ROOT"/core/vectors/*.json
if [ "${1:-}" != --quick ]; then
  count vectors-browser "$HERE/vectors.sh" browser "$ROOT"/core/vectors/*.json
  count browser tests "" browser.test.mjs
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
