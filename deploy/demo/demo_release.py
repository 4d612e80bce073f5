"""Puts the demo's release together: release.md and the translations that its producer supplies, release.<language>.md.

    python deploy/demo/demo_release.py --out FILE.json [--version 2 --note "…"] [--kill] [--uri URI] [--without de,ko]

The languages without a file (ms, zh-Hant, es, pt, fr) are left to the translation engines.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent


def read(path: Path) -> dict[str, Any]:
    """Front matter and body of one file."""
    _, front, body = path.read_text("utf-8").split("---\n", 2)
    return {**yaml.safe_load(front), "body_markdown": body.strip()}


def release(
    *,
    uri: str | None = None,
    version: int = 1,
    note: str | None = None,
    kill: bool = False,
    without: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The release document; `note` makes it a correction, `kill` withdraws it, `without` leaves translations out."""
    document = read(HERE / "release.md")
    document["version"] = version
    document["uri"] = uri or document["uri"]
    if note:
        document["correction_note"] = note
    if kill:
        document["status"] = "canceled"
    supplied = (read(path) for path in sorted(HERE.glob("release.*.md")))
    translations = {text.pop("language"): text for text in supplied}
    document["translations"] = {tag: text for tag, text in translations.items() if tag not in without}
    return document


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    parser.add_argument("--uri", help="another release with the same text")
    parser.add_argument("--version", type=int, default=1)
    parser.add_argument("--note", help="what this version corrects")
    parser.add_argument("--kill", action="store_true", help="withdraw the release")
    parser.add_argument("--without", default="", help="translations to leave out, separated by commas")
    options = vars(parser.parse_args())
    out = options.pop("out")
    document = release(**{**options, "without": tuple(options["without"].split(","))})
    out.write_text(json.dumps(document, ensure_ascii=False, indent=1, default=date.isoformat))


if __name__ == "__main__":
    main()
