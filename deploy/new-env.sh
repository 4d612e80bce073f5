#!/bin/sh
# Prints deploy/.env.example with a fresh password wherever a value is required: sh deploy/new-env.sh > .env
set -eu
umask 077
while IFS= read -r line; do
  case $line in
    \#*) printf '%s\n' "$line" ;;
    *=) printf '%s%s\n' "$line" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <"$(dirname "$0")/.env.example"
