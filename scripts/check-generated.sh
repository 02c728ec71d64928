#!/usr/bin/env bash
# Exits 0 if the committed generated code is what `make generate` makes of proto/ and
# testdata/outcomes.yaml now. It generates into a folder of its own and changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
go tool -modfile=tools/go.mod buf generate -o "$fresh"
go run ./internal/domain/outcome/generate -o "$fresh"
go run ./internal/domain/preset/generate -o "$fresh"
go tool -modfile=tools/go.mod buf build proto -o - | go run ./internal/docgen -o "$fresh"
go run ./cli/reference -o "$fresh"

stale=0
for made in proto/gen webui/src/gen internal/domain/outcome/table.go docs/reference docs/cli; do
  diff -rq "$made" "$fresh/$made" || stale=1
done
if ((stale)); then
  echo "Generated code is not what proto/ and testdata/outcomes.yaml say: run make generate and commit the result." >&2
  exit 1
fi
