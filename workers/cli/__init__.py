"""`fanwire`: what operations and producers type. Exit status 0 done, 1 refused or failed, 2 wrong usage.

A file for each group of commands, in the order of `fanwire --help`: `submit.py`, `reports.py`, `releases.py`,
`outlets.py`, `feeds.py`, `translations.py`, `engines.py`, `models.py` (of the engine `ct2`), `memory.py` (and the
glossary), `records.py` (what is kept: refusals, notices, the audit table), `users.py` (of the operations' page),
`processes.py`. What they share is in `screen.py`; who types, in `actor.py`.
"""

from __future__ import annotations

import os
import sys

from workers.imports import all_to_stay


def main() -> None:
    """Run the command `fanwire`. What is typed as `--help` needs all commands."""
    with all_to_stay():
        from workers.cli.commands import application

        app = application(next(iter(_typed()), None))
    app()


def _typed() -> list[str]:
    """The words after `fanwire`; when a shell asks how the last one goes on, those before it.

    bash says which word it asks about, and other shells end the line with it.
    """
    if "_FANWIRE_COMPLETE" not in os.environ:
        return sys.argv[1:]
    if "COMP_WORDS" in os.environ:
        return os.environ["COMP_WORDS"].split()[1 : int(os.environ["COMP_CWORD"])]
    return f"{os.environ.get('_TYPER_COMPLETE_ARGS', '')}_".split()[1:-1]
