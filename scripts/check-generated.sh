#!/usr/bin/env bash
# Exits 0 if the committed generated code is what `make generate` makes of proto/ now. It
# generates into a folder of its own and changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
go tool -modfile=tools/go.mod buf generate -o "$fresh"

stale=0
for folder in proto/gen webui/src/gen; do
  diff -rq "$folder" "$fresh/$folder" || stale=1
done
if ((stale)); then
  echo "Generated code is not what proto/ says: run make generate and commit the result." >&2
  exit 1
fi
