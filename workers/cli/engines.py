"""`fanwire engines …`: what translates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tasks.building import engine_meter
from tasks.model.languages import LanguageTag
from tasks.runtime.foreign_text import printable
from tasks.runtime.settings import settings
from tasks.translation.configuration import read_configuration
from tasks.translation.engine_support.metering import unlimited
from tasks.translation.meaning.faults import BEST
from tasks.translation.trial import UnitTrial
from workers import comparison, engines
from workers.cli import models
from workers.cli.rows import need_ledger
from workers.cli.screen import JsonOption, out, print_json, print_rows

app = typer.Typer(no_args_is_help=True, help="List and test the translation engines, and close their circuit breakers.")

NOT_COUNTED = "not counted"
"""Of engines without limits, budget and price."""
SPENT = "its budget of this month is used up"


def _tag(value: str | None) -> str | None:
    try:
        return value and LanguageTag(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List the engines: pairs of languages, grade (publish or draft), how much people changed in what they made (edits
    to each word that was approved in the last 180 days), what they used of limits and budget, and whether their circuit
    breaker is open."""
    found = engines.standings()
    if as_json:
        print_json([engines.as_json(standing) for standing in found])
        return
    print_rows(
        ("engine", "type", "pairs", "grade", "edited", "this minute", "this month", "is"),
        [_row(one) for one in found],
    )


def _row(one: engines.Standing) -> tuple[str, ...]:
    grade = engines.grade_in_words(one)
    edited = engines.edit_rates_in_words(one)
    return one.name, one.type, f"{len(one.pairs):,}", grade, edited, _minute(one), _month(one), _stands(one)


def _minute(one: engines.Standing) -> str:
    if unlimited(one.document):
        return NOT_COUNTED
    limit, use = one.document.per_minute, one.use
    requests = _of(use.minute_requests, limit.requests)
    return f"{requests} requests, {_of(use.minute_characters, limit.characters)} characters"


def _month(one: engines.Standing) -> str:
    if unlimited(one.document):
        return NOT_COUNTED
    budget, use = one.document.budget, one.use
    cost = f", cost {use.month_cost:.2f}" + (f" of {budget.cost:.2f}" if budget.cost is not None else "")
    return f"{_of(use.month_characters, budget.characters)} characters{cost if one.document.price else ''}"


def _of(number: int, most: int | None) -> str:
    return f"{number:,}" if most is None else f"{number:,} of {most:,}"


def _stands(one: engines.Standing) -> str:
    failing = f", failed {one.use.failures} times in a row: {one.use.reason}" if one.use.failures else ""
    ready = SPENT if _spent(one) else f"ready ({one.model})"
    reads = f", reads {', '.join(one.reads)}" if one.reads else ""
    return one.problem or engines.unreadable_key(one) or one.rests or f"{ready}{reads}{failing}"


def _spent(one: engines.Standing) -> bool:
    budget, use = one.document.budget, one.use
    return any(
        most is not None and used >= most
        for used, most in ((use.month_characters, budget.characters), (use.month_cost, budget.cost))
    )


@app.command("test")
def try_(
    name: Annotated[str, typer.Argument(help="The name of the engine in the translation file.")],
    text: Annotated[
        str | None, typer.Argument(help="Some sentences, in which <a>…</a> is a link; a sample if left out.")
    ] = None,
    source: Annotated[str | None, typer.Option("--from", help="The language of the text, such as en.")] = None,
    target: Annotated[str | None, typer.Option("--to", help="The language to translate into, such as de.")] = None,
    translation: Annotated[
        str | None,
        typer.Option(
            help="A translation of TEXT: the engine reads it as a second reader does, and translates nothing."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Translate a text with an engine as in a release, also with an open breaker or over its limits. Names and figures
    are protected, sentences cut, answers checked and typeset; only the memory is not asked. Shows what the engine was
    sent (protected pieces in […]), what it answered, what the checks found, and the result. This counts as usage."""
    if translation is not None:
        _judge(engines.judge(name, _tag(source), _tag(target), text, translation), as_json=as_json)
        return
    tried = engines.try_out(name, _tag(source), _tag(target), text)
    if as_json:
        print_json(tried.to_dict())
    elif tried.error:
        _print(f"{name} {tried.source}→{tried.target}: {tried.error}: {tried.reason}")
        _show_units(tried)
    else:
        _print(f"{name} {tried.source}→{tried.target}, {tried.model}, after {tried.seconds} s")
        _show_units(tried)
    if tried.error:
        raise typer.Exit(1)


def _judge(found: engines.Judged, *, as_json: bool) -> None:
    if as_json:
        print_json(found.to_dict())
    elif found.error:
        _print(f"{found.engine} {found.source}→{found.target}: {found.error}: {found.reason}")
    else:
        _print(f"{found.engine} {found.source}→{found.target}, {found.version}: score {found.score} of {BEST}")
        for fault in found.faults:
            _print(f"  {fault}")
    if found.error:
        raise typer.Exit(1)


def _show_units(tried: engines.Tried) -> None:
    for unit in tried.units:
        _print(f"\nsource    {unit.source}")
        for question in unit.questions:
            _print(f"sent      {question.sent}")
            _print(f"answered  {question.answered}")
        for problem in dict.fromkeys(unit.problems):
            if problem != unit.looks_wrong:
                _print(f"refused   {problem}")
        _print(f"result    {'none' if unit.result is None else unit.result}")
        if unit.looks_wrong:
            _print(f"look at   {unit.looks_wrong} (a draft has it, for an editor to mend)")


def _print(line: str) -> None:
    out.print("\n".join(map(printable, line.split("\n"))), markup=False)


@app.command("compare")
def compare_(
    source: Annotated[str, typer.Argument(help="The language of the file, such as en.")],
    target: Annotated[str, typer.Argument(help="The language to translate into, such as fr.")],
    file: Annotated[
        Path, typer.Argument(help="A release document, or sentences, one a line, in which <a>…</a> is a link.")
    ],
    only: Annotated[
        list[str] | None, typer.Option("--engine", help="Only this engine; may be repeated. All that can if left out.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show engines side by side on a file: what each makes of every sentence the whole way of a release, what the
    checks refuse, how long it takes, and what it costs by the prices of the translation file. This counts as usage, and
    keeps within limits and budgets."""
    material = comparison.read_material(file.read_bytes(), str(_tag(source)))
    found = comparison.compare(material, str(_tag(target)), only)
    if as_json:
        print_json(found.to_dict())
    else:
        _show_comparison(found)
    if not any(one.passed for one in found.engines):
        raise typer.Exit(1)


def _show_comparison(found: comparison.Comparison) -> None:
    width = max(len("source"), *(len(one.engine) for one in found.engines))
    for source in found.sources:
        _print(f"{'source'.ljust(width)}  {source}")
        for name, unit in found.of(source):
            _print(f"{name.ljust(width)}  {_made(unit)}")
        _print("")
    print_rows(
        ("engine", "passed", "seconds", "characters", "cost", "model"),
        [
            (one.engine, f"{one.passed} of {len(found.sources)}", f"{one.seconds:.1f}", f"{one.characters:,}",
             "no price" if one.cost is None else f"{one.cost:.4f}", one.model or "")
            for one in found.engines
        ],
    )  # fmt: skip
    for one in found.engines:
        if one.stopped:
            _print(f"{one.engine} stopped: {one.stopped}")
    for name, reason in found.cannot.items():
        _print(f"{name} was not asked: {reason}")


def _made(unit: UnitTrial | None) -> str:
    if unit is None:
        return "(not reached)"
    if unit.result is None:
        return f"(refused) {'; '.join(dict.fromkeys(unit.problems))}"
    return f"{unit.result} (look at: {unit.looks_wrong})" if unit.looks_wrong else unit.result


@app.command()
def wake(name: Annotated[str, typer.Argument(help="The name of the engine in the translation file.")]) -> None:
    """Close an engine's circuit breaker and retry the translations held for it."""
    engines.find(read_configuration(settings().translation_file), name)
    need_ledger()
    freed = engine_meter.wake(name)
    what = "1 translation is" if freed == 1 else f"{freed:,} translations are"
    out.print(f"{name} may be asked again; {what} tried now", markup=False)


app.registered_commands += models.app.registered_commands
