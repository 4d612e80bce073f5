"""The release that the benchmark sends."""

from __future__ import annotations

from demo_release import read

from tasks.model.release import Release


def german(uri: str) -> Release:
    """The German text of the demo release, as a release of its own."""
    from pathlib import Path

    text = read(Path(__file__).resolve().parents[2] / "deploy" / "demo" / "release.de.md")
    fields = {"uri": uri, "language": "de", "headline": text["headline"], "body_markdown": text["body_markdown"]}
    return Release.model_validate(fields | {"topics": ["04000000"]})
