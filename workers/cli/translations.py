"""`fanwire translations …`: what was translated, sentence by sentence, and what people say of it."""

from __future__ import annotations

import getpass
import io
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Group
from rich.table import Column, Table
from rich.text import Text as Words

from tasks import review
from tasks.model.documents import DocumentRefused
from tasks.model.languages import LanguageTag
from tasks.review import NearMatch, Reviewed, ReviewedUnit, tmx_files
from tasks.runtime.errors import UserError
from tasks.runtime.foreign_text import printable
from tasks.runtime.moments import shown, utc
from tasks.runtime.settings import settings
from tasks.translation.doubts import Stretch
from tasks.translation.exchange import xliff
from tasks.translation.pieces import Close, Opaque, Open, Text
from workers.cli.rows import find_release, need_ledger, reading
from workers.cli.screen import JsonOption, counted, err, out, print_json, print_rows, standard_output, stop

app = typer.Typer(no_args_is_help=True, help="List, show and review translations: export, import, approve.")


class Format(StrEnum):
    """What a translation can be written as."""

    XLIFF = "xliff"
    TMX = "tmx"
    HTML = "html"


_DESPITE = " Correct the file; a number or name that only looks wrong is taken with --despite-warnings."
"""What can be done about units that were refused."""
_SUFFIXES = {
    ".xlf": Format.XLIFF, ".xliff": Format.XLIFF, ".tmx": Format.TMX, ".html": Format.HTML, ".htm": Format.HTML,
}  # fmt: skip
RETURNED = (".xlf", ".xliff", ".tmx")
"""Those of them that are taken back."""


def _tag(value: str) -> str:
    try:
        return LanguageTag(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


UriArgument = Annotated[str, typer.Argument(help="The URI of a release.")]
LanguageArgument = Annotated[str, typer.Argument(help="A language tag, such as de or zh-Hans.", callback=_tag)]
VersionOption = Annotated[int | None, typer.Option(help="The version of the release; the newest if left out.")]
OnlyVersionOption = Annotated[int | None, typer.Option(help="Refuse if this is not the newest version of the release.")]


@app.command("list")
def list_(
    release: Annotated[
        str | None,
        typer.Argument(help="The URI of a release; without it, list what waits for a person in all releases."),
    ] = None,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="List only what waits for a person, the oldest first.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the translations of a release; without a release, those that wait for a person. Counts the units that are
    open (nobody has translated them) and unread (an engine did), and the deliveries that wait for approval."""
    with reading() as connection:
        number = None if release is None else find_release(connection, release).id
        found = review.waiting(connection, number) if number is None or waiting else review.every(connection, number)
        fields = [one.to_dict() for one in found]
    if as_json:
        print_json([_with_moment(one) for one in fields])
        return
    if not fields:
        out.print("nothing waits for a person" if release is None or waiting else "nothing is to be translated")
        return
    print_rows(
        ("language", "state", "status", "engine", "units", "open", "unread", "waits",
         "release" if release is None else "reason"),
        [_cells(one, across=release is None) for one in fields],
    )  # fmt: skip


def _with_moment(fields: dict[str, Any]) -> dict[str, Any]:
    return fields | {"approved_at": None if fields["approved_at"] is None else utc(fields["approved_at"])}


def _cells(fields: dict[str, Any], *, across: bool) -> tuple[str, ...]:
    last = f"{fields['release']} v{fields['version']}" if across else printable(fields["reason"] or _by(fields))
    few = (f"{fields[name]:,}" if fields[name] else "" for name in ("open", "unread", "waits"))
    numbers = (str(fields["units"]), *few)
    return (fields["language"], fields["state"], fields["status"] or "", fields["engine"] or "", *numbers, last)


def _by(fields: dict[str, Any]) -> str:
    return f"approved by {fields['approved_by']}" if fields["approved_by"] else ""


@app.command()
def show(
    release: UriArgument, language: LanguageArgument, version: VersionOption = None, as_json: JsonOption = False
) -> None:
    """Show each sentence of a translation beside its source, and why sentences are open."""
    found, near = _find_with_near(release, language, version)
    if as_json:
        items = [_unit_as_dict(found, unit, near.get(unit.id, [])) for unit in found.units if unit.source]
        print_json(_with_moment(found.to_dict()) | {"items": items})
        return
    fields = found.to_dict()
    standing = fields["status"] or fields["state"]
    out.print(f"{found.release.name} in {language}: {standing}{_who(found)}", markup=False)
    if fields["reason"]:
        out.print(printable(fields["reason"]), markup=False, style="red")
    columns = (Column("", ratio=2), Column(found.source, ratio=5), Column(language, ratio=5))
    table = Table(*columns, expand=True, show_lines=True)
    for unit in found.units:
        if unit.source:
            table.add_row(
                _name(unit),
                marked([(piece, None) for piece in unit.source], said=True),
                _target(found, unit, near.get(unit.id, [])),
            )
    if table.row_count:
        out.print(table)
    out.print(f"{counted(fields['units'], 'unit')}, {fields['open']} open, {fields['unread']} unread", markup=False)
    if found.standing in ("checked", "unreviewed", "draft") and found.row.state == "made":
        out.print(f"stamp {found.as_read.stamp}; to approve what is shown here:", markup=False)
        out.print(found.as_read.command, markup=False, soft_wrap=True)


def _who(found: Reviewed) -> str:
    row = found.row
    if row.approved_at is None:
        return f", by {row.engine}" if row.state == "made" and row.engine else ""
    return f"{f' by {row.approved_by}' if row.approved_by else ''}, {shown(row.approved_at)}"


def _unit_as_dict(found: Reviewed, unit: ReviewedUnit, near: Sequence[NearMatch]) -> dict[str, Any]:
    kept = unit.record.model_dump(mode="json", include={"name", "source", "target", "engine", "model"})
    draft = unit.refused.model_dump(mode="json", include={"text", "engine", "model"}) if unit.refused else None
    doubts = [
        {"kind": doubt.kind, "words": _plain((piece,)), "why": doubt.why}
        for piece, doubt in unit.doubts(found.pair)
        if doubt and found.standing != "approved"
    ]
    matches = [
        {"score": one.score, "source": _plain(one.source), "target": _plain(one.target), "origin": one.origin}
        for one in near
    ]
    more = {"refused_draft": draft, "reasons": unit.reasons, "doubts": doubts, "near_matches": matches}
    return {"id": unit.id, **kept, "open": unit.open, "problem": unit.problem, **more}


def _plain(text: Text) -> str:
    return "".join(
        piece if isinstance(piece, str) else piece.shown if isinstance(piece, Opaque) else "" for piece in text
    )


def _name(unit: ReviewedUnit) -> Words:
    return Words.assemble(printable(unit.name), "\n" if unit.translator else "", (printable(unit.translator), "dim"))


def _target(found: Reviewed, unit: ReviewedUnit, near: Sequence[NearMatch]) -> Group:
    stretches = [] if found.standing == "approved" else unit.doubts(found.pair)
    parts = [marked(stretches or [(piece, None) for piece in unit.target])] if unit.draft else []
    whose = f"a draft by {unit.refused.engine}, which the checks refused: " if unit.refused else ""
    reasons = [] if found.standing == "approved" else unit.reasons
    parts += [Words(printable(whose + "; ".join(reasons)), style="red")] if reasons else []
    parts += [_compare(stretches)] if any(doubt and doubt.kind != "fault" for _, doubt in stretches) else []
    for one in near:
        said = Words(f"{one.score} % near match: {printable(_plain(one.source))}\n", style="dim")
        parts.append(said.append_text(marked([(piece, None) for piece in one.target])))
    return Group(*parts)


def _compare(stretches: Sequence[Stretch]) -> Words:
    """The figures and names that a reader has to compare, for screens without colours."""
    words = [_plain((piece,)).strip() for piece, doubt in stretches if doubt and doubt.kind != "fault"]
    return Words(printable(f"compare: {', '.join(dict.fromkeys(words))}"), style="dim")


_STYLES = {"fault": "reverse", "figure": "underline", "name": "underline"}
"""How doubtful words look on a terminal."""


def marked(text: Sequence[Stretch], *, said: bool = False) -> Words:
    """A text for the terminal: inline elements as ‹1 … 1›, opaque pieces as ⟦…⟧, as the source `said` them if so, and
    doubtful words underlined or reversed."""
    words = Words()
    for piece, doubt in text:
        if isinstance(piece, Open):
            words.append(f"‹{piece.id} ", style="cyan")
        elif isinstance(piece, Close):
            words.append(f" {piece.id}›", style="cyan")
        elif isinstance(piece, Opaque):
            shown = (piece.said if said else None) or piece.shown or piece.kind
            words.append(f"⟦{printable(shown)}⟧", style="yellow")
        else:
            words.append(printable(piece), style=_STYLES[doubt.kind] if doubt else None)
    return words


@app.command()
def export(
    release: UriArgument,
    language: LanguageArgument,
    output: Annotated[Path | None, typer.Option(help="The file to write; standard output if left out.")] = None,
    format: Annotated[
        Format | None,
        typer.Option(help="The format, if the name of --output does not say it; xliff for standard output."),
    ] = None,
    version: VersionOption = None,
) -> None:
    """Write a translation as XLIFF 2.1 or TMX for a translation tool, or as an HTML page to read side by side."""
    wanted = _format(format, output) or Format.XLIFF
    found, near = _find_with_near(release, language, version)
    if wanted is not Format.HTML and not found.units:
        stop(f"{found.release.name} in {language} has no units{_why_none(found)}")
    data = _exported(found, near, wanted)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(data)
        out.print(str(output), markup=False)
    else:
        standard_output(binary=True).write(data)


def _why_none(found: Reviewed) -> str:
    if not found.by_us:
        return ": the producer wrote it, and it goes out as it is"
    return f" yet: {printable(found.row.reason)}" if found.row.reason else " yet: no worker has begun it"


def _exported(found: Reviewed, near: Mapping[str, Sequence[NearMatch]], format: Format) -> bytes:
    if format is Format.HTML:
        return review.as_html(found, settings().wire_name, near).encode(errors="replace")
    if format is Format.XLIFF:
        return xliff.write(review.sheet_of(found, near))
    file = io.BytesIO()
    tmx_files.write(found, file, metadata.version("fanwire"))
    return file.getvalue()


def _format(format: Format | None, file: Path | None, named: Iterable[str] = tuple(_SUFFIXES)) -> Format | None:
    """What --format and the name of the file say; they must not contradict each other."""
    by_name = _SUFFIXES.get(file.suffix.lower()) if file else None
    if format and by_name and format != by_name:
        raise typer.BadParameter(f"--format {format} does not fit a file named {file}")
    if file and not format and not by_name:
        raise typer.BadParameter(f"{file} is not named {', '.join(named)}; name the format with --format")
    return format or by_name


@app.command("import")
def import_(
    release: UriArgument,
    language: LanguageArgument,
    file: Annotated[Path, typer.Argument(help="An XLIFF 2 or TMX file that `export` wrote.")],
    format: Annotated[
        Literal["xliff", "tmx"] | None, typer.Option(help="The format, if the name of the file does not say it.")
    ] = None,
    version: OnlyVersionOption = None,
    despite_warnings: Annotated[
        bool, typer.Option("--despite-warnings", help="Import sentences even if numbers or names in them look wrong.")
    ] = False,
    by: Annotated[
        str | None, typer.Option(help="The name of the person who approves; your user name if left out.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import what people translated or corrected: all of it, or nothing. The translation is then built again."""
    wanted = _format(Format(format) if format else None, file, RETURNED)
    if wanted is Format.HTML:
        raise typer.BadParameter("an HTML page cannot be imported; XLIFF and TMX can")
    found = _find(release, language, version)
    sheet = tmx_files.read(found, file) if wanted is Format.TMX else _sheet(file)
    try:
        taken = review.take(found.release_id, language, sheet, by=by or _me(), despite_warnings=despite_warnings)
    except UserError as refusal:
        if not as_json and refusal.problems:
            units = {unit.name for unit in found.units}
            mend = not despite_warnings and any(problem.field in units for problem in refusal.problems)
            err.print(f"Nothing was imported.{_DESPITE if mend else ''}", markup=False)
        raise
    if as_json:
        warnings = [vars(problem) for problem in taken.warnings]
        fields = {
            "accepted": taken.accepted,
            "unchanged": taken.unchanged,
            "warnings": warnings,
            "remade": taken.remade,
        }
        print_json(fields)
        return
    for problem in taken.warnings:
        err.print(f"warning: {problem}", markup=False)
    out.print(f"{counted(len(taken.accepted), 'unit')} accepted, {taken.unchanged} unchanged", markup=False)
    if taken.remade:
        out.print(f"{found.release.name} in {language} is built again", markup=False)
    elif taken.accepted:
        out.print("All deliveries have left: this helps the next version and other releases", markup=False)


def _sheet(file: Path) -> xliff.ReturnedSheet:
    """What an XLIFF file says; a refusal names the file."""
    try:
        return xliff.read(xliff.read_file(file))
    except UserError as refusal:
        raise DocumentRefused(str(file), refusal.problems) from None


@app.command()
def approve(
    release: UriArgument,
    language: LanguageArgument,
    by: Annotated[
        str | None, typer.Option(help="The name of the person who approves; your user name if left out.")
    ] = None,
    version: OnlyVersionOption = None,
    stamp: Annotated[
        str | None,
        typer.Option(
            help="The stamp of what you have read (`translations show`, the page and XLIFF files have it); if the "
            "translation has changed since, nothing is approved, and what changed is said."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a translation: deliveries that wait for it go out, and the memory keeps its sentences as approved."""
    found = _find(release, language, version)
    done = review.approve(found.release_id, language, by or _me(), stamp=stamp)
    if as_json:
        fields = {"release": found.release.uri, "version": found.release.version, "language": language}
        print_json(fields | {"by": done.by, "at": utc(done.at), "before": done.before, "released": done.released})
        return
    who = f" by {done.by}" if done.by else ""
    if done.before:
        out.print(f"{found.release.name} in {language} is approved already{who}, {shown(done.at)}", markup=False)
    else:
        leaves = f"{counted(done.released, 'delivery')} {'goes' if done.released == 1 else 'go'} out"
        out.print(f"{found.release.name} in {language} is approved{who}; {leaves}", markup=False)


def _me() -> str | None:
    """Who types; None in a container without a user."""
    try:
        return getpass.getuser()[:200]
    except (KeyError, OSError):
        return None


def _find(uri: str, language: str, version: int | None) -> Reviewed:
    """The translation of the newest version, or of the one that is named."""
    need_ledger()
    with reading() as connection:
        return review.look(connection, find_release(connection, uri, version).id, language)


def _find_with_near(uri: str, language: str, version: int | None) -> tuple[Reviewed, Mapping[str, Sequence[NearMatch]]]:
    """The same, and near matches from the memory for what an editor still has to look at."""
    found = _find(uri, language, version)
    with reading() as connection:
        return found, review.near_matches(connection, found)
