"""CSV files of the memory and of the glossary, UTF-8 with a header line. No spreadsheet runs a cell of an export."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

from tasks.model.documents import DocumentRefused, unreadable
from tasks.model.languages import LanguageTag
from tasks.runtime.errors import Problem
from tasks.runtime.spreadsheets import EXTRA, plain_cell, safe_cell, table
from tasks.translation.exchange import Found, Row, aligned_texts, notation
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import entries
from tasks.translation.memory.entries import APPROVED
from tasks.translation.pieces import Text
from tasks.translation.protection.glossary import Term, fault_in

MAX_BYTES = 256 * 1024 * 1024
"""Of a file that is imported."""
LONGEST_MAKER = 300
_PAIR = ("source", "target", "source_language", "target_language")
MEMORY = (*_PAIR, "maker", "form")
"""Columns of an export. `maker` and `form` may be left out: then the texts are plain words that a person approved."""
GLOSSARY = (*_PAIR, "match_case", "part", "forbidden")
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}
Cells = Mapping[str, str]
Made = TypeVar("Made")


class Refused(ValueError):
    """A row of a table that cannot be taken, and why."""


def read_memory(path: Path) -> Found:
    """Read the memory entries of a CSV file. Raises DocumentRefused when the file as a whole cannot be read."""
    found = Found()
    found.rows += _taken(path, MEMORY, _PAIR, _entry, found)
    return found


def read_glossary(path: Path) -> tuple[list[Term], list[tuple[str, str]]]:
    """Read the glossary terms of a CSV file, and where and why a row is none. Raises DocumentRefused when the file as a
    whole cannot be read."""
    refused = Found()
    return list(_taken(path, GLOSSARY, _PAIR, _term, refused)), refused.refused


def write_memory(file: IO[str], rows: Iterable[Any]) -> tuple[int, int]:
    """Rows of the memory (`source`, `target`, languages, `maker`), and how many; the second number are damaged ones,
    which are left out."""
    writer = csv.writer(file)
    writer.writerow(MEMORY)
    count = unfit = 0
    for row in rows:
        texts = notation.texts_of(row.source, row.target)
        if texts is None:
            unfit += 1
            continue
        unit, result, literally = texts
        pair = (row.source_language, row.target_language)
        form = "literal" if literally else "normal"
        cells = (notation.write(unit), notation.write(result), *pair, row.maker, form)
        writer.writerow(map(safe_cell, cells))
        count += 1
    return count, unfit


def write_glossary(file: IO[str], terms: Iterable[Term]) -> int:
    """Write glossary terms as CSV that `read_glossary` reads; returns how many."""
    writer = csv.writer(file)
    writer.writerow(GLOSSARY)
    rows = [[_cell(getattr(term, column)) for column in GLOSSARY] for term in terms]
    writer.writerows(rows)
    return len(rows)


def too_big(path: Path) -> None:
    """Raise DocumentRefused for a file that is not there, or larger than anything that anybody imports."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise refusal(path, error) from None
    if size > MAX_BYTES:
        raise DocumentRefused(str(path), [Problem("(file)", f"is larger than {MAX_BYTES // 1024**2} MiB")])


def refusal(path: Path, error: Exception) -> DocumentRefused:
    """A DocumentRefused that says why a file cannot be read."""
    return DocumentRefused(str(path), [Problem("(file)", unreadable(error))])


def language(tag: str, field: str) -> str:
    """The tag under which the ledger files a language; raises Refused."""
    try:
        return LanguageTag(tag).shortest
    except ValueError as error:
        raise Refused(f"{field}: {error}") from None


def _taken(
    path: Path, known: Sequence[str], needed: Sequence[str], make: Callable[[Cells], Made], found: Found
) -> Iterator[Made]:
    """What `make` makes of each row; the refused ones go to `found`."""
    too_big(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows, before = table(file, strict=True, restval="")
            _check_header(path, rows.fieldnames or (), known, needed)
            for row in rows:
                where = f"line {before + rows.line_num}"
                cells = {name: plain_cell(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
                if not any(cells.values()):
                    continue
                try:
                    if EXTRA in cells:
                        why = "has more cells than the header line; a text with a separator needs quotation marks"
                        raise Refused(why)
                    yield make(cells)
                except Refused as error:
                    found.refused.append((where, str(error)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise refusal(path, error) from None


def _check_header(path: Path, there: Sequence[str], known: Sequence[str], needed: Sequence[str]) -> None:
    missing, strange = [name for name in needed if name not in there], [name for name in there if name not in known]
    problems = [Problem(name, "is no column of the header line", ",".join(known)) for name in missing]
    problems += [Problem(name or "(header)", "is not a known column", ",".join(known)) for name in strange]
    if len(set(there)) < len(there):
        problems.append(Problem("(header)", "names a column twice"))
    if problems:
        raise DocumentRefused(str(path), problems)


def _pair_of(cells: Cells) -> LanguagePair:
    for name in _PAIR:
        if not cells[name].strip():
            raise Refused(f"{name} is empty")
    source, target = (language(cells[name], name) for name in ("source_language", "target_language"))
    if source == target:
        raise Refused(f"source_language and target_language are both {source}")
    return LanguagePair.of(source, target)


def _entry(cells: Cells) -> Row:
    pair = _pair_of(cells)
    maker = cells.get("maker") or APPROVED
    if len(maker) > LONGEST_MAKER:
        raise Refused(f"maker is longer than {LONGEST_MAKER} characters")
    form = cells.get("form") or "plain"
    if form == "plain":
        return plain_row((cells["source"],), (cells["target"],), pair, maker)
    if form not in ("normal", "literal"):
        raise Refused(f"form must be plain, normal or literal, not {form[:20]!r}")
    unit, result = notation.read(cells["source"]), notation.read(cells["target"])
    return written_row(unit, result, pair, maker, literally=form == "literal")


def plain_row(source: Text, target: Text, pair: LanguagePair, maker: str) -> Row:
    """A row of texts that people or other tools wrote; raises Refused."""
    found = aligned_texts.entry_of(source, target, pair, maker)
    if not isinstance(found, entries.Entry):
        raise Refused(found)
    return Row(found, pair.source, pair.target, aligned_texts.outdone_by(found, source, pair))


def written_row(unit: Text, result: Text, pair: LanguagePair, maker: str, *, literally: bool) -> Row:
    """A row of texts as an export has them; raises Refused."""
    if problem := aligned_texts.problem_with(unit, result, pair):
        raise Refused(problem)
    found = notation.entry(unit, result, pair, maker, literally=literally)
    if found is None:
        raise Refused("does not hold the same codes in source and target")
    return Row(found, pair.source, pair.target)


def _term(cells: Cells) -> Term:
    forbidden = _truth(cells, "forbidden")
    pair = _pair_of({**cells, "source": cells["source"].strip() or (cells["target"] if forbidden else "")})
    source, target = (" ".join(cells[name].split()) for name in ("source", "target"))
    source = source or target
    for name, words in (("source", source), ("target", target)):
        if fault := fault_in(words):
            raise Refused(f"{name} {fault}")
    part = cells.get("part", "").strip() or None
    if part and len(part) > 50:
        raise Refused("part is longer than 50 characters")
    match_case = _truth(cells, "match_case")
    return Term(pair.source, pair.target, source, target, match_case=match_case, forbidden=forbidden, part=part)


def _truth(cells: Cells, name: str) -> bool:
    value = cells.get(name, "").strip().lower()
    if value not in _YES:
        raise Refused(f"{name} must be yes or no, not {value[:20]!r}")
    return _YES[value]


def _cell(value: str | bool | None) -> str:
    return safe_cell(value) if isinstance(value, str) else "yes" if value else "no" if value is False else ""
