"""The parsers of what strangers send, each with good documents to spoil, and what must hold whatever comes."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from kombu import Connection

from tasks.delivery.transfers.transfer import Answer, Transfer
from tasks.delivery.verdicts import judge
from tasks.model.readers import read_release
from tasks.model.readers.outlet_files import parse_outlets
from tasks.model.release import Release
from tasks.runtime.errors import UserError
from tasks.translation.configuration import read_configuration
from tasks.translation.engine_support.chat_completions import object_in
from tasks.translation.errors import Unsupported
from tasks.translation.exchange import table, tmx, xliff
from tasks.translation.meaning.judging import Questions
from tests.support.samples import outlet, release
from workers.guarded_transport import item_fault
from workers.models import install
from workers.models.index import read_index
from workers.offered import offered

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Target:
    """One parser. `run` may raise UserError, which every user understands, and nothing else."""

    seeds: tuple[bytes, ...]
    run: Callable[[bytes], object]
    largest: int = 400_000
    """Bytes of a document: less for files of operators, each of whose thousands of rows takes its time."""


def _release(document: bytes) -> None:
    found = read_release(document)
    again = Release.from_ledger(found.to_json())
    assert again == found, "the ledger gives back what was taken"
    assert again.digest() == found.digest()


def _file(read: Callable[[Path], object], suffix: str) -> Callable[[bytes], object]:
    def run(document: bytes) -> object:
        with tempfile.TemporaryDirectory(prefix="fanwire-fuzz-") as folder:
            file = Path(folder, f"file{suffix}")
            file.write_bytes(document)
            return read(file)

    return run


def _outlets(form: str) -> Callable[[bytes], object]:
    return lambda document: parse_outlets(document, form, "file", offered())


def _item(item: bytes) -> None:
    """An item of a queue: whatever is wrong with it is said, nothing is raised."""
    channel: Any = Connection("memory://").channel()
    item_fault(item, lambda payload: channel.Message(payload, channel=channel))


def _answer(answer: bytes) -> None:
    """Status, headers and body as bytes of an outlet."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    digits = "".join(re.findall("[0-9]", first[:12]))[-3:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    transfer = Transfer(key="k", url="http://outlet.example/", headers=(), body=b"", deadline=1.0)
    found = judge(
        Answer(
            transfer=transfer, status=int(digits or 200), error=None, error_kind=None, headers=headers, answer=body,
            sent=True, address="192.0.2.1", started_at=0.0, seconds=0.1, connected=0.0,
        ),
        now=1_795_000_000.0,
    )  # fmt: skip
    assert found.detail.isprintable(), "a detail goes to terminals and reports"
    assert len(found.detail) <= 300


def _judgement(content: bytes) -> None:
    """What a language model says as second reader of two units, with a third one that is known to be wrong."""
    questions = Questions(("a", "b"), "c", {key: {"source": "x", "target": "y", "before": ""} for key in "abc"})
    message = {"content": content.decode("utf-8", "replace")}
    try:
        found = questions.answered(object_in({"choices": [{"message": message}]}))
    except Unsupported:
        return
    assert len(found) == 2
    assert all(fault.why.isprintable() and len(fault.why) <= 500 for faults in found for fault in faults)


def _archive(document: bytes) -> None:
    """A model that somebody downloaded; whether its weights can be loaded is not asked here."""
    with tempfile.TemporaryDirectory(prefix="fanwire-fuzz-") as folder:
        file = Path(folder, "file.argosmodel")
        file.write_bytes(document)
        install.copied(file, Path(folder, "model"), 10_000_000)


def _zip(**files: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"en_es/{name}", content)
    return written.getvalue()


def _csv(*rows: dict[str, Any]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


OUTLETS: Final = [json.loads(outlet(name, limits={"in_flight": 2}).to_json()) for name in ("a", "b")]
MARKDOWN: Final = (ROOT / "deploy/demo/release.md").read_bytes()
HTML: Final = b"""---
uri: urn:x:1
language: en
headline: "Acme: a plant"
embargo_until: 2026-12-01T07:00:00-05:00
topics: [medtop:04000000]
translations: {de: {headline: Werk, body_html: <p>Werk</p>}}
---
<h2>Plant</h2><p>See <a href="https://a.example/?a=1&amp;b=2">the <b>plant</b></a>.</p><ul><li>x</li></ul>
<table><tr><td>1</td></tr></table><img src="https://a.example/a.png" alt="a">
"""
NINJS: Final = json.dumps({
    "uri": "urn:x:1", "standard": {"name": "ninjs", "version": "3.0"}, "version": "1", "language": "en",
    "pubStatus": "usable", "urgency": 4, "headlines": [{"role": "main", "value": "Acme opens a plant"}],
    "bodies": [{"role": "main", "contentType": "text/html", "value": "<p>Acme <b>said</b>.</p>"}],
    "subjects": [{"uri": "medtop:04000000"}], "embargoed": "2026-12-01T07:00:00-05:00",
}).encode()  # fmt: skip
TRANSLATION: Final = b"""engines:
  own: {type: libretranslate, url: 'https://mt.example/', key: 'env:MT_KEY', per_minute: {requests: 10}}
languages:
  '*': {engines: [own], publish: checked}
  de: {engines: [own], publish: approved}
"""
XLIFF: Final = b"""<?xml version="1.0"?>
<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en" trgLang="de"><file id="f1">
<unit id="u1"><originalData><data id="d1">&lt;b&gt;</data></originalData><segment state="translated">
<source>Acme <pc id="1" dataRefStart="d1">opens</pc> a plant<ph id="2"/></source>
<target>Acme <pc id="1">baut</pc> ein Werk<ph id="2"/><cp hex="001a"/></target></segment></unit></file></xliff>
"""
TMX: Final = b"""<?xml version="1.0"?><tmx version="1.4"><header srclang="en" segtype="sentence"/><body>
<tu><tuv xml:lang="en"><seg>Acme <bpt i="1"/>opens<ept i="1"/> a plant.</seg></tuv>
<tuv xml:lang="de"><seg>Acme <bpt i="1"/>baut<ept i="1"/> ein Werk.</seg></tuv></tu></body></tmx>
"""
MEMORY: Final = b"source_language,target_language,source,target\nen,de,The plant is open.,Das Werk ist offen.\n"
GLOSSARY: Final = b"source_language,target_language,source,target\nen,de,plant,Werk\n"
ITEM: Final = json.dumps({
    "body": "e30=", "content-type": "application/json", "content-encoding": "utf-8", "headers": {},
    "properties": {
        "body_encoding": "base64", "delivery_tag": "t", "delivery_info": {"exchange": "", "routing_key": "r"},
    },
}).encode()  # fmt: skip
FAULT: Final = {
    "category": "accuracy/omission", "severity": "major", "source": "to 3", "target": "", "why": "It is lost.",
}  # fmt: skip
JUDGEMENT: Final = json.dumps({"a": {"faults": []}, "b": {"faults": [FAULT]}, "c": {"faults": [FAULT]}}).encode()
MODELS: Final = json.dumps([
    {"package_version": "1.9", "argos_version": "1.9.0", "from_code": "en", "from_name": "English", "to_code": to,
     "to_name": to, "links": [f"https://a.example/translate-en_{to}-1_9.argosmodel", "ipfs://Qm"], "size": 5,
     "sha256": "0" * 64, "license": "CC0"}
    for to in ("fr", "pb")
]).encode()  # fmt: skip
MODEL: Final = _zip(**{
    "metadata.json": '{"from_code": "en", "to_code": "es", "package_version": "1.0"}', "sentencepiece.model": "x",
    "model/model.bin": "weights" * 100, "model/shared_vocabulary.json": '["a"]', "README.md": "CC0",
})  # fmt: skip
ANSWERS: Final = (
    b"HTTP/1.1 422 No\r\ncontent-type: text/plain; charset=utf-8\r\n\r\nlanguage not taken",
    b"HTTP/1.1 301 Moved\r\nlocation: https://u:p@new.example/wire?token=x\r\n\r\n",
    b"HTTP/1.1 503 Later\r\nretry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-type: application/json\r\n\r\n{}",
)

ROWS: Final = 40_000
"""Bytes of a file with a row in each line."""
TARGETS: Final[dict[str, Target]] = {
    "release-json": Target((release().to_json().encode(), HTML), _release),
    "release-markdown": Target((MARKDOWN,), _release),
    "release-html": Target((HTML,), _release),
    "release-ninjs": Target((NINJS,), _release),
    "outlets-yaml": Target((yaml.safe_dump({"outlets": OUTLETS}).encode(),), _outlets("yaml")),
    "outlets-json": Target((json.dumps(OUTLETS).encode(),), _outlets("json")),
    "outlets-csv": Target(
        (
            _csv({
                "id": "a", "name": "A", "country": "DE", "languages": "de en", "url": "https://a.example/",
                "limits.in_flight": 2,
            }),
        ),
        _outlets("csv"),
        ROWS,
    ),
    "translation-file": Target((TRANSLATION,), _file(read_configuration, ".yaml")),
    "xliff": Target((XLIFF,), xliff.read),
    "tmx": Target((TMX,), _file(tmx.read_memory, ".tmx")),
    "memory-csv": Target((MEMORY,), _file(table.read_memory, ".csv"), ROWS),
    "glossary-csv": Target((GLOSSARY,), _file(table.read_glossary, ".csv"), ROWS),
    "model-index": Target((MODELS,), lambda document: read_index(document, "https://a.example/index.json")),
    "model-archive": Target((MODEL,), _archive),
    "queue-item": Target((ITEM,), _item),
    "answer": Target(ANSWERS, _answer),
    "judgement": Target((JUDGEMENT,), _judgement),
}  # fmt: skip
ALLOWED: Final = (UserError,)
