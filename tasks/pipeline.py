"""The Celery tasks: the way of a release, read from top to bottom.

    plan ──► translate (one per language) ──► format (one per language) ──► deliver (a drain for whatever is due)
     └─────► fetch (pictures and other files) ──┘

A task message is a *hint*: "there is work". It carries ids, and the ledger says what the work is. So a lost message
means only lateness (the clock finds what was missed, `tasks/operations/sweep.py`), and a doubled one finds the work
claimed or done. That is why every task may run at any time, any number of times, in any order; and why none has
retries, results or an ETA: Celery on Redis keeps none of these safely (ARCHITECTURE, "Why messages are only hints").
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import islice
from math import ceil
from typing import Any

import structlog
from celery import Task, shared_task
from celery.signals import task_postrun, task_prerun, worker_process_shutdown
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from structlog.contextvars import bind_contextvars, unbind_contextvars

from tasks import ledger, planning, review
from tasks.building.fetching import fetch_media
from tasks.building.renditions import build_renditions, own_formats
from tasks.building.translations import build_translation
from tasks.delivery import drain
from tasks.delivery.admission.shared_state import SharedState
from tasks.ledger import deliveries, elections, notices, releases
from tasks.media_store.store import archive_store, configured_store
from tasks.model.retention_policy import DAY, read_retention_policy
from tasks.operations import hub_pings, journals, notifications, sweep, webhooks
from tasks.operations.bounces import MailboxAway, notice_mailbox_away, read_bounces
from tasks.operations.retention import log_files, retention_run
from tasks.operations.retention.pace import Pace
from tasks.operations.sealer import Sealing, seal
from tasks.policies import delivery_policy, fetch_policy, journals_folder
from tasks.runtime import shutdown, tracing, trust
from tasks.runtime.errors import ConfigurationRefused, UserError
from tasks.runtime.seal_key import head_file, seal_key
from tasks.runtime.settings import settings

log = structlog.get_logger()

RETENTION_BUDGET = 60.0
"""Seconds after which a run of retention leaves the rest to the next one."""
RETENTION_REST = 590.0
"""Seconds for which nobody runs retention after a run that has left nothing."""
RETENTION_TERM = 180.0
"""Seconds after which a process that runs retention counts as gone. Two at once do no harm."""
BOUNCES_TERM = 120.0
"""Seconds after which a process that reads bounces counts as gone. Two at once do no harm."""
PLANS_WAITING = 10
"""Hints to plan on the queue beside which the clock leaves no more."""


@task_prerun.connect
def _bind_task(task_id: str, task: Task[Any, Any], args: Sequence[Any] = (), **_: Any) -> None:
    """Every line that is logged while a task runs names the task and its id, as Flower shows them, and which release
    and language the task is for."""
    bind_contextvars(task=task.name, task_id=task_id, **dict(zip(_OF.get(task.name, ()), args, strict=False)))


@task_postrun.connect
def _unbind_task(**_: Any) -> None:
    unbind_contextvars("task", "task_id", *_OF["format"])


@worker_process_shutdown.connect
def _send_spans(**_: Any) -> None:
    """A process of a pool that ends takes no span with it."""
    tracing.flush()


_OF = {"plan": ("release_id",), "translate": ("release_id", "language"), "format": ("release_id", "language")}
"""What the arguments of a task are."""


@shared_task(name="plan")
def plan(release_id: int) -> str:
    """Match the outlets of a release and write its deliveries."""
    began = time.time()

    def prepare(release_id: int, language: str, formats: Collection[str]) -> None:
        build_renditions(release_id, language, own_formats(formats))

    def written(planned: planning.Plan, due: bool) -> None:
        if due:
            hint_drains(shown=planned.name)

    def counted(planned: planning.Plan) -> None:
        _hint_building(release_id, planned)

    planned = planning.plan(release_id, policy=review.policy, prepare=prepare, written=written, counted=counted)
    if planned is None:
        return f"planned before · {_name(release_id)}"
    log.info("release planned", release=planned.name, outcome=str(planned))
    tracing.stage("plan", planned.name, began, outcome=str(planned))
    return f"{planned} · {planned.name}"


def _hint_building(release_id: int, planned: planning.Plan) -> None:
    """Queue what has to be built for a release."""
    if planned.to_fetch:
        hint(fetch, shown=f"media of {planned.name}", urgency=planned.urgency)
    for language in planned.to_format:
        hint(format, release_id, language, shown=f"{planned.name} {language}", urgency=planned.urgency)
    for language in planned.to_translate:
        shown = f"{planned.name} {language}"
        hint(translate, release_id, language, planned.urgency, shown=shown, urgency=planned.urgency)


def _name(release_id: int) -> str:
    """A release as operations know it."""
    with ledger.read() as connection:
        return releases.headings(connection, [release_id])[release_id].name


@shared_task(name="translate")
def translate(release_id: int, language: str, urgency: int = 5) -> str:
    """Build the translation of a release into one language, and queue `format` for it."""
    began = time.time()
    built = build_translation(release_id, language)
    tracing.stage("translate", built.release, began, language=language, outcome=str(built))
    if not built.held:
        hint(format, release_id, language, shown=f"{built.release} {language}", urgency=urgency)
    return f"{built} · {built.release} · {language}"


@shared_task(name="format")
def format(release_id: int, language: str) -> str:
    """Build the renditions of one language of a release, and queue `deliver`."""
    began = time.time()
    built = build_renditions(release_id, language)
    tracing.stage("format", built.release, began, language=language, outcome=str(built))
    log.info("renditions built", release=built.release, outcome=str(built))
    hint_drains(shown=f"{built.release} {language}")
    return f"{built} · {built.release} · {language}"


@shared_task(name="fetch")
def fetch() -> str:
    """Fetch the pictures and other files of releases until there are none to fetch, and queue `format` for these."""
    fetched = fetch_media(fetch_policy(), configured_store(), stopping=shutdown.asked)
    for key in fetched.to_format:
        hint(format, key.release_id, key.language, shown=f"{_name(key.release_id)} {key.language}")
    if fetched.more:
        hint(fetch, shown="media")
    return str(fetched)


@shared_task(name="deliver")
def deliver() -> str:
    """Deliver what is due until nothing is, or the time budget is used."""
    began = time.time()
    summary = drain(delivery_policy(), stopping=shutdown.asked, shared_state=shared_state(deliver.app.conf))
    for name, verdicts in summary.verdicts.items():
        tracing.stage("deliver", name, began, **{str(verdict): n for verdict, n in verdicts.items()})
    if summary.more_due:
        hint_drains(shown="more is due")
    return str(summary)


@shared_task(name="notify")
def notify() -> str:
    """Post what operations should know: an outlet is gone, a host has failed for days."""
    address = settings().notice_url
    posted = notifications.post_notices(address, trust.bundle()) if address else 0
    return f"{posted} notices posted" if posted else "—"


@shared_task(name="bounces")
def bounces() -> str:
    """Read what came back of e-mails, if no other process does."""
    mailbox, domain = settings().bounces_url, settings().bounce_domain
    if mailbox is None or domain is None:
        return "—"
    me = ledger.worker_name()
    with ledger.write() as connection:
        now = ledger.now(connection)
        if not elections.run_for(connection, "bounces", me, now, until=now + BOUNCES_TERM):
            return "another process reads them"
    try:
        summary = read_bounces(mailbox, domain, trust.bundle())
    except MailboxAway as error:
        notice_mailbox_away(str(error))
        return f"not read: {error}"
    finally:
        with ledger.write() as connection:
            elections.run_for(connection, "bounces", me, now, until=now)
    if summary.more:
        hint(bounces, shown="more has come back")
    return str(summary)


@shared_task(name="ping")
def ping() -> str:
    """Tell the hub (WebSub) which feeds have changed."""
    hub, base = settings().websub_hub, settings().web_url
    if not hub or not base:
        return "—"
    told, failed = hub_pings.ping(hub, base, delivery_policy())
    return f"{failed} feeds failed, {told} told" if failed else f"{told} feeds told"


@shared_task(name="retain")
def retain() -> str:
    """Take from the ledger what the retention file no longer keeps, if no other process does, for a minute at most."""
    found, me = settings(), ledger.worker_name()
    with ledger.write() as connection:
        now = ledger.now(connection)
        if elections.holder(connection, "retention", now) is not None:
            return "another process does, or did so minutes ago"
        if not elections.run_for(connection, "retention", me, now, until=now + RETENTION_TERM):
            return "another process does"
    rest = 0.0
    try:
        policy = read_retention_policy(found.retention_file)
        log_files.remove_old(found.home / "log", now - policy.days.logs * DAY)
        summary = retention_run.run(
            policy,
            archive=archive_store(),
            media=configured_store(),
            pace=Pace(RETENTION_BUDGET, shutdown.asked),
            address_days=found.media_days,
        )
        rest = RETENTION_REST if summary.finished else 0.0
    except (UserError, OSError) as error:
        with ledger.write() as connection:
            notices.add_unless_known(connection, "retention", "policy and stores", str(error), now)
        return f"not done: {error}"
    finally:
        with ledger.write() as connection:
            elections.run_for(connection, "retention", me, now, until=ledger.now(connection) + rest)
    log.info("retention", outcome=str(summary), longest_lock=round(summary.longest_lock, 4))
    return str(summary)


@shared_task(name="tell_producers")
def tell_producers() -> str:
    """Tell producers at their webhooks what has become of their releases."""
    told, failed = webhooks.send(delivery_policy())
    return f"{failed} messages failed, {told} arrived" if failed else f"{told} messages arrived"


def shared_state(conf: Any) -> SharedState:
    """What the drains of this wire know together, as the application was configured with it: one for each process, so
    that it notes when Redis was away."""
    return conf.shared_state if "shared_state" in conf else SharedState(None)


def take_in_journals() -> None:
    """Write into the ledger what drains of this machine had read when they ended (the clock of every worker does this,
    elected or not: the elected one may be on a machine that cannot see the journals)."""
    journals.take_in(journals_folder())


def sweep_ledger(now: float) -> sweep.Found:
    """Look once through the ledger for what is late (the clock of a worker does this, and then `hint_all`)."""
    found = settings()
    policy = sweep.SweepPolicy(
        build_retry=found.build_retry,
        retry_horizon=found.retry_horizon,
        memory_days=found.memory_days,
        translation_file=found.translation_file,
        journals=journals_folder(),
        web_url=found.web_url or "",
    )
    return sweep.sweep(now, policy)


def seal_ledger(now: float) -> None:
    """Seal some of what is final and not sealed (the clock of a worker does this after its sweep)."""
    if sealing := _sealing():
        seal(now, sealing)


@cache
def _sealing() -> Sealing | None:
    try:
        return Sealing(seal_key(), head_file())
    except (OSError, ConfigurationRefused) as error:
        log.warning("nothing is sealed, for there is no key: set FANWIRE_SEAL_KEY", error=str(error))
        return None


def hint_drains(due: int | None = None, *, shown: str = "what is due") -> None:
    """Queue as many `deliver` tasks as have something to do, less those that wait already; each takes whatever is due.

    `due`: how many deliveries are due; counted here if left out.
    """
    drains, chunk = settings().drains, settings().claim_chunk
    enough = ceil((_due(drains * chunk) if due is None else due) / chunk)
    try:
        for _ in range(min(drains, enough) - waiting("deliver")):
            hint(deliver, shown=shown)
    except (KombuError, OSError) as error:
        log.warning("hint lost", task="deliver", error=str(error))


def _due(at_most: int) -> int:
    """How many deliveries are due, up to `at_most`; so many if the ledger cannot say."""
    try:
        with ledger.read() as connection:
            return deliveries.count_due(connection, ledger.now(connection), at_most)
    except DBAPIError:
        return at_most


def hint_bounces() -> None:
    """Queue `bounces` if the wire has an address for them, and the queue `format` is empty."""
    if settings().bounce_domain:
        hint_aside(bounces)


def hint_retention() -> None:
    """Queue `retain` if the queue `format` is empty."""
    hint_aside(retain)


def hint_aside(task: Task[Any, Any]) -> None:
    """Queue a task that tells or asks others something, if the queue `format` is empty: the worker that reads both has
    nothing else to do then."""
    try:
        if not waiting("format"):
            hint(task)
    except (KombuError, OSError) as error:
        log.warning("hint lost", task=task.name, error=str(error))


def waiting(queue: str) -> int:
    """Number of messages on a queue that no worker has taken yet; raises OperationalError while the broker is away."""
    with deliver.app.connection_or_acquire() as connection:
        try:
            # Declared and not only asked for: RabbitMQ closes a channel when it is asked for a queue that is not there.
            options = {
                "durable": True,
                "auto_delete": False,
                "arguments": deliver.app.amqp.queues[queue].queue_arguments,
            }
            return int(connection.default_channel.queue_declare(queue=queue, **options).message_count)
        except (*connection.connection_errors, *connection.channel_errors, RedisError) as error:
            raise OperationalError(str(error)) from error  # as kombu does by itself when it publishes


def hint_all(found: sweep.Found) -> None:
    """Queue a task for everything a sweep found late (the clock of a worker calls this)."""
    _hint_plans(found.to_plan, found.names)
    for task, keys in ((translate, found.to_translate), (format, found.to_format)):
        for key in keys:
            hint(task, key.release_id, key.language, shown=f"{found.names.get(key.release_id, '')} {key.language}")
    if found.to_fetch:
        hint(fetch, shown="media")
    if found.due:
        hint_drains(found.due)
    if found.unposted and settings().notice_url:
        hint_aside(notify)
    if found.untold:
        hint_aside(tell_producers)
    if found.unpinged and settings().websub_hub and settings().web_url:
        hint_aside(ping)


def hint_new() -> None:
    """Queue `plan` for releases and kills that came without a hint, by the door or the page: web servers leave none
    (the clock of a worker does this between its sweeps)."""
    with ledger.read() as look:
        now = ledger.now(look)
        if not releases.any_unplanned(look, now):
            return
    with ledger.write() as connection:
        to_plan = releases.unplanned(connection, now)
        headings = releases.headings(connection, to_plan)
    _hint_plans(to_plan, {id: heading.name for id, heading in headings.items()})


def _hint_plans(to_plan: Mapping[int, int], names: Mapping[int, str]) -> None:
    """Queue `plan` for releases that nobody has planned, while few such hints wait: in a burst a release waits on the
    queue longer than the clock is patient, and its hint is most probably there."""
    try:
        room = PLANS_WAITING - waiting("plan") if to_plan else 0
    except (KombuError, OSError) as error:
        log.warning("hint lost", task="plan", error=str(error))
        return
    for release_id, urgency in islice(to_plan.items(), max(0, room)):
        hint(plan, release_id, shown=names.get(release_id, ""), urgency=urgency)


def hint(task: Task[Any, Any], *ids: int | str, shown: str = "", urgency: int = 5) -> bool:
    """Say that there is work; False if the broker did not take the message, which the clock makes good.

    `shown` is what operations read as the task's arguments in Flower. On Redis priority 0 is the first to be read, so
    the urgency of a release is the priority of its hints; on RabbitMQ it is the other way round.
    """
    priority = 9 - urgency if str(task.app.conf.broker_url).startswith("amqp") else urgency
    options: dict[str, Any] = {"argsrepr": shown or "—", "kwargsrepr": "", "priority": priority}
    try:
        task.apply_async(ids, **options)
    except (KombuError, OSError) as error:
        log.warning("hint lost", task=task.name, ids=ids, error=str(error))
        return False
    return True
