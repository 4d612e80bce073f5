"""`python -m tests.support.forked_python FOLDER -c CODE …` or `… -m MODULE …`: what `python` does with these, in a
process that has begun already (forks.py).

It ends as a process of `multiprocessing` does: to take apart all that was imported would cost more than most do at all.
"""

from __future__ import annotations

import atexit
import os
import runpy
import sys
import threading
import traceback
from typing import NoReturn


def main(folder: str, kind: str, what: str, *arguments: str) -> NoReturn:
    """Run code or a module in a folder, with the places that PYTHONPATH names, and end."""
    os.chdir(folder)
    places = [os.path.abspath(place) for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]  # noqa: PTH100
    sys.path[:0] = [folder, *places]
    sys.argv = [kind, *arguments]
    status = _status(kind, what)
    threading._shutdown()  # type: ignore[attr-defined]  # waits for its threads
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


def _status(kind: str, what: str) -> int:
    """Run it; the status with which it ends."""
    try:
        if kind == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(compile(what, "<a test's process>", "exec"), {"__name__": "__main__"})
    except SystemExit as ending:
        if isinstance(ending.code, str):
            print(ending.code, file=sys.stderr)
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
