#!/usr/bin/env bash
# Makes the secrets of the Compose files in the folder secrets beside this script, or in the folder that
# is named. What is there already stays. Only the folder keeps others out: Compose mounts the files as
# they are, and the programs, which run as nobody, must be able to read them.
set -euo pipefail
dir=${1:-$(dirname "$0")/secrets}
mkdir -p "$dir"
chmod 0700 "$dir"

# write NAME TEXT
write() {
  [[ -s $dir/$1 ]] || printf '%s' "$2" >"$dir/$1"
  chmod 0444 "$dir/$1"
}
# random BYTES, in hexadecimal: it needs no encoding in a URL
random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

write admin_password "$(random 16)"
write secret_key "$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
write join_token "$(random 32)"
write postgres_password "$(random 24)"
write database_url "postgres://trunkline:$(cat "$dir/postgres_password")@postgres:5432/trunkline?sslmode=disable"
write redis_password "$(random 24)"
write redis_url "redis://:$(cat "$dir/redis_password")@redis:6379/0"

echo "Secrets are in $dir. Back up secret_key: it opens the provider keys in the database."
echo "Sign in as admin with the password in $dir/admin_password."
