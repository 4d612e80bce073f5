"""The tables. Times are seconds since the epoch, UTC; a row's states are those of `tasks/model/states.py`.

    releases 1 ──< translations (language)      what a release version says in one language
        │    └───< renditions (language, format) its bytes, shared by every outlet that takes them
        ├──────< release_media (item)             its pictures and other files, fetched or still to be fetched
        └──────< deliveries (language, outlet)   one row per receiver: the truth about it
                     ├──< attempts               every try, for proof and reports
                     └──< publications           what its outlet says became of it
    outlets      who receives; outlet_profiles, outlet_profile_terms: an index over what they take
    producers    who comes to the door, with which token and rights; producer_days: what each producer sent in a day;
                 producer_minutes: how often it came to the door in a minute
    door_requests  requests at the door that may be repeated, and what was answered
    watched_releases  of which a producer wants to hear; webhook_messages  what it is told
    refusals   what intake could not take, kept with the reason
    awaited_engines  which engines a held translation waits for
    media_files  files in the store of media        media_sizes  pictures of it in smaller sizes
    media_removals  files that are to leave that store
    archives     which releases are in archive files   legal_holds  of which releases nothing is taken
    elections    which worker's clock ticks         notices    what operations should know
    memory       sentences translated before        terms      the glossary
    engines      what each translation engine has used, and whether it rests
    metrics      counters and last values for operations
    audit        who did what, and when: append-only
    seals        blocks of rows that are final, each signed and bound to the one before (sealed_rows.py)
    reopenings   that a finished delivery was opened again
    feeds 1 ──< feed_entries      what outlets that fetch find, each release once in each language
        └─────< feed_addresses    by which secret addresses they may fetch

Change this file and add a migration beside it (CONTRIBUTING, "Changing the ledger"); a test holds the two together.
"""

from __future__ import annotations

from typing import cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    literal_column,
    text,
)

from tasks.runtime.foreign_text import storable

metadata = MetaData(
    naming_convention={"ix": "ix_%(column_0_label)s", "uq": "uq_%(table_name)s_%(column_0_name)s",
                       "fk": "fk_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"}
)  # fmt: skip


class ForeignText(TypeDecorator[str]):
    """Text in which strangers had a part (engines, outlets, producers), as every database can hold it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text without what PostgreSQL refuses; one bad character would undo the whole transaction."""
        return None if value is None else storable(value)


class ForeignLine(TypeDecorator[str]):
    """Short text in which strangers had a part, cut to the length of its column."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text without what PostgreSQL refuses, which a text longer than its column is too."""
        return None if value is None else storable(value)[: cast("String", self.impl).length]


Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only when they are INTEGER
Time = Float(53)

releases = Table(
    "releases",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uri", String(300), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("language", String(35), nullable=False),
    Column("status", String(10), nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("embargo_until", Time),
    Column("document", ForeignText, nullable=False),
    Column("received_at", Time, nullable=False),
    Column("planned_at", Time),
    Column("hint_at", Time, nullable=False, comment="when the clock hints again if it is still not planned"),
    Column("producer", String(100), comment="whose the URI is: the producer that first sent it"),
    Column("sent_by", ForeignLine(320), comment="who sent this version: a producer, or operations"),
    Column("first_attempt_at", Time, comment="when the first of its deliveries was tried"),
    Column("seal_at", Time, server_default="0", comment="when to look for what is to be sealed; null: all is"),
    Column(
        "retained",
        Integer,
        nullable=False,
        server_default="0",
        comment="how much of it retention has taken: Stage in tasks/model/retention_policy.py",
    ),
    UniqueConstraint("uri", "version", name="uq_releases_uri_version"),
)
Index("ix_releases_retained", releases.c.retained, releases.c.received_at)

archives = Table(
    "archives",
    metadata,
    Column("uri", String(300), primary_key=True),
    Column("name", String(100), nullable=False, comment="of its file in the store of archives"),
    Column("sha256", String(64), nullable=False, comment="of that file"),
    Column("bytes", BigInteger, nullable=False),
    Column("newest", Integer, nullable=False, comment="the highest version in it"),
    Column("deliveries", Integer, nullable=False, comment="how many are in it"),
    Column("archived_at", Time, nullable=False),
    Column("restored_at", Time, comment="when its rows were brought back last, for a correction or a kill"),
)

legal_holds = Table(
    "legal_holds",
    metadata,
    Column("uri", String(300), primary_key=True, comment="of a release of which retention takes nothing"),
    Column("since", Time, nullable=False),
    Column("reason", ForeignText, nullable=False),
    Column("by", ForeignLine(320), nullable=False, comment="who ordered it"),
)

outlets = Table(
    "outlets",
    metadata,
    Column("id", String(100), primary_key=True),
    Column("status", String(10), nullable=False),
    Column("status_reason", ForeignText),
    Column("document", ForeignText, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("profile_id", Id, comment="its row in outlet_profiles; null for a document that cannot be read"),
    Column("profiled_at", Time, comment="`updated_at` of the document that this profile is of"),
)

outlet_profiles = Table(
    "outlet_profiles",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the document"),
    Column("country", String(2), nullable=False),
    Column("all_topics", Boolean, nullable=False, comment="its outlets take all topics"),
    Column("takes_machine_translation", Boolean, nullable=False),
    Column("document", ForeignText, nullable=False, comment="JSON: Profile in tasks/model/profile.py"),
    Column("form", ForeignText, nullable=False, comment="the same without country, topics and circuits"),
    UniqueConstraint("digest", name="uq_outlet_profiles_digest"),
)
Index("ix_outlet_profiles_country", outlet_profiles.c.country)

outlet_profile_terms = Table(
    "outlet_profile_terms",
    metadata,
    Column("kind", String(10), primary_key=True, comment="language (without script and country), topic or circuit"),
    Column("value", String(100), primary_key=True),
    Column("profile_id", Id, ForeignKey("outlet_profiles.id"), primary_key=True),
)


def _build_columns() -> list[Column]:  # type: ignore[type-arg]
    """The columns of every artifact, a translation or a rendition: wanted, leased to one builder, then made or held."""
    return [
        Column("state", String(10), nullable=False),
        Column("reason", ForeignText),
        Column("hint_at", Time, nullable=False, comment="when the clock hints again if it is still not made"),
        Column("lease_until", Time, nullable=False, default=0),
        Column("claimed_by", String(200)),
        Column("attempt", Integer, nullable=False, default=0),
        Column("made_at", Time),
    ]


translations = Table(
    "translations",
    metadata,
    Column("release_id", Id, ForeignKey("releases.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    *_build_columns(),
    Column("engine", ForeignLine(50)),
    Column("document", ForeignText),
    Column("status", String(10), comment="draft, checked or approved, of what a machine made"),
    Column(
        "units", ForeignText, comment="JSON: each sentence, what became of it and by whom; also of one that is held"
    ),
    Column("approved_by", ForeignLine(200)),
    Column("approved_at", Time),
    Column("refused", ForeignText, comment="JSON: drafts of engines that the checks stopped, for editors alone"),
)

awaited_engines = Table(
    "awaited_engines",
    metadata,
    Column("engine", String(100), primary_key=True),
    Column("release_id", Id, primary_key=True),
    Column("language", String(35), primary_key=True),
    ForeignKeyConstraint(
        ["release_id", "language"],
        ["translations.release_id", "translations.language"],
        name="fk_awaited_engines_translation",
    ),
)

renditions = Table(
    "renditions",
    metadata,
    Column("release_id", Id, ForeignKey("releases.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("format", String(20), primary_key=True),
    *_build_columns(),
    Column("content_type", String(100)),
    Column("sha256", String(64)),
    Column("body", LargeBinary),
)

release_media = Table(
    "release_media",
    metadata,
    Column("release_id", Id, ForeignKey("releases.id"), primary_key=True),
    Column("item", String(100), primary_key=True, comment="its id in the document of the release"),
    Column("type", String(10), nullable=False),
    Column("url", ForeignText, comment="where the producer has it; null for one that was in the store before"),
    Column("content_type", ForeignLine(100), comment="what the producer says that it is"),
    Column("state", String(10), nullable=False, comment="MediaState in tasks/model/states.py"),
    Column("sha256", String(64), comment="of the file in the store"),
    Column("code", String(30), comment="what the last try met: Code in tasks/model/codes.py"),
    Column("reason", ForeignText, comment="the same for people"),
    Column("first_due_at", Time, nullable=False, comment="the retry horizon counts from here"),
    Column("due_at", Time, nullable=False, comment="when it may be tried again"),
    Column("hint_at", Time, nullable=False, comment="when the clock hints again if nobody has fetched it"),
    Column("lease_until", Time, nullable=False, default=0),
    Column("claimed_by", String(200)),
    Column("attempt", Integer, nullable=False, default=0),
)

Index("ix_release_media_sha256", release_media.c.sha256)

media_files = Table(
    "media_files",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("content_type", String(100), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("width", Integer, comment="pixels, of a picture"),
    Column("height", Integer, comment="pixels, of a picture"),
    Column("name", ForeignLine(200), comment="what it was called where it came from"),
    Column("kept_at", Time, nullable=False),
    Column("kept_by", ForeignLine(320), nullable=False, comment="who added it, or the release that it was fetched for"),
)

media_sizes = Table(
    "media_sizes",
    metadata,
    Column("original", String(64), ForeignKey("media_files.sha256"), primary_key=True),
    Column("width", Integer, primary_key=True, comment="pixels"),
    Column("height", Integer, nullable=False, comment="pixels"),
    Column("sha256", String(64), nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("bytes", BigInteger, nullable=False),
)
Index("ix_media_sizes_sha256", media_sizes.c.sha256)

media_removals = Table(
    "media_removals",
    metadata,
    Column("sha256", String(64), primary_key=True, comment="of a file that no row names any more"),
    Column("at", Time, nullable=False, comment="when its row was removed"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("release_id", Id, ForeignKey("releases.id"), nullable=False),
    Column("language", String(35), nullable=False),
    Column("outlet_id", String(100), ForeignKey("outlets.id"), nullable=False),
    Column("format", String(20), nullable=False),
    Column("version", Integer, nullable=False, comment="of the release: a later one waits for an earlier in flight"),
    Column("urgency", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column(
        "approval",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="a person must approve its translation first",
    ),
    Column("hold_kind", String(20), comment="what a held row waits for: Hold in tasks/model/states.py"),
    Column("hold_detail", ForeignText, comment="until when an embargo holds, or why the outlet is paused or disabled"),
    Column("reason", ForeignText, comment="of a hold or of a final state; what the last attempt met otherwise"),
    Column("due_at", Time),
    Column("first_due_at", Time, comment="when it could first have gone out: the retry horizon counts from here"),
    Column("lease_until", Time),
    Column("claimed_by", String(200)),
    Column("attempt", Integer, nullable=False, default=0, comment="claims so far: the fence against late workers"),
    Column("tries", Integer, nullable=False, default=0, comment="attempts that count against the retry policy"),
    Column("verdict", String(10), comment="of the last attempt"),
    Column("status", Integer, comment="HTTP status of the last attempt"),
    Column("code", String(30), comment="what it met: Code in tasks/model/codes.py"),
    Column("ended_at", Time),
    UniqueConstraint("release_id", "language", "outlet_id", name="uq_deliveries_release_language_outlet"),
)


DRAFT = "draft"
"""The status of a translation that is made and waits for a person, for an engine of grade draft had a part in it."""
IS_DRAFT: ColumnElement[str] = literal_column(f"'{DRAFT}'")
"""Written into the statement, not bound: only so can the database prove that a partial index fits."""

MISHELD = "coalesce(replace(hold_kind, '_', ' '), '') <> reason"
"""Where a held row was written by a worker of before migration 0003, which knows no `hold_kind`: always empty else."""

STUCK = (
    "NOT (state IN ('delivered', 'rejected', 'exhausted', 'superseded', 'canceled')"
    " OR (state = 'due' AND due_at IS NOT NULL) OR (state = 'claimed' AND lease_until IS NOT NULL)"
    " OR (state = 'held' AND hold_kind IS NOT NULL))"
)
"""Where a delivery has no next step: always empty."""

UNPROFILED = "profiled_at IS NULL OR profiled_at <> updated_at"
"""Where an outlet was written by somebody who knows no profiles: always empty else."""


def _partial(name: str, where: str, *columns: Column) -> None:  # type: ignore[type-arg]
    Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


# Partial indexes: finished rows, soon millions, are in none of them. What the clock looks for each second has one each,
# so that a sweep costs what it finds and not what there is.
_partial("ix_deliveries_due", "state = 'due'", deliveries.c.urgency, deliveries.c.due_at)
_partial("ix_deliveries_in_flight", "state = 'claimed'", deliveries.c.outlet_id, deliveries.c.language)
_partial("ix_deliveries_held", "state = 'held'", deliveries.c.release_id, deliveries.c.language)
_partial("ix_deliveries_embargoed", "state = 'held' AND hold_kind = 'embargo'", deliveries.c.release_id)
_partial(
    "ix_deliveries_kept",
    "state = 'held' AND hold_kind IN ('outlet_paused', 'outlet_disabled', 'outlet_unverified')",
    deliveries.c.outlet_id,
)
_partial("ix_deliveries_misheld", f"state = 'held' AND {MISHELD}", deliveries.c.release_id)
_partial("ix_releases_unplanned", "planned_at IS NULL", releases.c.hint_at)
_partial("ix_releases_unsealed", "seal_at IS NOT NULL", releases.c.seal_at)
_partial("ix_translations_unmade", "state <> 'made'", translations.c.hint_at)
_partial("ix_translations_draft", f"status = '{DRAFT}'", translations.c.language)
_partial("ix_renditions_unmade", "state <> 'made'", renditions.c.hint_at)
_partial("ix_release_media_wanted", "state = 'wanted'", release_media.c.hint_at)
_partial("ix_outlets_unprofiled", UNPROFILED, outlets.c.id)
Index("ix_releases_producer", releases.c.producer, releases.c.id)
Index("ix_media_files_kept_at", media_files.c.kept_at)
Index("ix_outlets_profile", outlets.c.profile_id, outlets.c.status, outlets.c.id)
# Without the state: an index over all rows that changes with each step would be written, somewhere, at each step.
Index("ix_deliveries_of_outlet", deliveries.c.outlet_id, deliveries.c.id)
_partial("ix_deliveries_failed", "state IN ('rejected', 'exhausted')", deliveries.c.outlet_id, deliveries.c.ended_at)
_partial("ix_deliveries_stuck", STUCK, deliveries.c.id)
Index("ix_releases_received_at", releases.c.received_at)

attempts = Table(
    "attempts",
    metadata,
    Column("delivery_id", Id, ForeignKey("deliveries.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("verdict", String(10), nullable=False),
    Column("status", Integer),
    Column("code", String(30), comment="what it met: Code in tasks/model/codes.py"),
    Column("detail", ForeignText),
    Column("started_at", Time, nullable=False),
    Column("seconds", Float, nullable=False),
)

reopenings = Table(
    "reopenings",
    metadata,
    Column("delivery_id", Id, ForeignKey("deliveries.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True, comment="after which it had ended"),
    Column("at", Time, primary_key=True),
)

publications = Table(
    "publications",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), nullable=False),
    Column("at", Time, nullable=False, comment="when it was taken"),
    Column("said_at", Time, nullable=False, comment="when it happened, as the outlet says; never later than `at`"),
    Column("status", String(10), nullable=False, comment="Said in tasks/model/publication.py"),
    Column("url", ForeignText, comment="where it was published"),
    Column("reason", ForeignText, comment="why it was rejected"),
)
Index("ix_publications_delivery_id", publications.c.delivery_id)

producers = Table(
    "producers",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("document", ForeignText, nullable=False, comment="JSON: DoorProducer in tasks/model/producers.py"),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("old_token_sha256", String(64), unique=True, comment="of the token before, while it is still good"),
    Column("old_token_until", Time),
    Column("made_at", Time, nullable=False),
    Column("used_at", Time, comment="when its token was last used, to the minute"),
    Column("revoked_at", Time),
)

producer_days = Table(
    "producer_days",
    metadata,
    Column("producer", String(100), primary_key=True, comment="of the ledger or of the producers file"),
    Column("day", String(10), primary_key=True, comment="UTC, 2026-11-30"),
    Column("releases", Integer, nullable=False, comment="release versions taken of it, kills not counted"),
)

producer_minutes = Table(
    "producer_minutes",
    metadata,
    Column("producer", String(100), primary_key=True),
    Column("minute", Id, nullable=False, comment="the last in which it came to the door: minutes since the epoch"),
    Column("requests", Integer, nullable=False, comment="that web servers have permitted in it"),
)

door_requests = Table(
    "door_requests",
    metadata,
    Column("producer", String(100), primary_key=True),
    Column("key", String(255), primary_key=True, comment="the Idempotency-Key of the request"),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the request"),
    Column("at", Time, nullable=False),
    Column("status", Integer, comment="of the answer; null while there is none"),
    Column("body", ForeignText, comment="of the answer"),
)
Index("ix_door_requests_at", door_requests.c.at)

watched_releases = Table(
    "watched_releases",
    metadata,
    Column("release_id", Id, primary_key=True, autoincrement=False),
    Column("producer", String(100), nullable=False),
    Column("told", ForeignText, nullable=False, comment="JSON: {event: languages} of which its producer has a message"),
    Column("look_at", Time, nullable=False),
)
Index("ix_watched_releases_look_at", watched_releases.c.look_at)

webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message_id", String(64), nullable=False, unique=True, comment="the header webhook-id"),
    Column("producer", String(100), nullable=False),
    Column("event", String(30), nullable=False, comment="Event in tasks/operations/webhooks.py"),
    Column("body", ForeignText, nullable=False),
    Column("made_at", Time, nullable=False),
    Column("due_at", Time, comment="when it is sent, or sent again; null once it has arrived or was given up"),
    Column("failures", Integer, nullable=False, comment="in a row"),
    Column("problem", ForeignText, comment="what the last try met"),
    Column("arrived_at", Time),
)
Index("ix_webhook_messages_made_at", webhook_messages.c.made_at)

refusals = Table(
    "refusals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("received_at", Time, nullable=False),
    Column("uri", ForeignText),
    Column("reason", ForeignText, nullable=False),
    Column("bytes", Integer, nullable=False, comment="size of the whole item"),
    Column("body", LargeBinary, nullable=False, comment="its beginning"),
    Column("sent_by", ForeignLine(320), comment="the producer that signed it, if it did"),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Time, nullable=False),
    Column("kind", String(20), nullable=False, comment="gone, dead, failing …"),
    Column("subject", ForeignText, nullable=False, comment="an outlet or a host"),
    Column("text", ForeignText, nullable=False),
    Column("told_at", Time, comment="when FANWIRE_NOTICE_URL took it"),
)
Index("ix_notices_kind_subject_at", notices.c.kind, notices.c.subject, notices.c.at)
_partial("ix_notices_unposted", "told_at IS NULL", notices.c.id)

elections = Table(
    "elections",
    metadata,
    Column("office", String(50), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("until", Time, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(200), primary_key=True, comment="host, process number, and when the process began"),
    Column("machine", String(100), comment="which processes can see whether it lives"),
    Column("beat_at", Time, comment="its last beat, if it has any to give"),
    Column("role", String(100), comment="as which process of the stack it was started"),
)

metrics = Table(
    "metrics",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("label", String(300), primary_key=True, comment="such as a verdict and a code; never an outlet or release"),
    Column("shard", Integer, primary_key=True, autoincrement=False, comment="of a counter; -1: a last value"),
    Column("value", Float(53), nullable=False),
    Column("at", Time, nullable=False, comment="when it was last written"),
)

memory = Table(
    "memory",
    metadata,
    Column("key", String(64), primary_key=True, comment="SHA-256 of the languages and the source's normal form"),
    Column("maker", ForeignLine(300), primary_key=True, comment="'approved', or engine and model"),
    Column("source_language", String(35), nullable=False),
    Column("target_language", String(35), nullable=False),
    Column("source", ForeignText, nullable=False, comment="normal form, for people"),
    Column("target", ForeignText, nullable=False, comment="JSON: words, inline elements and opaque pieces by number"),
    Column(
        "origin", ForeignLine(300), nullable=False, comment="where it comes from: a release, a file, the house texts"
    ),
    Column("kept_at", Time, nullable=False),
)
_partial("ix_memory_approved", "maker = 'approved'", memory.c.target_language)
_partial("ix_memory_kept_at", "maker <> 'approved'", memory.c.kept_at)

post_edits = Table(
    "post_edits",
    metadata,
    Column("release_id", Id, ForeignKey("releases.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("unit", ForeignLine(200), primary_key=True, comment="its name: paragraph 3, sentence 1"),
    Column("source_language", String(35), nullable=False),
    Column("engine", ForeignLine(100), nullable=False),
    Column("model", ForeignLine(300), nullable=False),
    Column("draft", ForeignText, nullable=False, comment="what the engine had made, as a reader sees it"),
    Column("approved", ForeignText, nullable=False, comment="what a person approved in its place"),
    Column("edits", Integer, nullable=False, comment="words put in, left out or replaced: tasks/translation/edits.py"),
    Column("words", Integer, nullable=False, comment="of the approved text"),
    Column("approved_at", Time, nullable=False),
)
Index(
    "ix_post_edits_rate",
    *(post_edits.c[name] for name in ("engine", "source_language", "language", "approved_at", "edits", "words")),
)

terms = Table(
    "terms",
    metadata,
    Column("source_language", String(35), primary_key=True),
    Column("target_language", String(35), primary_key=True),
    Column("source", ForeignLine(500), primary_key=True),
    Column("forbidden", Boolean, primary_key=True, comment="target is what must not stand in a translation"),
    Column("target", ForeignLine(500), primary_key=True, comment="one for each source, unless forbidden"),
    Column("match_case", Boolean, nullable=False),
    Column("part", ForeignLine(50), comment="of speech, for people"),
)

engines = Table(
    "engines",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("failures", Integer, nullable=False, comment="in a row"),
    Column("rest_until", Time, nullable=False),
    Column("reason", ForeignText, comment="of the last failure"),
    Column("minute", Time, nullable=False, comment="when the minute began in which these were asked:"),
    Column("minute_requests", Integer, nullable=False),
    Column("minute_characters", Integer, nullable=False),
    Column("month", String(7), nullable=False, comment="UTC, 2026-11"),
    Column("month_characters", BigInteger, nullable=False),
    Column("month_cost", Float, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Time, nullable=False),
    Column("role", String(10), nullable=False, comment="Role in tasks/model/acts.py"),
    Column("actor", ForeignLine(300), nullable=False, comment="user@host, the name of a producer, or host:process"),
    Column("act", String(30), nullable=False, comment="Act in tasks/model/acts.py"),
    Column("subject", ForeignText, nullable=False, comment="what it was done to, for people"),
    Column("uri", String(300), comment="of the release, if it was done to one"),
    Column("version", Integer),
    Column("outlet_id", String(100), comment="of the outlet, if it was done to one"),
    Column("old", ForeignText, comment="JSON; never a secret"),
    Column("new", ForeignText, comment="JSON; never a secret"),
    Column("remark", ForeignText, comment="what the actor said of it, such as --by or --note"),
    Column("origin", ForeignLine(300), comment="an IP address, or the machine of a command line"),
)
Index("ix_audit_uri", audit.c.uri)
Index("ix_audit_outlet_id", audit.c.outlet_id)
Index("ix_audit_at", audit.c.at)

seals = Table(
    "seals",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="1, 2, 3 … without a gap"),
    Column("kind", String(10), nullable=False, comment="Kind in tasks/ledger/sealed_rows.py"),
    Column("release_id", Id, comment="whose deliveries are sealed; null for audit entries"),
    Column("form", Integer, nullable=False, comment="version of the canonical form: tasks/ledger/sealed_rows.py"),
    Column("until", Time, comment="the latest `at` of the audit entries"),
    Column("statement", Text, nullable=False, comment="JSON: what is sealed, and the hash of the seal before"),
    Column("hash", String(64), nullable=False, comment="SHA-256 of the statement"),
    Column("signature", String(88), nullable=False, comment="Ed25519 of the statement, in base64"),
    Column("leaves", LargeBinary, comment="zlib: the digest of each row; null once its rows were pruned"),
)
Index("ix_seals_release_id", seals.c.release_id)

feeds = Table(
    "feeds",
    metadata,
    Column("outlet_id", String(100), ForeignKey("outlets.id"), primary_key=True),
    Column("newest", Integer, nullable=False, comment="the highest number of an entry"),
    Column("changes", Integer, nullable=False, comment="how often its entries have changed"),
    Column("changed_at", Time, nullable=False),
    Column("ping_at", Time, comment="when the hub is to hear that it has changed; null once it has"),
    Column("ping_failures", Integer, nullable=False, comment="in a row"),
)
_partial("ix_webhook_messages_due_at", "due_at IS NOT NULL", webhook_messages.c.due_at)
_partial("ix_feeds_ping_at", "ping_at IS NOT NULL", feeds.c.ping_at)

feed_entries = Table(
    "feed_entries",
    metadata,
    Column("outlet_id", String(100), ForeignKey("feeds.outlet_id"), primary_key=True),
    Column("uri", String(300), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("number", Integer, nullable=False, comment="its place: what came or changed later has a higher one"),
    Column("release_id", Id, ForeignKey("releases.id"), nullable=False, comment="the version that it shows"),
    Column("version", Integer, nullable=False),
    Column("format", String(20), nullable=False),
    Column("changed_at", Time, nullable=False),
    Column("withdrawn", Boolean, nullable=False, comment="the release was killed: no text of before may be shown"),
    UniqueConstraint("outlet_id", "number", name="uq_feed_entries_outlet_id_number"),
)
Index("ix_feed_entries_uri", feed_entries.c.uri)

feed_addresses = Table(
    "feed_addresses",
    metadata,
    Column("id", Id, primary_key=True),
    Column("outlet_id", String(100), ForeignKey("outlets.id"), nullable=False),
    Column("seed", String(64), nullable=False, comment="of which, with a key of the web server, the token is made"),
    Column("sha256", String(64), nullable=False, unique=True, comment="of the token"),
    Column("made_at", Time, nullable=False),
    Column("expires_at", Time, comment="null: as long as the feed is there"),
)
Index("ix_feed_addresses_outlet_id", feed_addresses.c.outlet_id)
