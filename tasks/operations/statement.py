"""The statement of a report: by it somebody who has only the file sees that it was not edited since it was made.

It is one line of JSON, in the report itself or in a file of its own beside it. It has the SHA-256 of the report without
that line, the seals of the release in the ledger, the last seal of the ledger, the public key, and a signature of all
that: of the same JSON with sorted keys, without spaces and without `signature`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tasks.operations.chain import Anchor
from tasks.operations.report import Report
from tasks.runtime import moments
from tasks.runtime.seal_key import SealKey, is_signed

FORM = 1
"""The version of the statement."""
NAME = "fanwire_statement"
"""Its first member; no other line of a report has it in quotes and with a colon."""
SUFFIX = ".statement.json"
"""What the name of a statement of its own has after the name of its report."""
LINES = {"html": '<pre class="statement">{}</pre>\n', "json": ' "statement": {}\n'}
"""The line of a statement within a report, by the format."""
_MARK = f'"{NAME}":'.encode()


def statement(found: Report, digest: str, format: str, key: SealKey) -> str:
    """The statement of a report whose other bytes have this SHA-256, as one line that HTML takes as it is."""
    said = {
        NAME: FORM,
        "release": found.release.uri,
        "version": found.release.version,
        "format": format,
        "made_at": moments.utc(found.made_at, "milliseconds"),
        "sha256": digest,
        "deliveries": found.number,
        "sealed": found.sealed.deliveries,
        "seals": [{"seal": number, "hash": hashed} for number, hashed in found.sealed.blocks],
        "last_seal": found.sealed.head and {"seal": found.sealed.head[0], "hash": found.sealed.head[1]},
        "key": key.public,
    }
    return _written(said | {"signature": key.sign(_signed(said))})


def _written(said: dict[str, Any]) -> str:
    text = json.dumps(said, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _signed(said: dict[str, Any]) -> bytes:
    """What is signed of a statement."""
    rest = {name: value for name, value in said.items() if name != "signature"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()


def with_statement(chunks: Iterable[str], found: Report, format: str, key: SealKey, end: str) -> Iterator[str]:
    """A report with its statement in it: after the chunks comes a line with the statement, and then `end`."""
    digest = sha256()
    for chunk in chunks:
        digest.update(chunk.encode())
        yield chunk
    digest.update(end.encode())
    yield LINES[format].format(statement(found, digest.hexdigest(), format, key))
    yield end


@dataclass
class FileVerification:
    """What was checked of a report file, and what of it is broken."""

    said: dict[str, Any] = field(default_factory=dict)
    """The statement."""
    faults: list[str] = field(default_factory=list)

    @property
    def anchors(self) -> list[Anchor]:
        """The seals that the report has kept."""
        kept = [*self.said.get("seals", ()), *filter(None, [self.said.get("last_seal")])]
        return [Anchor(one["seal"], one["hash"], "the report") for one in kept]


def verify_file(file: Path, keys: Collection[str]) -> FileVerification:
    """Check a report file against its statement, and the statement's signature against `keys`; if there are none, only
    that the key fits which it names itself."""
    data, said = _read(file)
    if said is None:
        return FileVerification({}, [f"{file} has no statement that is whole, in it or in {file}{SUFFIX}"])
    found = FileVerification(said)
    if sha256(data).hexdigest() != said.get("sha256"):
        found.faults.append(f"{file} was edited after it was made: it is not what its statement says")
    if not is_signed(_signed(said), str(said.get("signature")), str(said.get("key"))):
        found.faults.append("the statement was edited after it was made: its signature does not fit")
    elif keys and said.get("key") not in keys:
        found.faults.append(f"the statement is signed with another key, {said.get('key')}")
    return found


def _read(file: Path) -> tuple[bytes, dict[str, Any] | None]:
    """What the statement of a file is of, and the statement; None if there is none that can be read."""
    data, beside = file.read_bytes(), Path(f"{file}{SUFFIX}")
    lines = data.splitlines(keepends=True)
    marked = [line for line in lines if _MARK in line]
    if len(marked) == 1:
        return b"".join(line for line in lines if line is not marked[0]), _parsed(marked[0], LINES.values())
    return data, _parsed(beside.read_bytes(), ["{}\n"]) if beside.is_file() and not marked else None


def _parsed(line: bytes, forms: Iterable[str]) -> dict[str, Any] | None:
    """The statement in a line of one of these forms, written as Fanwire writes it to the byte; None for all else."""
    try:
        said = json.loads(line[line.index(b"{") : line.rindex(b"}") + 1])
    except ValueError:
        return None
    is_ours = isinstance(said, dict) and line.decode("utf-8", "replace") in (
        form.format(_written(said)) for form in forms
    )
    return said if is_ours else None
