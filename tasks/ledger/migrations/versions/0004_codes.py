"""What an attempt met, as a code beside the sentence.

Revision ID: 0004
Revises: 0003

Old rows get their code from the status and the sentence, as far as it is known, else `unknown`. Workers of before this
migration go on as they did: what they write has no code, and counts as `unknown`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SENTENCES = (
    ("timed out%", "timeout"),
    ("connection closed%", "connection_reset"),
    ("TLS:%", "tls"),
    ("%host name%", "dns"),
    ("connection refused%", "connection_refused"),
    ("the answer is not HTTP%", "not_http"),
    ("address % is refused%", "refused_address"),
    ("abandoned%", "broken_off"),
    ("cannot be sent%", "cannot_send"),
    ("no socket%", "cannot_send"),
    ("no local port%", "cannot_send"),
    ("cannot be prepared%", "cannot_prepare"),
    ("%no transport for%", "cannot_prepare"),
    ("secret %", "secret_missing"),
    ("there is no rendition%", "rendition_missing"),
    ("the outlet's document%", "outlet_unreadable"),
    ("the worker vanished%", "worker_vanished"),
    ("its host rests%", "resting_host"),
    ("the outlet's limit per minute%", "rate_limit"),
    ("as many as the outlet takes%", "in_flight_limit"),
    ("its lease was nearly over%", "lease_over"),
    ("a newer version came%", "newer_version"),
    ("version % came%", "newer_version"),
    ("the release was killed%", "release_killed"),
    ("replayed%", "replayed"),
)


def upgrade() -> None:
    for table, sentence in (("deliveries", "reason"), ("attempts", "detail")):
        op.add_column(table, sa.Column("code", sa.String(30), comment="what it met: Code in tasks/model/codes.py"))
        row = sa.table(table, *map(sa.column, ("code", "status", "verdict", "state", sentence)))
        said = row.c[sentence]
        by_sentence = [(said.like(words), code) for words, code in _SENTENCES]
        by_status = [
            (row.c.status.between(300, 399), "redirect"),
            (row.c.status.is_not(None), sa.literal("http_").concat(sa.cast(row.c.status, sa.String(3)))),
        ]
        own = [found for found in by_sentence if found[1] in _WITHOUT_ATTEMPT]
        rest = [found for found in by_sentence if found[1] not in _WITHOUT_ATTEMPT]
        code = sa.case(*own, *by_status, *rest, else_="unknown")
        met = row.update().where(row.c.verdict.is_not(None) | said.is_not(None))
        op.execute((met.where(row.c.state != "held") if table == "deliveries" else met).values(code=code))


_WITHOUT_ATTEMPT = frozenset({
    "worker_vanished", "resting_host", "rate_limit", "in_flight_limit", "lease_over", "newer_version", "release_killed",
    "replayed",
})  # fmt: skip
"""What no outlet answered: the status of such a row is that of the attempt before."""
