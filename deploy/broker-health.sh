#!/bin/sh
# Whether the broker of Compose answers; -e: an error, such as "loading", is a failure.
VALKEYCLI_AUTH=$(cat /run/secrets/broker_admin_password)
REDISCLI_AUTH=$VALKEYCLI_AUTH
export VALKEYCLI_AUTH REDISCLI_AUTH
exec valkey-cli --user admin -e ping
