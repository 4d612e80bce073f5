#!/bin/sh
# Writes .env beside docker-compose.yml: deploy/.env.example with a fresh password wherever one is required.
# An .env that is there keeps all that is in it, and gets the passwords that a new version requires and it lacks.
set -eu
cd "$(dirname "$0")/.."
umask 077

with_passwords() {
  while IFS= read -r line; do
    case $line in
      \#*) printf '%s\n' "$line" ;;
      *=) printf '%s%s\n' "$line" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
}

if [ ! -e .env ]; then
  with_passwords <deploy/.env.example >.env
  echo "new-env: .env has new passwords; the rest of it is yours to set"
  exit
fi
lacking=$(grep '^[A-Z_]*=$' deploy/.env.example | while IFS= read -r line; do
  grep -q "^$line" .env || printf '%s\n' "$line"
done)
if [ -z "$lacking" ]; then
  echo "new-env: .env is there already, and lacks nothing; it is kept as it is" >&2
  exit 1
fi
printf '%s\n' "$lacking" | with_passwords >>.env
echo "new-env: .env has got what it lacked:" $lacking
