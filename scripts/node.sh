#!/usr/bin/env bash
# Exits 0 if Node.js is here and new enough to build the console, else says what is wrong.
set -euo pipefail

need="Node.js 20.19 or newer with npm"
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "$need is not on this machine."
  exit 1
fi
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; then
  echo "$need is needed, and this machine has $(node --version)."
  exit 1
fi
