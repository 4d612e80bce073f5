#!/usr/bin/env bash
# Installs Debian's Chromium without a window, in which tests look at the operations' page. Anybody but root is told;
# then those tests are skipped, and say so.
set -euo pipefail

package=chromium-headless-shell
command -v $package >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing $package …"
  log=$(mktemp)
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $package; } \
    >"$log" 2>&1 || { tail -5 "$log"; echo "$package could not be installed; going on without it"; }
  rm -f "$log"
else
  echo "not root, so please install: apt-get install --no-install-recommends $package; going on without it"
fi
