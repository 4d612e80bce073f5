"""`fanwire`: what operations and producers type. Exit status 0 done, 1 refused or failed, 2 wrong usage.

A file for each group of commands, in the order of `fanwire --help`: `submit.py`, `reports.py`, `releases.py`,
`outlets.py`, `feeds.py`, `translations.py`, `engines.py`, `models.py` (of the engine `ct2`), `memory.py` (and the
glossary), `records.py` (what is kept: refusals, notices, the audit table), `users.py` (of the operations' page),
`processes.py`. What they share is in `screen.py`; who types, in `actor.py`.
"""

from __future__ import annotations

import sys

from workers.imports import all_to_stay


def main() -> None:
    """Run the command `fanwire`. What is typed as `--help` or for a shell's completion needs all commands."""
    with all_to_stay():
        from workers.cli.commands import application

        app = application(sys.argv[1] if len(sys.argv) > 1 else None)
    app()
