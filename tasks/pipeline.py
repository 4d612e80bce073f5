"""The Celery tasks: the way of a release, read from top to bottom.

    plan ──► translate (a task per language) ──► format (a task per language) ──► deliver (one drain for whatever is due)

A task message is a *hint*: "there is work". It carries ids, and the ledger says what the work is. So a lost message
means only lateness (the clock finds what was missed, `tasks/sweep.py`), and a doubled one finds the work claimed or
done. That is why every task may run at any time, any number of times, in any order; and why none has retries,
results or an ETA: Celery on Redis keeps none of these safely (ARCHITECTURE, "Why messages are only hints").
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery import Task, shared_task
from kombu.exceptions import OperationalError

from tasks import making, planning, shutdown, sweep
from tasks.delivery import drain

log = structlog.get_logger()


@shared_task(name="plan")
def plan(release_id: int) -> str:
    """Match the outlets of a release and write its deliveries."""
    planned = planning.plan(release_id, time.time())
    if planned is None:
        return "plan · was done before"
    for language in planned.to_format:
        hint(format, release_id, language, shown=f"{planned.name} {language}", urgency=planned.urgency)
    for language in planned.to_translate:
        hint(
            translate,
            release_id,
            language,
            planned.urgency,
            shown=f"{planned.name} {language}",
            urgency=planned.urgency,
        )
    return (
        f"plan · {planned.name} · {planned.deliveries} deliveries, {len(planned.to_translate)} languages to translate"
    )


@shared_task(name="translate")
def translate(release_id: int, language: str, urgency: int = 5) -> str:
    """Make one language of a release."""
    held = making.make_translation(release_id, language)
    if held:
        return f"translate · {language} · held: {held}"
    hint(format, release_id, language, shown=f"release {release_id} {language}", urgency=urgency)
    return f"translate · {language} · made"


@shared_task(name="format")
def format(release_id: int, language: str) -> str:
    """Make the renditions of one language of a release."""
    held = {name: reason for name, reason in making.make_renditions(release_id, language).items() if reason}
    hint(deliver)
    return f"format · {language} · " + (f"held: {held}" if held else "made")


@shared_task(name="deliver")
def deliver() -> str:
    """Deliver what is due until nothing is, or the time budget is used."""
    summary = drain(stopping=shutdown.asked)
    if summary.more_due:
        hint(deliver)
    return f"deliver · {summary}"


def hint_all(found: sweep.Found) -> None:
    """Hint at everything a sweep found unmade (the clock of a worker calls this)."""
    for release_id in found.to_plan:
        hint(plan, release_id, shown=f"release {release_id}")
    for release_id, language in found.to_translate:
        hint(translate, release_id, language, shown=f"release {release_id} {language}")
    for release_id, language in found.to_format:
        hint(format, release_id, language, shown=f"release {release_id} {language}")


def hint(task: Task[Any, Any], *ids: int | str, shown: str = "", urgency: int = 5) -> bool:
    """Say that there is work; False if the broker could not be told, which the clock makes good.

    `shown` is what operations read as the task's arguments in Flower. On Redis priority 0 is the first to be read, so
    the urgency of a release is the priority of its hints.
    """
    try:
        task.apply_async(ids, argsrepr=shown or "—", kwargsrepr="", priority=urgency)
    except (OperationalError, OSError) as error:
        log.warning("hint lost", task=task.name, ids=ids, error=str(error))
        return False
    return True
