"""The ledger: the SQL database that holds the truth about releases, outlets and deliveries.

`with ledger.write() as connection:` is one transaction. Every function in this room takes such a connection and makes
one step in it, so that a caller can join several steps into one commit. Nothing slow (no HTTP, no engine) happens
inside.

    connection.py      where the ledger is, transactions, its clock, its upgrade
    schema.py          the tables; migrations/ brings older ledgers to them
    releases.py        release versions: taken once each, planned once each
    outlets.py         the configured receivers and their status
    deliveries/        the life of a delivery: planned, held, due, claimed, finished
    artifacts.py       translations and renditions: wanted, claimed, made or held
    counts.py          how far a release is, in numbers
    producer_rows.py   who comes to the door, and how much each producer sent in a day
    door_requests.py   requests at the door that may be repeated
    webhook_rows.py    which releases producers want to hear of, and what they are told
    refusals.py        what intake could not take
    notices.py         what operations should know
    audit.py           who did what
    retained_rows.py   what retention takes; archive_rows.py: which releases are in archive files
    foreign_values.py  values that a column cannot have, written by hand
    sqlite_space.py    what is free in the file of a SQLite ledger
    elections.py       which worker's clock ticks
    engine_usage.py    what translation engines have used, and whether they rest
    memory_entries.py  sentences that were translated before
    glossary_terms.py  the glossary
    feed_rows.py       what outlets that fetch find; feed_addresses.py: by which secret addresses
"""

from __future__ import annotations

from tasks.ledger.connection import (
    close,
    ledger_url,
    look,
    now,
    open_ledger,
    read,
    reset,
    safe_ledger_url,
    sql_engine,
    upgrade,
    worker_name,
    write,
)

__all__ = [
    "close", "ledger_url", "look", "now", "open_ledger", "read", "reset", "safe_ledger_url",
    "sql_engine", "upgrade", "worker_name", "write",
]  # fmt: skip
