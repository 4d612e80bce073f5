"""SIGTERM to `fanwire up` ends all it started, soon, and loses nothing."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
from farm import Farm
from processes import until

from .conftest import running
from .test_stack import submit


def test_sigterm_ends_every_process(farm: Farm, tmp_path: Path) -> None:
    farm.reset()
    with running(tmp_path / "home", farm) as stack:
        submit(stack, circuits=["hangs"])
        submit(stack, circuits=["press"])
        until(lambda: any(receipt["outlet"] == "hangs" for receipt in farm.receipts()), 20, stack.told)
        family = stack.everything()
        names = {process.name() for process in family}
        assert len(family) >= 6, names
        began = time.monotonic()
        stack.process.send_signal(signal.SIGTERM)
        stack.process.wait(3 + 20)
        took = time.monotonic() - began
        _, left = psutil.wait_procs(family, timeout=2)
        assert not left, [process.cmdline() for process in left]
        assert took < 3 + 20
