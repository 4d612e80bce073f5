"""The users of the broker, and what each may do there: the rules (ACL) of Valkey 8 and Redis 7.0, and later ones.

`fanwire up` gives them to its own broker. docker-compose.yml, deploy/helm and deploy/README.md, which has them to
copy, say the same (tests/deploy compares them).

- `producer` puts releases on their queue (a list for each priority), and reads its receipts. Nobody can list the names
  of keys, and those of receipts cannot be guessed; so it reads no others. It has no `unacked`, by which it could write
  to queues of tasks.
- `worker` is for our workers and commands: everything that is ours, and nothing that is the server's.
- `web` is for the web server, which is nearest to strangers: it sees who rests, and forgets that on an operator's word.
- `flower` hears the events of workers, and counts what waits. It may not send an event.
- `admin` is for people who must look into the broker. No process has its password.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256

from workers.queues import STAGES
from workers.releases_queue import RECEIPTS, RELEASES


class User(StrEnum):
    """A user of the broker."""

    PRODUCER = "producer"
    WORKER = "worker"
    WEB = "web"
    FLOWER = "flower"
    ADMIN = "admin"


NOBODY = "user default reset"
"""Who gives no user, or none that is known, may do nothing at all."""
_CONNECTING = ("+ping", "+echo", "+select", "+quit", "+client", "-@admin", "-@dangerous", "-client|tracking")
"""Of `client` what is about one's own connection, by what it is not: a server refuses to start where a rule names a
part that it does not know, such as Redis 7.0, of Debian 12, `client|setinfo`. Tracking shows names of others' keys."""
_TRANSACTION = ("+multi", "+exec", "+discard")
_QUEUES = tuple(f"~{queue}*" for queue in (RELEASES, *STAGES))
"""With the lists of other priorities, whose names go on."""
_RECEIPTS = tuple(f"~{prefix}*" for prefix in RECEIPTS)
_EVENTS, _ORDERS = "&/0.celeryev/*", "&/0.celery.pidbox"
"""The channels of Celery's events and of its remote control; 0 is the number of the database."""

RULES: Mapping[User, tuple[str, ...]] = {
    User.PRODUCER: (
        *_CONNECTING,
        *_TRANSACTION,
        f"(+lpush +llen %W~{RELEASES} %W~{RELEASES}??[369])",
        f"(+brpop +rpop +llen +del {' '.join(_RECEIPTS)})",
    ),
    User.WORKER: (
        *(*_QUEUES, *_RECEIPTS, "~unacked*", "~_kombu.*", "~fanwire:*", "~*.celery.pidbox*"),
        *(_EVENTS, _ORDERS),
        *("+@all", "-@admin", "-@dangerous", "-script|flush", "-script|kill", "-function", "+info"),
    ),
    User.WEB: (*_CONNECTING, "+scan", "(+eval +evalsha +hmget +del ~fanwire:*)"),
    User.FLOWER: (
        *_CONNECTING,
        *_TRANSACTION,
        *(_EVENTS, "+psubscribe", "+punsubscribe"),
        f"(+llen {' '.join(_QUEUES)})",
        "(+sadd +srem ~_kombu.binding*.celeryev ~_kombu.binding*.reply.celery.pidbox)",
        f"(+publish {_ORDERS})",
        "(+brpop +llen +del ~celeryev.* ~*.reply.celery.pidbox*)",
    ),
    User.ADMIN: ("~*", "&*", "+@all"),
}
"""What each may do. `fanwire.receipts.*` may be narrowed to `fanwire.receipts.NAME.*` for a producer with a name."""


def directives(passwords: Mapping[User, str]) -> list[str]:
    """The lines of a broker's configuration that make these users, and nobody else; they hold no password."""
    return [NOBODY, *(directive(user, f"#{sha256(word.encode()).hexdigest()}") for user, word in passwords.items())]


def directive(user: User, secret: str) -> str:
    """The line that makes a user; `secret` is `>` with its password, or `#` with the SHA-256 of it."""
    return f"user {user} on {secret} {' '.join(RULES[user])}"
