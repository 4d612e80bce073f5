"""Mutation testing: `make mutate` puts small faults into the modules on which delivery depends, and wants red tests.

Each mutant runs in a fork of this process, which has imported everything else already, against the tests of its module
only, on SQLite. A mutant is killed when a test fails, when it cannot even be imported, or when it hangs. The survivors
go to build/mutation/. Ends with 1 if in any module less than LEAST of its mutants are killed.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib.util
import os
import select
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import psutil
import pytest

from tests.mutation.mutants import mutants

ROOT: Final = Path(__file__).resolve().parents[2]
REPORTS: Final = ROOT / "build" / "mutation"
LEAST: Final = 0.85
"""The share of the mutants of a module that tests must kill."""
NICENESS: Final = 10
PROFILE: Final = "mutation"
"""Hypothesis tries the same examples for each mutant, and a slow machine is no fault."""
HANGS: Final = 30
"""Seconds after which a test hangs: none of these takes a tenth of it, on a busy machine too."""
GIVEN_UP: Final = 300.0
"""Seconds after which a mutant is ended from outside, since the test cannot end itself."""

MODULES: Final[dict[str, tuple[str, ...]]] = {
    "tasks.delivery.backoff": ("tests/delivery/test_backoff.py",),
    "tasks.delivery.transfers.address_policy": ("tests/delivery/test_address_policy.py",),
    "tasks.delivery.admission.breaker": ("tests/delivery/test_breaker.py",),
    "tasks.planning": ("tests/test_planning.py",),
    "tasks.delivery.verdicts": ("tests/delivery/test_verdicts.py",),
    "tasks.ledger.deliveries.claims": ("tests/ledger/test_claims.py", "tests/operations/test_stalled.py"),
    "tasks.ledger.deliveries.results": ("tests/ledger/test_results.py",),
}
"""Each module with the tests of it, the quickest first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one run of the tests."""

    status: int
    """As pytest ends: 0 all passed, 1 some failed, 2 to 4 it could not begin, 5 no tests; negative: the number of the
    signal that ended it."""
    output: str
    killer: str
    """The test that failed, if one did."""

    @property
    def survived(self) -> bool:
        if self.status == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise SystemExit(f"there are no tests:\n{self.output}")
        return self.status == pytest.ExitCode.OK

    @property
    def hung(self) -> bool:
        return self.status == -signal.SIGKILL or "Failed: Timeout" in self.output


class _Mutated(MetaPathFinder, Loader):
    """Imports one module from code that is given."""

    def __init__(self, module: str, code: CodeType) -> None:
        self.module, self.code = module, code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


class _KillersFirst:
    """Runs first the tests that found the last faults: those that stand together are often found by the same one."""

    def __init__(self, killers: Sequence[str], note: Path) -> None:
        self.turns = {name: turn for turn, name in enumerate(reversed(killers))}
        self.note = note

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.turns.get(item.nodeid, len(self.turns)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.note.write_text(report.nodeid)


def main(wanted: Sequence[str]) -> int:
    """Run the modules whose names end like those wanted, or all; 1 if tests kill too few mutants of one."""
    chosen = [name for name in MODULES if not wanted or name.rpartition(".")[2] in wanted]
    if unknown := set(wanted) - {name.rpartition(".")[2] for name in MODULES}:
        raise SystemExit(f"no such module: {', '.join(sorted(unknown))}")
    os.nice(NICENESS)
    os.chdir(ROOT)
    REPORTS.mkdir(parents=True, exist_ok=True)
    _import_all({file for name in chosen for file in MODULES[name]})
    print(f"{'module':44} {'mutants':>7} {'killed':>7} {'hung':>5} {'survived':>8}")
    return max([0 if try_module(name) >= LEAST else 1 for name in chosen])


def try_module(name: str) -> float:
    """The share of the mutants of a module that its tests kill; the survivors are written to a file."""
    file = ROOT / f"{name.replace('.', '/')}.py"
    source = file.read_text()
    run = functools.partial(run_tests, name, MODULES[name])
    sound = compile(source, str(file), "exec", dont_inherit=True)
    _must_pass(name, run(sound))
    if run(compile("raise RuntimeError('fault')", str(file), "exec")).survived:
        raise SystemExit(f"{name}: its tests do not import it")
    tried = survived = hung = 0
    killers: list[str] = []
    with (REPORTS / f"{name.rpartition('.')[2]}.txt").open("w") as survivors:
        for mutant in mutants(source, str(file)):
            outcome = run(mutant.code, killers)
            tried += 1
            hung += outcome.hung
            if outcome.survived:
                survived += 1
                print(
                    f"{file.relative_to(ROOT)}:{mutant.line}: {mutant.rule}\n{mutant.diff}\n",
                    file=survivors,
                    flush=True,
                )
            elif outcome.killer:
                killers = [*(killer for killer in killers if killer != outcome.killer), outcome.killer]
    _must_pass(name, run(sound, killers))  # still: what killed was the faults, and not what the tests have left behind
    killed = (tried - survived) / tried
    print(f"{name:44} {tried:7} {tried - survived:7} {hung:5} {survived:8}   {killed:.1%}", flush=True)
    return killed


def _must_pass(name: str, outcome: Outcome) -> None:
    if not outcome.survived:
        raise SystemExit(f"{name}: its tests fail without a fault\n{outcome.output}")


def run_tests(module: str, files: Sequence[str], code: CodeType, killers: Sequence[str] = ()) -> Outcome:
    """Run the tests in these files with a module made from `code`: first the `killers`, the last of them foremost."""
    with tempfile.TemporaryDirectory(prefix="fanwire-mutant-") as folder:
        output, note = Path(folder, "output"), Path(folder, "killer")
        child = os.fork()
        if not child:
            _be_mutant(module, files, code, output, _KillersFirst(killers, note))
        status = _wait(child)
        text, killer = (file.read_text(errors="replace") if file.exists() else "" for file in (output, note))
    return Outcome(status, text, killer)


def _be_mutant(module: str, files: Sequence[str], code: CodeType, output: Path, plugin: object) -> None:
    """In the fork: run the tests and end."""
    status = int(pytest.ExitCode.INTERNAL_ERROR)
    try:
        os.setsid()
        with output.open("w") as file:
            for descriptor in (1, 2):
                os.dup2(file.fileno(), descriptor)
        _forget_our_modules()
        sys.meta_path.insert(0, _Mutated(module, code))
        status = int(pytest.main(_arguments(files, output.parent / "temporary"), [plugin]))
        sys.stdout.flush()
    finally:
        os._exit(status)


def _arguments(files: Sequence[str], temporary: Path) -> list[str]:
    return ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "-k", "not postgresql",
            f"--timeout={HANGS}",
            f"--hypothesis-profile={PROFILE}", f"--basetemp={temporary}", *files]  # fmt: skip


def _wait(child: int) -> int:
    """How the child ended; if it does not, it is ended with all that it had started."""
    descriptor = os.pidfd_open(child)
    try:
        ended = bool(select.select([descriptor], [], [], GIVEN_UP)[0])
    finally:
        os.close(descriptor)
    if not ended:
        for process in [*psutil.Process(child).children(recursive=True), psutil.Process(child)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _import_all(files: set[str]) -> None:
    """Import what the tests need, once for all forks."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        pytest.main(["--collect-only", "-p", "no:cacheprovider", *sorted(files)])
    import hypothesis  # not before pytest, which wants to import its plugins itself

    hypothesis.settings.register_profile(PROFILE, derandomize=True, database=None, deadline=None)
    gc.freeze()  # the forks need not look through all this for garbage again and again


def _forget_our_modules() -> None:
    """Let everything of ours be imported anew: whatever may have taken a name from the module that is to be mutated."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tasks", "workers", "tests")]:
        if not name.startswith("tests.mutation"):
            del sys.modules[name]


if __name__ == "__main__":
    sys.exit(main(os.environ.get("MODULES", "").split()))
