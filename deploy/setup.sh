#!/usr/bin/env bash
# Sets up a fresh Debian machine for `make`: system packages (as root), and one virtual environment, .venv.
# Anybody but root is told what to install, and goes on with what there is.
set -euo pipefail
cd "$(dirname "$0")/.."

# The translation engine. Without these packages Fanwire runs, and languages that need them are held, visibly.
APERTIUM=(apertium apertium-eng-spa apertium-es-pt apertium-fr-es apertium-ind-zlm)
# Which words a language has (22 MB). Without these packages the check `spelling` is off for it, and `fanwire doctor` says so.
DICTIONARIES=(libhunspell-1.7-0 hunspell-en-us hunspell-en-gb hunspell-es hunspell-fr-comprehensive hunspell-pt-br
  hunspell-pt-pt hunspell-de-de-frami)

# Debian's own Python before any other on the path: it is what this is made for, it gets security updates, and it runs
# pure Python a quarter faster than one that was built without profiles.
find_python() {
  local candidate
  for candidate in /usr/bin/python3.11 python3.11 python3; do
    command -v "$candidate" >/dev/null && "$candidate" -c 'import ensurepip, venv' 2>/dev/null || continue
    command -v "$candidate"
    return
  done
  command -v python3.11 || command -v python3 || true
}

missing=()
for package in "${APERTIUM[@]}" "${DICTIONARIES[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
python=$(find_python)
if [ -z "$python" ]; then
  missing+=(python3 python3-venv)
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  missing+=(python3-venv)
fi

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${missing[*]} …"
    log=$(mktemp)
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } \
      >"$log" 2>&1 || { tail -5 "$log"; echo "setup: these packages could not be installed: ${missing[*]}; going on without them"; }
    rm -f "$log"
  else
    echo "setup: not root, so please install: apt-get install --no-install-recommends ${missing[*]}"
    echo "setup: going on with what there is"
  fi
fi

python=$(find_python)
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "setup: Fanwire needs Python 3.11 or newer; this machine has ${python:+$("$python" --version) at }${python:-none}" >&2
  exit 1
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
echo "installing Python packages into .venv …"
pip() { .venv/bin/python -m pip install -q --disable-pip-version-check "$@"; }
pip --require-hashes --only-binary :all: -r <(sed '/^# --- tests/,$d' constraints.txt)
# pyftpdlib comes as source only; setuptools, which builds it, is there by now.
pip --require-hashes --only-binary :all: --no-binary pyftpdlib --no-build-isolation -r constraints.txt
# Fanwire itself has no hash. What builds it is among the packages above, so that nothing else is fetched for it.
pip --no-deps --no-build-isolation -e .
