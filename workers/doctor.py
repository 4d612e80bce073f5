"""`fanwire doctor`: looks at what is configured and says what is unsafe."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from contextvars import ContextVar
from difflib import get_close_matches
from typing import Literal
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from tasks import ledger
from tasks.building.engine_meter import NO_PAIRS
from tasks.delivery.admission.breaker import Breaker, outlet_of, outlet_subject
from tasks.delivery.transfers.address_policy import AddressPolicy
from tasks.delivery.transports import TRANSPORTS, host_of
from tasks.delivery.transports.folder import folder_of
from tasks.formatting import FORMATS, HouseTextMissing, house_text
from tasks.language_data import LANGUAGES
from tasks.ledger import backlog, deliveries, feed_addresses, metrics, outlets, producer_rows
from tasks.ledger.connection import is_pooled
from tasks.media_store.folder_store import Folder
from tasks.media_store.store import configured_store
from tasks.model.destinations import is_address
from tasks.model.documents import DocumentRefused
from tasks.model.outlet import Outlet, read_outlet
from tasks.model.retention_policy import read_retention_policy
from tasks.operations.untaken import untaken
from tasks.runtime import moments, trust
from tasks.runtime.counting import counted
from tasks.runtime.delivery_folders import refused_folder
from tasks.runtime.errors import UserError, first_line
from tasks.runtime.foreign_text import printable
from tasks.runtime.mail_relay import mail_relay
from tasks.runtime.private_files import loose
from tasks.runtime.secrets import SecretMissing, refusal, resolve
from tasks.runtime.settings import PREFIX, Settings, secret_files, settings
from tasks.translation.configuration import TranslationDocument, read_configuration
from tasks.translation.dictionaries import missing_packages
from tasks.translation.grades import PUBLISH
from tasks.translation.routing import reaches
from workers import authority, broker, broker_checks, engines, home, measures
from workers.broker_address import Kind
from workers.finding import Finding
from workers.offered import offered
from workers.releases_queue import BROKER_ERRORS, tls_problem

SHOWN = 5
BESIDE_SETTINGS = {
    PREFIX + name
    for name in ("FLOWER_ADDRESS", "BROKER_PRODUCER_PASSWORD", "BROKER_WORKER_PASSWORD", "BROKER_FLOWER_PASSWORD",
                 "BROKER_ADMIN_PASSWORD", "LEDGER_PASSWORD", "BROKER_PORT", "IMAGE", "STOP_GRACE",
                 "FOLDER", "TRANSLATION_FOLDER", "PRODUCERS_FOLDER", "OUTLET_SECRETS", "UP_HOME", "UP_PID")
}  # fmt: skip
"""Variables that are read elsewhere: by Flower's configuration, by `fanwire up`, and by docker-compose.yml
(deploy/.env.example)."""
CLOCKS_DIFFER = 30.0
"""Seconds by which the clock of this machine may differ from that of the ledger."""


def examine() -> list[Finding]:
    """Look at configuration, broker, ledger, outlets and engines; a part that cannot be reached is a finding, not an
    error."""
    found = _guarded(_settings)
    if any(finding.level == "unsafe" for finding in found):
        return found  # every other part would only say the same again
    token = _kept.set({})
    try:
        away = _guarded(_ledger_answers)
        for part in PARTS if not away else WITHOUT_LEDGER:
            found += [finding for finding in _guarded(part) if finding not in found]
        found += away
    finally:
        _kept.reset(token)
    return found


def _guarded(part: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(part())
    except UserError as refusal:
        return [Finding("unsafe", str(refusal))]
    except (SQLAlchemyError, *BROKER_ERRORS) as error:
        return [Finding("unsafe", f"{part.__name__.strip('_')}: {first_line(error)}")]


def _ledger_answers() -> Iterator[Finding]:
    """Whether the ledger takes no connection: said once, for each part that reads it would wait and say it again."""
    if not home.ledger_is_there():
        return
    try:
        with ledger.look():
            return
    except SQLAlchemyError as error:
        cause = first_line(getattr(error, "orig", None) or error)
    yield Finding(
        "unsafe",
        f"the ledger ({ledger.safe_ledger_url()}) does not answer: {cause}; start it, or correct FANWIRE_LEDGER_URL "
        "(docs/runbook.md, `Ledger slow or away`). What it has, such as outlets, feeds and engines, was not looked at",
    )


def _settings() -> Iterator[Finding]:
    policy = settings()
    yield Finding("fine", f"home is {policy.home.absolute()}")
    yield Finding("fine", f"a transfer takes at most {policy.deadline:g} s, a claim is leased for {policy.lease:g} s")
    if unsaid := [PREFIX + name.upper() for name in ("wire_name", "wire_url") if name not in policy.model_fields_set]:
        whose = f"{policy.wire_name} ({policy.wire_url})"
        yield Finding("note", f"{' and '.join(unsaid)} not set: releases go out in the name of {whose}")
    for network in policy.allowed_networks:
        yield Finding("note", f"addresses in {network} are dialled although they are not public")
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and not name.startswith(policy.secrets_prefix) and name not in _known_variables():
            meant = get_close_matches(name, _known_variables(), n=1, cutoff=0)
            yield Finding("note", f"{name} is no setting, and is not read; the nearest that is one: {meant[0]}")
    if home.ledger_is_there():
        trust.bundle()


def _known_variables() -> set[str]:
    return {PREFIX + name.upper() for name in Settings.model_fields} | BESIDE_SETTINGS | set(secret_files())


def _home() -> Iterator[Finding]:
    """Whether we can write into the home, where the ledger, the broker's files and the logs are."""
    place = settings().home.absolute()
    if not place.is_dir():
        return
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x")
    except OSError as error:
        yield Finding("unsafe", f"nothing can be written to the home {place}: {error.strerror or error}")


def _modes() -> Iterator[Finding]:
    """Whether others on this machine may read embargoed texts, passwords and secrets."""
    place = settings().home.absolute()
    found = loose(place)
    if found:
        shown = ", ".join(f"{path} ({path.stat().st_mode & 0o777:o})" for path in found[:SHOWN])
        more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
        level: Literal["unsafe", "note"] = "unsafe" if place in found else "note"  # else nobody gets so far
        yield Finding(
            level,
            f"other users of this machine may use {shown}{more}: `fanwire up` mends it, or `chmod -R go= {place}`",
        )


def _plugins() -> Iterator[Finding]:
    """Languages, formats and transports that cannot be used; engines are named with their configuration."""
    for registry in (LANGUAGES, FORMATS, TRANSPORTS):
        for why in registry.left_out().values():
            yield Finding("unsafe", why)


def _broker() -> Iterator[Finding]:
    if broker.embedded() and home.up_pid() is None:
        yield Finding("note", f"no Fanwire is up under {settings().home.absolute()}: `make up` starts one")
        return
    try:
        yield from broker_checks.examine_broker()
    except BROKER_ERRORS as error:
        yield Finding("unsafe", _broker_problem(error))


def _broker_problem(error: Exception) -> str:
    """Which broker is in trouble, and where to look; the end of a TLS handshake says why itself."""
    if broker.embedded():
        look = f"{settings().home.absolute() / 'log' / 'broker.log'} says more"
    else:
        look = "start it, or correct FANWIRE_BROKER_URL"
    what = tls_problem(error) or f"does not answer as it should: {error}"
    return f"the broker at {broker.address().place} {what}; {look} (docs/runbook.md, `Broker lost`)"


def _shared_state() -> Iterator[Finding]:
    if broker.embedded() or (broker.embedded_state() and home.up_pid() is None):
        return
    limited = sum(outlet.limits.per_minute is not None for outlet in _everyone())
    yield from broker_checks.examine_shared_state(limited_outlets=limited)


def _producers() -> Iterator[Finding]:
    """Who may send by the queue, and the keys of producers."""
    file = authority.producers_file()
    if file is None:
        yield Finding(
            "note",
            "by the queue whoever has an address of the broker with its password may send any release, and correct and "
            "kill those of others: FANWIRE_PRODUCERS names no file of the producers who may, and of their keys",
        )
        return
    producers = file.current().producers
    who = f"{counted(len(producers), 'producer')} may send, each with its key: {_some(sorted(producers))}"
    yield Finding("fine", f"by the queue {who} ({file.path})")
    owners: dict[str, str] = {}
    for name, producer in producers.items():
        for reference in producer.keys:
            yield from _key_problems(name, reference, owners)
        if producer.uris is None:
            what = f"producer {name} may send releases with any URI that {file.path} does not give to another producer"
            yield Finding("note", f"{what}: give it `uris` there, such as urn:newsml:{name}.example:")
    if any(reference.startswith("env:") for producer in producers.values() for reference in producer.keys):
        yield Finding("note", "keys of producers that are variables (env:) were looked up in this shell; `intake` has "
                      "variables of its own")  # fmt: skip


def _at_the_door() -> Iterator[Finding]:
    """Who may send over HTTP."""
    known: Collection[str] = ()
    if home.ledger_is_there():
        with ledger.read() as connection:
            known = producer_rows.standing(connection).keys()
    if known:
        who = f"{counted(len(known), 'producer')} may send, each with its token: {_some(sorted(known))}"
    else:
        who = "nobody may send: `fanwire producers add NAME` lets a producer in, by a token"
    yield Finding("fine", f"over HTTP {who}")


def _key_problems(name: str, reference: str, owners: dict[str, str]) -> Iterator[Finding]:
    """What is wrong with a key of a producer; `owners` has who was found to have which key, and gets this one."""
    if refusal(reference) is None:
        yield Finding("unsafe", f"producer {name}: outlets may name {reference} as theirs, and would be sent the key")
    try:
        owner = owners.setdefault(authority.producer_key(reference), name)
    except SecretMissing as error:
        yield Finding("unsafe", f"producer {name}: {error}")
        return
    if owner != name:
        yield Finding("unsafe", f"producers {owner} and {name} have the same key, so each can send as the other")


def _clear_text() -> Iterator[Finding]:
    """Passwords and releases that go to other machines for everybody on the way to read."""
    if not broker.embedded() or home.up_pid() is not None:
        address = broker.address()
        if not address.tls and not all(engines.is_loopback(host) for host, _ in address.hosts):
            what = f"its password and all releases go to the broker at {address.place} without TLS"
            scheme = {Kind.SENTINEL: "sentinels", Kind.RABBITMQ: "amqps"}.get(address.kind, "rediss")
            yield Finding("note", f"{what}; use {scheme}:// unless nobody else is on that network")
    database = make_url(ledger.ledger_url())
    remote = database.host and not database.host.startswith("/") and not engines.is_loopback(database.host)
    if remote and database.query.get("sslmode") not in ("verify-full", "verify-ca"):
        what = f"nobody verifies that it is the ledger that answers at {database.host}"
        yield Finding("note", f"{what}; add ?sslmode=verify-full to its address unless nobody else is on that network")
    notices = settings().notice_url
    if notices and urlsplit(notices.get_secret_value()).scheme == "http":
        yield Finding("note", "FANWIRE_NOTICE_URL goes over http://, for everybody on the way to read; use https")


def _ledger() -> Iterator[Finding]:
    if not home.ledger_is_there():
        yield Finding("note", f"there is no ledger yet ({ledger.safe_ledger_url()}): the first `make up` makes it")
        return
    with ledger.look() as connection:
        count = outlets.count(connection)
        yield Finding("fine", f"the ledger is {ledger.safe_ledger_url()} and has {_outlets(count)}")
        if is_pooled(connection):
            yield Finding("fine", "a pooler stands before the ledger: it must pool by transaction, and end those that "
                          "are idle for 30 s (idle_transaction_timeout)")  # fmt: skip
        ahead = time.time() - ledger.now(connection)
        if abs(ahead) > CLOCKS_DIFFER:
            which = "ahead of" if ahead > 0 else "behind"
            what = f"the clock of this machine is {abs(ahead):,.0f} s {which} that of the ledger"
            yield Finding("note", f"{what}, by which embargoes, leases and retries go; set it right for logs and TLS")
        n = backlog.stuck(connection)
        yield Finding("unsafe" if n else "fine", f"{n} deliveries have no next step")
        if broker.embedded() and home.up_pid() is None:
            return  # what is due waits for the `make up` that `_broker` asks for
        if waits := untaken(connection, deliveries.next_due(connection), ledger.now(connection)):
            yield Finding("unsafe", waits)


def _workers() -> Iterator[Finding]:
    """Kinds of workers of which none has sent a heartbeat of late, though one has before."""
    if not home.ledger_is_there() or (broker.embedded() and home.up_pid() is None):
        return
    with ledger.look() as connection:
        stored, now = metrics.stored(connection), ledger.now(connection)
    answers = stored.get(measures.BROKER, {}).get("")
    if answers is not None and not answers.value:
        return  # heartbeats go by the broker, and `_broker` says what is the matter with that
    last: dict[str, float] = {}
    for name, beat in stored.get(measures.HEARTBEAT, {}).items():
        kind = name.partition("@")[0]
        last[kind] = max(beat.value, last.get(kind, 0.0))
    for kind, at in sorted(last.items()):
        if now - at > measures.SILENT:
            what = f"no `{kind}` has sent a heartbeat for {now - at:,.0f} s: look whether one runs, and restart it"
            yield Finding("unsafe", f"{what} (docs/runbook.md, `Worker stuck or gone`)")


def _retention() -> Iterator[Finding]:
    """Whether the retention file can be read: until then nothing is taken from the ledger."""
    if file := settings().retention_file:
        read_retention_policy(file)
        yield Finding("fine", f"{file} says what is kept for how long")


_kept: ContextVar[dict[str, list[Outlet]]] = ContextVar("_kept")
"""What the parts of an examination read once."""


def _everyone() -> list[Outlet]:
    if not home.ledger_is_there():
        return []
    kept = _kept.get({})
    if "outlets" not in kept:
        with ledger.look() as connection:
            kept["outlets"] = outlets.everyone(connection)
    return kept["outlets"]


def _disabled() -> Iterator[Finding]:
    """Outlets that are gone, or whose host failed for days."""
    found = [outlet.id for outlet in _everyone() if outlet.status == "disabled"]
    if found:
        with ledger.look() as connection:
            reasons = outlets.status_reasons(connection)
        shown = _some(f"{name} ({printable(reasons.get(name) or 'no reason is known')})" for name in found)
        what = "outlets are disabled, and get nothing until `fanwire outlets resume ID`"
        yield Finding("note", f"{len(found):,} {what}: {shown}")


def _unverified() -> Iterator[Finding]:
    """Outlets that nobody has verified."""
    found = [outlet.id for outlet in _everyone() if outlet.status == "unverified"]
    if found:
        what = "outlet is not verified, and gets" if len(found) == 1 else "outlets are not verified, and get"
        until = "nothing until `fanwire outlets verify ID`"
        yield Finding("note", f"{len(found):,} {what} {until}: {_some(found)}")


def _resting() -> Iterator[Finding]:
    """Hosts and outlets that failed lately, so that nothing is sent to them for a while."""
    active = [outlet for outlet in _everyone() if outlet.status == "active"]
    if not active or (broker.embedded() and home.up_pid() is None):
        return
    subjects = sorted({host_of(outlet.url) for outlet in active}) + [outlet_subject(outlet.id) for outlet in active]
    with closing(broker.shared_state()) as state:
        rests = Breaker(state, deadline=0).rests(subjects, time.time()) or {}
    yield from _rest("host", {host: until for host, until in rests.items() if outlet_of(host) is None})
    yield from _rest("outlet", {id: until for subject, until in rests.items() if (id := outlet_of(subject))})


def _rest(what: str, rests: Mapping[str, float]) -> Iterator[Finding]:
    if rests:
        shown = _some(f"{name} (until {moments.shown(until)})" for name, until in rests.items())
        yield Finding("note", f"{counted(len(rests), what)} failed, and nothing is sent there for now: {shown}")


def _some(texts: Iterable[str]) -> str:
    """The first of them, and that there are more."""
    found = list(texts)
    return ", ".join(found[:SHOWN]) + (", …" if len(found) > SHOWN else "")


def _documents() -> Iterator[Finding]:
    """Outlets of the ledger that an import would refuse now: they were imported under other rules or packages."""
    rules = offered()
    refused = []
    for outlet in _everyone():
        try:
            read_outlet(json.loads(outlet.to_json()), rules)
        except DocumentRefused as found:
            refused.append(f"{outlet.id} ({'; '.join(map(str, found.problems))})")
    if refused:
        shown = ", ".join(refused[:SHOWN]) + (", …" if len(refused) > SHOWN else "")
        have = f"{_outlets(len(refused))} {'has' if len(refused) == 1 else 'have'}"
        yield Finding("unsafe", f"{have} a document that an import would refuse now: {shown}")


def _secrets() -> Iterator[Finding]:
    named: dict[str, str] = {}  # and one outlet that names it
    for outlet in _everyone():
        for reference in (*outlet.auth.references, outlet.auth.next_secret):
            if reference and refusal(reference) is None:  # else `_documents` has named it
                named.setdefault(reference, outlet.id)
    missing: dict[str, str] = {}
    for reference, outlet_id in named.items():
        try:
            resolve(reference)
        except SecretMissing as error:
            missing[reference] = f"{error} (outlet {outlet_id})"
    for problem in missing.values():
        yield Finding("unsafe", problem)
    if any(reference.startswith("env:") for reference in named):
        yield Finding("note", "env: secrets were looked up in this shell; the worker `deliver` has its own environment")
    if named and not missing:
        yield Finding("fine", "every secret that an outlet names can be read here")


def _addresses() -> Iterator[Finding]:
    """Outlets whose URL is a refused address as it stands; what a name resolves to is seen when it is dialled."""
    allows = AddressPolicy(settings().allowed_networks).allows
    refused = []
    for outlet in _everyone():
        host = urlsplit(outlet.url).hostname or ""
        if is_address(host) and not allows(host):
            refused.append(f"{outlet.id} ({host})")
    if refused:
        shown = ", ".join(refused[:SHOWN]) + (" …" if len(refused) > SHOWN else "")
        have, get = ("outlets have", "get") if len(refused) > 1 else ("outlet has", "gets")
        yield Finding(
            "note",
            f"{len(refused):,} {have} an address that is not public, and {get} nothing unless "
            f"FANWIRE_ALLOWED_NETWORKS allows it: {shown}",
        )


def _folders() -> Iterator[Finding]:
    """Whether files for outlets can be written to the folders of this machine that are allowed."""
    for folder in settings().delivery_folders:
        if not folder.is_dir():
            yield Finding("note", f"{folder} (FANWIRE_DELIVERY_FOLDERS) is no folder here; `deliver` must see it")
        elif not os.access(folder, os.W_OK | os.X_OK):
            yield Finding("note", f"{folder} (FANWIRE_DELIVERY_FOLDERS) cannot be written to by this user")
    for outlet in _everyone():
        if outlet.url.startswith("file:") and (why := refused_folder(folder_of(outlet.url))):
            yield Finding("note", f"{outlet.id} gets nothing: {urlsplit(outlet.url).path} {why}")


def _mail() -> Iterator[Finding]:
    """Whether e-mails can be sent from here, and what comes back of them is read."""
    policy = settings()
    count = sum(outlet.url.startswith("mailto:") for outlet in _everyone())
    if count and policy.smtp_url is None:
        takes = "takes" if count == 1 else "take"
        here = "FANWIRE_SMTP_URL is not set in this shell; the worker `deliver` has its own environment"
        yield Finding("note", f"{_outlets(count)} {takes} e-mails, and {here}")
    if policy.smtp_url is not None:
        relay = mail_relay()
        assert relay is not None
        if not relay.starttls and relay.url.startswith("smtp:"):
            yield Finding("note", f"e-mails go to the relay {relay.host} without encryption (tls=none)")
        if policy.bounce_domain is None:
            yield Finding("note", "FANWIRE_BOUNCE_DOMAIN is not set: what comes back of e-mails is not told apart, and "
                          "nobody reads it")  # fmt: skip
    if policy.bounces_url is not None and policy.bounce_domain is None:
        yield Finding("unsafe", "FANWIRE_BOUNCES_URL is set without FANWIRE_BOUNCE_DOMAIN: the mailbox is not read")


def _feeds() -> Iterator[Finding]:
    """How those who fetch reach the web server, and feeds that nobody can read."""
    base, fetching = settings().web_url, [outlet.id for outlet in _everyone() if outlet.url == "pull:"]
    if base and offered().destinations.exposed(base):
        yield Finding(
            "unsafe", f"FANWIRE_WEB_URL is {base}: secret addresses of feeds would go over http://; use https://"
        )
    if settings().websub_hub and not base:
        yield Finding(
            "note", "the hub of feeds hears nothing: FANWIRE_WEB_URL, under which it fetches them, is not set"
        )
    if not fetching:
        return
    if not base:
        yield Finding("note", "nobody but this machine reaches feeds: FANWIRE_WEB_URL is not set")
    with ledger.look() as connection:
        addressed = feed_addresses.of(connection, fetching, ledger.now(connection))
    if without := [outlet_id for outlet_id in fetching if outlet_id not in addressed]:
        have = f"{_outlets(len(without))} {'has' if len(without) == 1 else 'have'}"
        yield Finding(
            "note", f"{have} a feed without an address: {_some(without)}; `fanwire feeds rotate ID` makes one"
        )


def _outlets(count: int) -> str:
    return f"{count:,} outlet{'s' * (count != 1)}"


def _translation() -> Iterator[Finding]:
    """The translation file and its engines."""
    file = settings().translation_file
    standings = engines.standings()
    which = f"the translation file is {file}" if file else "there is no translation file: OpenCC and Apertium translate"
    yield Finding("fine", f"{which}; engines: {', '.join(one.name for one in standings) or 'none'}")
    missing = [problem for one in standings for problem in engines.unreadable_secrets(one)]
    for problem in missing:
        yield Finding("unsafe", problem)
    if any((one.document.key or "").startswith("env:") for one in standings):
        yield Finding(
            "note", "env: keys of engines were looked up in this shell; the worker `translate` has its own environment"
        )
    for one in standings:
        if one.problem:
            yield Finding("note" if one.problem == NO_PAIRS else "unsafe", f"engine {one.name}: {one.problem}")
        if one.rests:
            yield Finding("note", f"engine {one.name} {one.rests}; `fanwire engines wake {one.name}` ends it")
        if one.reads and (why := engines.cannot_read(one)):
            yield Finding("unsafe", f"{one.name} reads {', '.join(one.reads)}, and {why}")
        if engines.exposed(one.document):
            yield Finding("unsafe", f"engines.{one.name}.url: its key goes over http:// to another machine; use https")


def _languages() -> Iterator[Finding]:
    """Languages that outlets take and no engine goes to, or only to make drafts."""
    configuration = read_configuration(settings().translation_file)
    standings = {one.name: one for one in engines.standings()}
    taking = Counter(
        language
        for outlet in _everyone()
        for language in (outlet.languages if outlet.machine_translation != "refuse" else ())
    )
    without = {
        language: number
        for language, number in taking.most_common()
        if not any(reaches(standings[name].pairs, language) for name in configuration.order(language))
    }
    drafts = {
        language: (number, names)
        for language, number in taking.most_common()
        if language not in without and (names := _only_drafts(language, configuration, standings))
    }
    if without:
        shown = ", ".join(f"{language} ({_outlets(number)})" for language, number in without.items())
        what = "no engine translates into these, so they go out only as supplied"
        yield Finding("note", f"{what}: {shown}; `fanwire engines fetch` installs models for many languages")
    if drafts:
        shown = ", ".join(f"{language} by {names} ({_outlets(number)})" for language, (number, names) in drafts.items())
        what = "drafts wait for an editor in these languages (docs/translation.md, Review)"
        yield Finding("note", f"{what}, but for what people approved or producers supplied: {shown}")


def _only_drafts(language: str, configuration: TranslationDocument, standings: dict[str, engines.Standing]) -> str:
    """The engines that translate into a language, if all of them make drafts of it only; empty if not."""
    names = []
    for name in configuration.order(language):
        there = {pair: grade for pair, grade in standings[name].grades.items() if reaches([pair], language)}
        if PUBLISH in there.values():
            return ""
        names += [name] if there else []
    return " and ".join(names)


def _house_texts() -> Iterator[Finding]:
    """Languages that outlets take, and in which the wire cannot say what stands around a release."""
    taking = Counter(language for outlet in _everyone() for language in outlet.languages)
    without = {language: number for language, number in taking.most_common() if not _has_house_texts(language)}
    if without:
        shown = ", ".join(f"{language} ({_outlets(number)})" for language, number in without.items())
        what = "deliveries in these languages stay held, for there are no house texts (CONTRIBUTING.md, `A language of"
        yield Finding("note", f"{what} your own`): {shown}")


def _has_house_texts(language: str) -> bool:
    try:
        house_text(language)
    except HouseTextMissing:
        return False
    return True


def _dictionaries() -> Iterator[Finding]:
    """Languages whose words are not checked in translations, for want of a package."""
    languages = {
        language for outlet in _everyone() for language in outlet.languages if outlet.machine_translation != "refuse"
    }
    missing = {language: packages for language in sorted(languages) if (packages := missing_packages(language))}
    if missing:
        names = " ".join(dict.fromkeys(package for some in missing.values() for package in some))
        what = f"no dictionary is here for translations into {', '.join(missing)}, so the check `spelling` is off"
        yield Finding("note", f"{what}: apt-get install --no-install-recommends {names}")


def _media() -> Iterator[Finding]:
    """Whether the store of media answers, and whether the files of releases can be kept there."""
    if not settings().home.is_dir():
        return
    store = configured_store()
    store.size("0" * 64)
    if isinstance(store, Folder):
        if store.path.is_dir() and not os.access(store.path, os.W_OK | os.X_OK):
            yield Finding(
                "unsafe", f"media: nothing can be written to {store.path}, so releases with pictures stay held"
            )
            return
        yield Finding("fine", f"pictures and other files of releases are kept in {store.path}")
    else:
        yield Finding("fine", f"pictures and other files of releases are kept in the bucket {settings().media_url}")


PARTS = (
    _home, _modes, _plugins, _broker, _shared_state, _clear_text, _at_the_door, _producers, _ledger, _workers,
    _retention, _documents, _disabled, _unverified, _resting, _secrets, _addresses, _folders, _mail, _feeds, _media,
    _translation, _languages, _house_texts, _dictionaries,
)  # fmt: skip
"""Everything that is looked at once the settings are sound, in this order."""
WITHOUT_LEDGER = (_home, _modes, _plugins, _broker, _clear_text, _producers, _retention, _media)
"""What can be looked at while the ledger does not answer."""
