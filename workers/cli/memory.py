"""`fanwire memory …` and `fanwire glossary …`: what people give the translations, and what is remembered of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import audit, memory_entries
from tasks.ledger import glossary_terms as term_rows
from tasks.ledger.audit import Entry
from tasks.model.acts import Act
from tasks.model.languages import LanguageTag
from tasks.translation.exchange import aligned_texts, table, tmx
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory.entries import APPROVED
from tasks.translation.protection.glossary import Term
from workers.cli.rows import reading, writing
from workers.cli.screen import JsonOption, err, out, print_json, print_rows, standard_output, stop

app = typer.Typer(
    no_args_is_help=True, help="Import, export and list the translation memory: sentences that were translated before."
)
glossary_app = typer.Typer(
    no_args_is_help=True,
    help="Import, export and list the glossary: words that translations must have, or must not have.",
)

Form = Literal["tmx", "csv"]
SourceOption = Annotated[str | None, typer.Option("--source", help="The source language, such as en.")]
TargetOption = Annotated[str | None, typer.Option("--target", help="The language of the translation, such as de.")]
SkipOption = Annotated[bool, typer.Option("--skip-bad", help="Import the good rows even if others are bad.")]
FormOption = Annotated[
    Form | None, typer.Option("--format", help="The format, if the name of the file does not say it.")
]
CsvFile = Annotated[Path, typer.Argument(help="A CSV file.")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A file that ends in .tmx (TMX 1.4) or .csv.")],
    skip_bad: SkipOption = False,
    form: FormOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import approved translations (TMX or CSV): all rows, or none if one is bad."""
    found = tmx.read_memory(file) if _form(file, form) == "tmx" else table.read_memory(file)
    if found.rows and (skip_bad or not found.refused):
        with writing() as connection:
            present, digest = ledger.now(connection), hashlib.sha256()
            for start in range(0, len(found.rows), 1000):
                rows = [_row(row, file.name) for row in found.rows[start : start + 1000]]
                memory_entries.keep(connection, rows, now=present)
                digest.update(json.dumps(rows, sort_keys=True).encode())
            outdone = {key for row in found.rows for key in row.outdone if row.entry.maker == APPROVED}
            memory_entries.drop(connection, outdone - {row.entry.key for row in found.rows}, APPROVED)
            # by their digest, for they may be many thousands
            new = {"file": file.name, "rows": len(found.rows), "rows_sha256": digest.hexdigest()}
            audit.record(connection, Entry(act=Act.IMPORT_MEMORY, subject="memory", new=new))
    _show_import(file, "entries", len(found.rows), found.refused, skip_bad=skip_bad, as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A file that ends in .tmx (TMX 1.4) or .csv; - for standard output.")],
    source: SourceOption = None,
    target: TargetOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Export what engines translated too, marked as theirs.")
    ] = False,
    form: FormOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export what people approved; `fanwire memory import` reads the file without loss."""
    form = _form(file, form)
    unfit = 0
    with reading() as connection:
        rows = memory_entries.entries(
            connection, source=_tag(source), target=_tag(target), approved_only=not everything
        )
        if form == "tmx":
            with _written(file, "wb", standard_output(binary=True)) as binary:
                count, unfit = tmx.write_memory(binary, rows, version("fanwire"))
        else:
            with _written(file, "w", standard_output()) as plain:
                count, unfit = table.write_memory(plain, rows)
    _exported(file, "entries", count, as_json=as_json, unfit=unfit)


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Count the entries by pair of languages."""
    with reading() as connection:
        rows = [dict(row._mapping) for row in memory_entries.count(connection)]
    if as_json:
        print_json(rows)
        return
    lines = [
        (row["source_language"], row["target_language"], f"{row['approved']:,}", f"{row['machine']:,}") for row in rows
    ]
    print_rows(("from", "into", "approved", "by engines"), lines)


@app.command()
def remove(
    text: Annotated[str, typer.Argument(help="The sentence in the source language.")],
    source: Annotated[str, typer.Option("--source", help="The source language, such as en.")],
    target: Annotated[str, typer.Option("--target", help="The language of the translation, such as de.")],
    as_json: JsonOption = False,
) -> None:
    """Forget all translations of one sentence; engines are asked for it when it is needed again."""
    keys = aligned_texts.keys_of(text, LanguagePair.of(_needed(source), _needed(target)))
    with writing() as connection:
        count = memory_entries.remove(connection, keys)
        if not count:
            pair = f"from {source} into {target}"
            stop(f"the memory has no such sentence {pair}; `fanwire memory export` shows what it has")
        old = {"text": text, "source": source, "target": target, "entries": count}
        audit.record(connection, Entry(act=Act.REMOVE_FROM_MEMORY, subject="memory", old=old))
    _done({"removed": count}, f"{count} entries removed", as_json=as_json)


@glossary_app.command("import")
def import_terms(file: CsvFile, skip_bad: SkipOption = False, as_json: JsonOption = False) -> None:
    """Import terms from CSV: all rows, or none if one is bad.

    Columns: source, target, source_language, target_language, match_case, part, forbidden.
    """
    terms, refused = table.read_glossary(file)
    if terms and (skip_bad or not refused):
        with writing() as connection:
            before = _all_terms(connection)
            term_rows.put(connection, [asdict(term) for term in terms])
            _record_terms(connection, Act.IMPORT_GLOSSARY, before, file.name)
    _show_import(file, "terms", len(terms), refused, skip_bad=skip_bad, as_json=as_json)


@glossary_app.command("list")
def list_terms(source: SourceOption = None, target: TargetOption = None, as_json: JsonOption = False) -> None:
    """List all terms."""
    terms = _terms(source, target)
    if as_json:
        print_json([asdict(term) for term in terms])
        return
    print_rows(
        ("from", "into", "term", "translation", "case", "part"),
        (
            (
                term.source_language, term.target_language, term.source,
                f"not: {term.target}" if term.forbidden else term.target, "as it is" if term.match_case else "any",
                term.part or "",
            )
            for term in terms
        ),
    )  # fmt: skip


@glossary_app.command("export")
def export_terms(
    file: Annotated[Path, typer.Argument(help="The CSV file to write; - for standard output.")],
    source: SourceOption = None,
    target: TargetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export terms; `fanwire glossary import` reads the file."""
    terms = _terms(source, target)
    with _written(file, "w", standard_output()) as plain:
        count = table.write_glossary(plain, terms)
    _exported(file, "terms", count, as_json=as_json)


@glossary_app.command("remove")
def remove_term(
    term: Annotated[str, typer.Argument(help="The term in the source language.")],
    source: Annotated[str, typer.Option("--source", help="The source language, such as en.")],
    target: Annotated[str, typer.Option("--target", help="The language of the translation, such as de.")],
    only: Annotated[str | None, typer.Option("--translation", help="Only this one of several translations.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a term from the glossary."""
    with writing() as connection:
        before = _all_terms(connection)
        count = term_rows.remove(connection, term, (_needed(source), _needed(target)), target=only)
        if not count:
            stop(f"the glossary has no {term!r} from {source} into {target}; `fanwire glossary list` lists what it has")
        _record_terms(connection, Act.REMOVE_FROM_GLOSSARY, before)
    _done({"removed": count}, f"{count} terms removed", as_json=as_json)


Terms = dict[tuple[Any, ...], dict[str, Any]]
"""All that a row says, and the same by column."""


def _all_terms(connection: Connection) -> Terms:
    return {tuple(row): dict(row._mapping) for row in term_rows.listed(connection)}


def _record_terms(connection: Connection, act: Act, before: Terms, file: str | None = None) -> None:
    """Record which terms are in the glossary no longer, and which are new."""
    after = _all_terms(connection)
    old = {"terms": [term for row, term in before.items() if row not in after]}
    new = {"terms": [term for row, term in after.items() if row not in before]}
    remark = f"from {file}" if file else None
    audit.record(connection, Entry(act=act, subject="glossary", old=old, new=new, remark=remark))


def _terms(source: str | None, target: str | None) -> list[Term]:
    sources, targets = ([_needed(tag)] if tag else None for tag in (source, target))
    with reading() as connection:
        return [Term(**row._mapping) for row in term_rows.listed(connection, sources=sources, targets=targets)]


def _form(file: Path, form: Form | None) -> Form:
    ending = file.suffix.lower().removeprefix(".")
    if form is None and ending not in ("tmx", "csv"):
        stop(f"{file}: its name must end in .tmx or .csv, or --format name the format", "(file)")
    return form or ("tmx" if ending == "tmx" else "csv")


def _tag(language: str | None) -> str | None:
    return _needed(language) if language else None


def _needed(language: str) -> str:
    try:
        return LanguageTag(language).shortest
    except ValueError as error:
        stop(str(error), "(language)")


def _row(row: Any, name: str) -> dict[str, Any]:
    languages = {"source_language": row.source_language, "target_language": row.target_language}
    return asdict(row.entry) | languages | {"origin": name}


def _written(file: Path, mode: str, standard: IO[Any]) -> AbstractContextManager[IO[Any]]:
    if str(file) == "-":
        return nullcontext(standard)
    encoding = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    return file.open(mode, **encoding)  # type: ignore[call-overload, no-any-return]


def _show_import(
    file: Path, what: str, good: int, refused: Sequence[tuple[str, str]], *, skip_bad: bool, as_json: bool
) -> None:
    """What came of an import; exit status 1 if any row was bad."""
    taken = good if skip_bad or not refused else 0
    if as_json:
        problems = [{"where": where, "problem": problem} for where, problem in refused]
        print_json({"imported": taken, "refused": len(refused), "problems": problems})
    else:
        for where, problem in refused:
            err.print(f"{file.name}, {where}: {problem}", markup=False)
        out.print(f"{taken:,} {what} imported, {len(refused):,} rows refused", markup=False)
        if refused and not skip_bad:
            out.print("Nothing was imported: correct these rows, or use --skip-bad.", markup=False)
    if refused:
        raise typer.Exit(1)


def _exported(file: Path, what: str, count: int, *, as_json: bool, unfit: int = 0) -> None:
    if str(file) == "-":  # standard output holds the file itself
        return
    left = f"; {unfit:,} left out: damaged, or with characters that XML cannot hold (CSV can)" if unfit else ""
    _done({"exported": count, "left_out": unfit}, f"{count:,} {what} in {file}{left}", as_json=as_json)


def _done(result: dict[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        out.print(words, markup=False)
