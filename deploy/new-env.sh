#!/bin/sh
# Writes .env beside docker-compose.yml: deploy/.env.example with a fresh password wherever one is required.
set -eu
cd "$(dirname "$0")/.."
if [ -e .env ]; then
  echo "new-env: .env is there already; it is kept as it is" >&2
  exit 1
fi
umask 077
while IFS= read -r line; do
  case $line in
    \#*) printf '%s\n' "$line" ;;
    *=) printf '%s%s\n' "$line" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <deploy/.env.example >.env
echo "new-env: .env has new passwords; the rest of it is yours to set"
