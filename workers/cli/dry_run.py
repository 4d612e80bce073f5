"""`fanwire submit --dry-run`: who would get a release, what is missing, and what they would read. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tasks import ledger, review
from tasks.building import media_addresses, reason_of, translators
from tasks.building.wire import configured_wire
from tasks.formatting import FORMATS, make_rendition
from tasks.ledger import media_rows
from tasks.model.media import PublishedMedia
from tasks.model.outlet import Outlet
from tasks.model.readers import Reading
from tasks.model.release import Release, Translation, supplied
from tasks.operations import prospects, receipts
from tasks.operations.prospects import Prospects
from tasks.runtime.errors import Problem, UserError
from tasks.runtime.foreign_text import printable
from tasks.runtime.secrets import SecretMissing, resolve
from tasks.runtime.settings import settings
from tasks.translation.reading import warnings as text_warnings
from workers import authority, taking
from workers.cli import audience
from workers.cli.rows import reading
from workers.cli.screen import out, print_json
from workers.envelope import envelope_headers

LISTED = 20
"""Outlets that are printed."""
SHOWN = 1_500
"""Characters of the one text that is printed where no folder is named."""


@dataclass
class Preview:
    """What outlets would read, by language and format, and why some of it cannot be shown."""

    texts: dict[str, Translation] = field(default_factory=dict)
    renditions: dict[tuple[str, str], bytes] = field(default_factory=dict)
    not_shown: dict[str, str] = field(default_factory=dict)
    """By language, or language and format."""
    texts_held: dict[str, str | None] = field(default_factory=dict)
    """By language: why the translation that was tried is held or waits as a draft; None if it may go out."""


def show(
    read: Reading, folder: Path | None, *, as_json: bool, producer: str | None = None, consent: Collection[str] = ()
) -> bool:
    """Print what would become of a release; write each rendition into `folder`, if one is named.

    `producer` and `consent`: as whom it would be sent, and what that producer means. Returns whether it would be taken.
    """
    release = read.release
    refused, known = _judged(release, producer, consent)
    with reading() as connection:
        now = ledger.now(connection)
        found = prospects.prospects(connection, release, policy=review.policy, now=now)
        early = receipts.warnings_of(connection, release, now)
    preview = _preview(release, found)
    with reading() as connection:  # again, for trying may have come to another end than planning expects
        found = prospects.prospects(connection, release, policy=review.policy, now=now, texts=preview.texts_held)
    read_in = [*read.warnings, *text_warnings(release), *early]
    problems = [*read_in, *prospects.warnings(found, release, for_operations=True)]
    missing = _missing_secrets(found)
    files = _write(preview, folder) if folder else []
    if as_json:
        print_json(
            {
                "status": "dry_run", "release": release.uri, "version": release.version,
                "problems": [asdict(problem) for problem in refused], "known": known,
                "goes_to": found.to_dict(), "outlets": audience.as_json(found), "missing_secrets": missing,
                "warnings": [asdict(problem) for problem in problems], "renditions": files,
                "not_shown": preview.not_shown,
            }
        )  # fmt: skip
        return not refused
    _print("dry run: nothing is sent, and nothing is written into the ledger")
    for problem in refused:
        _print(f"refused   {problem}")
    if refused:
        _print("Nothing of it would be sent. If it were taken:")
    if known:
        _print(
            f"known     version {release.version} was taken before with the same content: submitting it does nothing"
        )
    audience.show_sums(release.name, found)
    for outlet_id, why in missing.items():
        _print(f"missing   {outlet_id}: {why} (looked up in this shell; the worker `deliver` has its own)")
    for problem in problems:
        _print(f"warning   {problem}")
    for what, why in preview.not_shown.items():
        _print(f"not shown {what}: {why}")
    for file in files:
        _print(f"written   {file}")
    out.print()
    audience.show(found, LISTED)
    if folder is None:
        _show_one(release, preview)
    return not refused


def _judged(release: Release, producer: str | None, consent: Collection[str]) -> tuple[list[Problem], bool]:
    """Why intake would refuse a release, as far as can be seen from here; and whether it was taken before."""
    body = release.to_json().encode()
    try:
        name, key = authority.signing_as(producer)
        sent_by = authority.Authority(envelope_headers(body, name, key, consent), body)
        with reading() as connection:
            return taking.would_take(connection, release, sent_by)
    except UserError as error:
        return error.problems, False


def _missing_secrets(found: Prospects) -> dict[str, str]:
    """The outlets that would get it but for a secret that is missing here."""
    missing = {}
    for match in found.matches:
        if found.leaves(match) and (why := _secret_missing(match.outlet)):
            missing[match.outlet.id] = why
    return missing


def _secret_missing(outlet: Outlet) -> str | None:
    for reference in outlet.auth.references:
        try:
            resolve(reference)
        except SecretMissing as error:
            return str(error)
    return None


def _preview(release: Release, found: Prospects) -> Preview:
    preview, now = Preview(), datetime.now(UTC).replace(microsecond=0)
    wanted = {(language, match.outlet.format) for match in found.matches for language in match.languages}
    published = _published(release, now)
    for language in sorted({language for language, _ in wanted}):
        if text := _text(release, language, preview):
            preview.texts[language] = text
    for language, form in sorted(wanted):
        text = preview.texts.get(language)
        if text is None:
            continue
        try:
            rendition = make_rendition(release, text, form, configured_wire(), now, now, published=published)
        except Exception as error:  # a format may be anybody's, and the others are worth seeing
            preview.not_shown[f"{language} as {form}"] = reason_of(error)
        else:
            preview.renditions[language, form] = rendition.body
    return preview


def _text(release: Release, language: str, preview: Preview) -> Translation | None:
    """The text in a language, by the producer or by engines of this machine; else `preview` says why not."""
    if (written := supplied(release, language)) is not None:
        return written
    try:
        made = translators.preview(release, language)
    except Exception as error:  # whatever an engine meets
        preview.not_shown[language] = preview.texts_held[language] = reason_of(error)
        return None
    if isinstance(made, str):
        preview.not_shown[language] = f"{made} would have to be asked"
    elif made.translation is None:
        preview.not_shown[language] = preview.texts_held[language] = made.reason or "no reason is known"
    else:
        preview.texts_held[language] = made.waits_for
        return made.translation
    return None


def _write(preview: Preview, folder: Path) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for (language, form), body in preview.renditions.items():
        file = folder / f"{language}.{FORMATS.get(form).ending or form}"
        file.write_bytes(body)
        files.append(str(file))
    return files


def _published(release: Release, now: datetime) -> dict[str, PublishedMedia]:
    """The files of a release that are in the store; the others are shown where the producer has them."""
    kept = {item.id: item.sha256 for item in release.media if item.sha256}
    with reading() as connection:
        files = media_rows.files(connection, set(kept.values()))
    stored = {id: files[sha256] for id, sha256 in kept.items() if sha256 in files}
    return media_addresses.published(stored, expires=now.timestamp() + settings().media_days * 24 * 3600)


def _show_one(release: Release, preview: Preview) -> None:
    """One text to look at: that of the producer, if an outlet takes it."""
    if not preview.texts:
        return
    language = min(preview.texts, key=lambda language: (not preview.texts[language].by_producer, language))
    try:
        body = make_rendition(release, preview.texts[language], "text", configured_wire()).body
    except (LookupError, ValueError):  # `preview` says why already
        return
    text = body.decode("utf-8", "replace")
    _print(f"\nThe text in {language}, as plain text (--output FOLDER writes what each outlet gets):")
    for line in (text[:SHOWN] + ("\n…" if len(text) > SHOWN else "")).splitlines():
        _print(f"  {line}" if line else "")


def _print(line: str) -> None:
    out.print("\n".join(map(printable, line.split("\n"))), markup=False)
