"""Writes constraints.txt: every package that Fanwire runs and is tested with, exactly, and the hashes of its files.

    make pins                              the newest that pyproject.toml allows
    python deploy/pins.py --keep           the versions that stand there, with the hashes anew

pip-tools does the work, in an environment of its own, with the index that pip is configured with. The hashes are those
of all files of a version, so that they hold for other processors and Pythons too. Read the difference before you commit
it: a version that stood there must not get other hashes.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "constraints.txt"
HEAD = """\
# Every package that Fanwire runs and is tested with, exactly, and the hashes of its files: pip installs nothing else.
# `make pins` writes this file (CONTRIBUTING.md, "Renewing the pins"); deploy/setup.sh and the Dockerfile install by it.
"""
PARTS = {
    "what Fanwire runs with, and is built with": [],
    "what the engine ct2 needs too": ["--extra", "ct2"],
    "what reports as PDF need too": ["--extra", "ct2", "--extra", "pdf"],
    "tests and checks": ["--extra", "dev"],
}
"""The parts of the file, each with the options of pip-compile that ask for it and for those before it."""
OPTIONS = (
    "--quiet", "--no-header", "--no-annotate", "--strip-extras", "--allow-unsafe", "--build-deps-for", "wheel",
    "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options",
)  # fmt: skip
ENTRY = re.compile(r"^([a-z0-9][a-z0-9.-]*)==\S+(?: \\\n +--hash=sha256:[0-9a-f]{64})*$", re.MULTILINE)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Write constraints.txt.")
    parser.add_argument("--keep", action="store_true", help="keep the versions, and write the hashes anew")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        venv.create(place / "venv", with_pip=True)
        python = str(place / "venv" / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "-q", "pip-tools"], check=True)  # noqa: S603
        versions = _versions(FILE.read_text()) if keep else ""
        *_, all_of_it = PARTS.values()
        hashed = _entries(_compiled(python, place, versions, *all_of_it, "--generate-hashes"))
        pins = _versions("\n".join(hashed.values()))
        wanted = {part: _entries(_compiled(python, place, pins, *options)) for part, options in PARTS.items()}
    FILE.write_text(written(hashed, {part: set(names) for part, names in wanted.items()}))
    print(f"{FILE.name} has {len(hashed)} packages", file=sys.stderr)


def written(hashed: dict[str, str], wanted: dict[str, set[str]]) -> str:
    """The file: the entry of each package stands in the first part that wants it."""
    text, known = HEAD, set[str]()
    for part, names in wanted.items():
        text += f"\n# --- {part}\n"
        text += "".join(f"{hashed[name]}\n" for name in sorted(names - known))
        known |= names
    return text


def _compiled(python: str, place: Path, versions: str, *options: str) -> str:
    """What pip-compile says of our project, within these versions."""
    pins, out = place / "versions.txt", place / "out.txt"
    pins.write_text(versions)
    out.unlink(missing_ok=True)
    command = [python, "-m", "piptools", "compile", *OPTIONS, *options, "-c", str(pins), "-o", str(out)]
    subprocess.run([*command, str(ROOT / "pyproject.toml")], check=True, cwd=place)  # noqa: S603
    return out.read_text()


def _versions(text: str) -> str:
    return "\n".join(re.findall(r"^[a-z0-9][a-z0-9.-]*==[^\s\\]+", text, re.MULTILINE)) + "\n"


def _entries(text: str) -> dict[str, str]:
    """The entry of each package, by its name; our own project has none."""
    return {match[1]: match[0] for match in ENTRY.finditer(text)}


if __name__ == "__main__":
    main()
