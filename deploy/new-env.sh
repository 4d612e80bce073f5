#!/bin/sh
# Writes .env beside docker-compose.yml, as deploy/.env.example, and the secrets of the wire as files in .secrets/.
# What is there is kept; what a new version requires beside it is added. Passwords that an earlier version kept in .env are taken over.
set -eu
cd "$(dirname "$0")/.."
umask 077

# Only the owner gets into the folder; a container sees single files of it, as users of its own.
put() { # NAME TEXT
  printf '%s\n' "$2" >".secrets/$1.new"
  chmod 444 ".secrets/$1.new"
  mv -f ".secrets/$1.new" ".secrets/$1"
}
earlier() { # VARIABLE: what .env says of it
  [ ! -e .env ] || sed -n "s/^$1=//p" .env | tail -n 1
}
secret() { # NAME VARIABLE: a fresh one, unless there is one
  [ -s ".secrets/$1" ] && return
  found=$(earlier "$2")
  put "$1" "${found:-$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')}"
  added="$added $1"
}
hash() { # NAME: of a secret, as the broker knows it
  printf '#%s' "$(tr -d '\n' <".secrets/$1" | sha256sum | cut -d ' ' -f 1)"
}

added=
mkdir -p .secrets
chmod 700 .secrets
for user in producer worker web flower admin; do
  secret "broker_${user}_password" "FANWIRE_BROKER_$(echo "$user" | tr '[:lower:]' '[:upper:]')_PASSWORD"
done
for name in ledger_password flower_password grafana_password web_key seal_key metrics_token; do
  secret "$name" "FANWIRE_$(echo "$name" | tr '[:lower:]' '[:upper:]')"
done
for user in worker web flower; do
  [ -s ".secrets/broker_${user}_url" ] ||
    put "broker_${user}_url" "redis://$user:$(cat ".secrets/broker_${user}_password")@broker:6379/0"
done
[ -s .secrets/ledger_url ] ||
  put ledger_url "postgresql+psycopg://fanwire:$(cat .secrets/ledger_password)@ledger:5432/fanwire"
put broker_users "$(sed -e "s/@ADMIN@/$(hash broker_admin_password)/" -e "s/@WORKER@/$(hash broker_worker_password)/" \
  -e "s/@WEB@/$(hash broker_web_password)/" -e "s/@PRODUCER@/$(hash broker_producer_password)/" \
  -e "s/@FLOWER@/$(hash broker_flower_password)/" deploy/broker-users.acl)"

if [ ! -e .env ]; then
  cp deploy/.env.example .env
  echo "new-env: .env is yours to change"
fi
if grep -qE '^FANWIRE_(BROKER_[A-Z]+_PASSWORD|LEDGER_PASSWORD|FLOWER_PASSWORD|WEB_KEY|SEAL_KEY|METRICS_TOKEN)=.' .env; then
  echo "new-env: the passwords in .env are in .secrets/ now, and not read there any more; take them out of .env"
fi
if [ -n "$added" ]; then
  echo "new-env: .secrets/ has new secrets:$added"
else
  echo "new-env: .secrets/ lacks nothing; it is kept as it is"
fi
