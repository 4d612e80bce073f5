"""`fanwire engines fetch`, `models` and `remove`: the models of the engine `ct2`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from tasks import ledger
from tasks.ledger import audit, translation_rows
from tasks.ledger.audit import Entry
from tasks.model.acts import Act
from tasks.runtime.errors import UserError
from tasks.runtime.foreign_text import printable
from tasks.runtime.settings import settings
from tasks.translation.engine_support import registry
from tasks.translation.engine_support.model_files import Found
from tasks.translation.engines.ct2 import CT2
from workers import engines, home
from workers.cli.screen import JsonOption, counted, err, out, print_json, print_rows
from workers.models import ModelRefused, NoRoom, install, place
from workers.models.download import KEPT, Wanted, download, forget, read_whole, shown
from workers.models.index import ARGOS, Package, read_index
from workers.models.place import Place
from workers.models.plan import Plan, Step, disk_needed, plan, tag, wanted

app = typer.Typer()
NOT_SAID = "not said"
ADD = "Add these lines to it:"
EngineOption = Annotated[
    str | None, typer.Option("--engine", help="The engine of type ct2, if the translation file has several.")
]
_MB = 1_000_000


@dataclass
class _Done:
    """What a fetch came to."""

    installed: list[dict[str, Any]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@app.command()
def fetch(
    languages: Annotated[
        list[str] | None,
        typer.Argument(help="Languages to translate into, such as es pt-BR ja; all that Fanwire knows if left out."),
    ] = None,
    source: Annotated[str, typer.Option("--from", help="The language to translate from.")] = "en",
    both: Annotated[bool, typer.Option("--both", help="Also the models back, from the languages.")] = False,
    files: Annotated[
        list[Path] | None,
        typer.Option("--file", help="Install this .argosmodel or folder of a converted model, and download nothing."),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option("--prefix", help="With --file: the word a model of several languages wants, such as '>>vie<<'."),
    ] = None,
    index: Annotated[
        str | None,
        typer.Option("--index", help="The address of the package index, for FANWIRE_MODELS_INDEX_URL."),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option("--mirror", help="The address under which all archives are, instead of where the index says."),
    ] = None,
    engine: EngineOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Add the engine to the translation file.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Download and install neural models, which translate on this machine without any network. Looks into a package
    index, says size and licence, asks once, goes on where an earlier download broke off, verifies each model before it
    takes the place of an older one, and shows a sentence through all checks."""
    if as_json and not (yes or dry_run or files):
        raise typer.BadParameter("--json asks nothing; say --yes, or --dry-run")
    if files and (languages or dry_run or index or mirror or both):
        raise typer.BadParameter("--file goes with --prefix, --engine, --write, --yes and --json only")
    if prefix and not files:
        raise typer.BadParameter("--prefix goes with --file")
    to = place.place(engine)
    done: _Done | None
    install.refuse_without_packages()
    with _interruptible():
        if files:
            done = _install_files(to, files, prefix, quiet=as_json)
        else:
            done = _fetch(to, languages or [], tag(source), both, _address(index, mirror), yes, dry_run, as_json)
    if done is None:
        return
    there = bool(install.there(to.folder)[0])
    _tell(to, done, there=there, added=there and write and _join(to, done), as_json=as_json)
    if done.failed:
        raise typer.Exit(1)


def _tell(to: place.Place, done: _Done, *, there: bool, added: bool, as_json: bool) -> None:
    """Say what a fetch came to, and what is missing until its models are used. `there`: whether the folder holds any;
    `added`: whether the engine was added to the translation file now."""
    if as_json:
        print_json(
            {"folder": str(to.folder), "engine": to.engine, "used": to.named or added, "installed": done.installed,
             "failed": done.failed}
        )  # fmt: skip
    elif there and not (to.named or added):
        _print(f"\n{settings().translation_file} has no such engine, so no model is used. {ADD}")
        _print("\n".join(f"  {line}" for line in place.lines_to_add(to)))
    if done.failed and not as_json:
        err.print("\n".join(map(printable, done.failed)), markup=False)


@app.command()
def models(engine: EngineOption = None, as_json: JsonOption = False) -> None:
    """List the models that are installed: languages, version, size, and whether they are used."""
    to = place.place(engine)
    there, problems = install.there(to.folder)
    used = install.used(there)
    if as_json:
        rows = [_listed(model, model is used[model.pair]) for model in there]
        print_json({"folder": str(to.folder), "engine": to.engine, "models": rows, "problems": problems})
        return
    _print(f"{counted(len(there), 'model')} in {to.folder}, for the engine {to.engine}")
    if there:
        print_rows(
            ("model", "languages", "version", "size", "is"),
            [
                (model.path.name, "→".join(model.pair), model.version, _size(install.size_of(model.path)),
                 "used" if model is used[model.pair] else f"not used: {used[model.pair].path.name} is newer")
                for model in there
            ],
        )  # fmt: skip
    for problem in problems:
        _print(problem)
    if there and not to.named:
        _print(f"{settings().translation_file} has no such engine, so no model is used. {ADD}")
        _print("\n".join(f"  {line}" for line in place.lines_to_add(to)))


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="MODEL…", help="As `fanwire engines models` lists them.")],
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove models from the folder of the engine ct2."""
    to = place.place(engine)
    if not to.folder.is_dir():
        raise ModelRefused(f"there is no folder {to.folder}, so there is no model to remove")
    with install.at_work(to.folder):
        there = {model.path.name: model for model in install.there(to.folder)[0]}
        if unknown := [name for name in names if name not in there]:
            raise ModelRefused(f"there is no model {', '.join(unknown)}; there are {', '.join(there) or 'none'}")
        gone = [there[name] for name in dict.fromkeys(names)]
        install.remove(to.folder, gone)
    for model in gone:
        _record(Act.REMOVE_MODEL, to, model, old=_kept(model), new=None)
    if as_json:
        print_json({"folder": str(to.folder), "removed": [model.path.name for model in gone]})
    else:
        _print(f"removed {', '.join(model.path.name for model in gone)} from {to.folder}")


# --- steps of a fetch


@dataclass(frozen=True)
class _Addresses:
    index: str
    mirror: str | None


def _address(index: str | None, mirror: str | None) -> _Addresses:
    """Where to look, by options and settings; raises ModelRefused for what is no address."""
    found = _Addresses(
        index or _secret(settings().models_index_url) or ARGOS, mirror or _secret(settings().models_mirror_url) or None
    )
    for address in filter(None, (found.index, found.mirror)):
        try:
            sound = urlsplit(address).scheme in ("http", "https") and bool(urlsplit(address).hostname)
        except ValueError:
            sound = False
        if not sound:
            raise ModelRefused(f"{shown(address)!r} is no address; write for example {ARGOS}")
    return found


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value else ""


def _fetch(
    to: Place, languages: list[str], source: str, both: bool, at: _Addresses, yes: bool, dry_run: bool, as_json: bool
) -> _Done | None:
    """Download and install what the index has; None if nothing was done because nobody wanted it."""
    packages = read_index(read_whole(at.index), shown(at.index))
    chosen, missing = wanted(packages, source, [tag(language) for language in languages], both=both)
    found = plan(chosen, to.folder, at.mirror)
    found.missing = missing
    if dry_run and as_json:
        print_json(_planned(to, found))
        return None
    if not as_json:
        _show_plan(to, found, at)
    if dry_run:
        return None
    if not found.steps:
        return _Done()
    _refuse_small_disk(to, found)
    if not yes and not typer.confirm(f"Download and install {counted(len(found.steps), 'model')}?", err=True):
        raise ModelRefused("nothing was downloaded")
    return _take(to, found, quiet=as_json)


def _take(to: Place, found: Plan, *, quiet: bool) -> _Done:
    done = _Done()
    place.make_folder(to)
    with install.at_work(to.folder):
        for step in found.steps:
            try:
                _download(step, quiet=quiet)
                model = _installed(to, step)
            except ModelRefused as refused:
                done.failed.append(f"{step.package.name}: {refused}")
                if isinstance(refused, NoRoom):
                    break
                continue
            done.installed.append(_finish(to, model, quiet=quiet))
    return done


def _installed(to: Place, step: Step) -> install.Installed:
    """Install a download, which is not needed any more then, whether it was a model or not; raises ModelRefused."""
    try:
        model = install.install(to.folder, step.archive, name=step.package.name, pair=step.package.pair)
    except NoRoom:
        raise
    except ModelRefused:
        forget(step.archive)
        raise
    forget(step.archive)
    return model


def _install_files(to: Place, files: list[Path], prefix: str | None, *, quiet: bool) -> _Done:
    done = _Done()
    place.make_folder(to)
    with install.at_work(to.folder):
        for file in files:
            try:
                model = install.install(to.folder, file, prefix=prefix)
            except ModelRefused as refused:
                done.failed.append(str(refused))
                continue
            done.installed.append(_finish(to, model, quiet=quiet))
    return done


def _download(step: Step, *, quiet: bool) -> None:
    """Download an archive from the first of its addresses that works; raises ModelRefused."""
    if step.archive.exists():  # an earlier fetch ended between download and installation
        return None
    problem = ModelRefused("it has no address")
    with _bar(step.package.name, quiet=quiet) as tell:
        for link in step.links:
            try:
                return download(
                    Wanted(address=link, to=step.archive, size=step.package.size, sha256=step.package.sha256), tell
                )
            except NoRoom:
                raise
            except ModelRefused as refused:
                problem = refused
    raise problem


@contextmanager
def _bar(name: str, *, quiet: bool) -> Iterator[Any]:
    """A progress bar on a terminal."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as progress:
        task = progress.add_task(printable(name), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _finish(to: Place, model: install.Installed, *, quiet: bool) -> dict[str, Any]:
    """Record a model that is in place, and show what it makes of a sentence."""
    woken = _record(Act.INSTALL_MODEL, to, model.found, old=_before(model.replaced), new=_kept(model.found))
    tried, problem = _sample(to, model.found)
    if not quiet:
        replaced = f", in place of {', '.join(old.path.name for old in model.replaced)}" if model.replaced else ""
        _print(f"{model.found.path.name} is installed{replaced}: {'→'.join(model.found.pair)}, {_size(model.bytes)}")
        if tried and tried.result:
            _print(f"  {tried.text}\n  {tried.result}")
        elif problem:
            _print(f"  {problem}")
        if (readme := model.found.path / "README.md").is_file():
            _print(f"  licence and data: {readme}")
        if woken:
            _print(f"  {counted(woken, 'translation')} that waited for an engine may be tried again now")
    return {
        **_listed(model.found, True),
        "replaced": [old.path.name for old in model.replaced],
        "sample": tried.to_dict() if tried else None,
        "problem": problem,
    }


def _sample(to: Place, model: Found) -> tuple[engines.Tried | None, str | None]:
    """A sentence through the new model, the whole way of a release; and what is wrong with what came of it."""
    source, target = model.pair
    engine = None
    try:
        engine = registry.make_engine(to.engine, to.document)
        tried = engines.try_with(engine, to.document, source, target, None)
    except UserError as error:  # another model in the folder, or the entry of the engine, may be at fault
        return None, str(error)
    finally:
        if isinstance(engine, CT2):
            engine.unload()
    return tried, f"a sample did not pass: {tried.error}: {tried.reason}" if tried.error else None


def _record(act: Act, to: Place, model: Found, *, old: dict[str, Any] | None, new: dict[str, Any] | None) -> int:
    """Note who did it, and have the translations that wait for an engine tried again, if there is a ledger yet; returns
    how many these are."""
    if not home.ledger_is_there():
        return 0
    with ledger.write() as connection:
        woken = translation_rows.wake(connection, now=ledger.now(connection))
        audit.record(connection, Entry(act=act, subject=f"model {model.path.name} of {to.engine}", old=old, new=new))
    return woken


def _kept(model: Found) -> dict[str, Any]:
    return {"languages": list(model.pair), "version": model.version}


def _before(replaced: list[Found]) -> dict[str, Any] | None:
    return {old.path.name: old.version for old in replaced} or None


def _join(to: Place, done: _Done) -> bool:
    """Add the engine to the translation file where that is needed; whether it was added."""
    if to.named:
        return False
    try:
        place.add(to)
    except ModelRefused as refused:
        done.failed.append(str(refused))
        return False
    err.print(printable(f"{settings().translation_file} has the engine {to.engine} now"), markup=False)
    return True


@contextmanager
def _interruptible() -> Iterator[None]:
    """Within it, Ctrl-C says what it leaves."""
    try:
        yield
    except KeyboardInterrupt:
        raise ModelRefused(f"interrupted; {KEPT}, and no model is half installed") from None


def _refuse_small_disk(to: Place, found: Plan) -> None:
    needed, free = disk_needed(found.steps), install.free(to.folder)
    if needed > free:
        raise NoRoom(
            f"{_size(needed)} are needed in {to.folder} while this runs, and {_size(free)} are free: make room, or "
            "fetch fewer languages at once"
        )


# --- what is shown


def _show_plan(to: Place, found: Plan, at: _Addresses) -> None:
    _print(f"index   {shown(at.index)}" + (f"\nmirror  {shown(at.mirror)}" if at.mirror else ""))
    _print(f"folder  {to.folder} (engine {to.engine})\n")
    if found.steps:
        print_rows(
            ("model", "languages", "version", "size", "licence", "in place of"),
            [_row(step) for step in found.steps],
        )
        _print("")
    if found.present:
        _print(f"already there: {', '.join(model.path.name for model in found.present)}")
    if found.missing:
        _print(f"not in the index: {', '.join(found.missing)} (docs/translation.md, Models, says what to do)")
    if any(step.package.licence is None for step in found.steps):
        _print("A licence that the index does not say stands in README.md of the model, once it is installed.")
    if found.steps:
        total, unknown = sum(step.left for step in found.steps), any(step.size is None for step in found.steps)
        needed, free = disk_needed(found.steps), install.free(to.folder)
        _print(f"{_size(total)}{' or more' if unknown else ''} to download")
        _print(f"{_size(needed)} needed on disk while this runs, {_size(free)} free")


def _row(step: Step) -> tuple[str, ...]:
    package: Package = step.package
    size = NOT_SAID if step.size is None else _size(step.size)
    return (
        package.name, "→".join(package.pair), package.version, size, package.licence or NOT_SAID,
        ", ".join(old.path.name for old in step.replaces),
    )  # fmt: skip


def _planned(to: Place, found: Plan) -> dict[str, Any]:
    return {
        "folder": str(to.folder),
        "engine": to.engine,
        "used": to.named,
        "models": [
            {"name": step.package.name, "source": step.package.pair[0], "target": step.package.pair[1],
             "version": step.package.version, "bytes": step.size, "bytes_left": step.left,
             "licence": step.package.licence, "replaces": [old.path.name for old in step.replaces]}
            for step in found.steps
        ],
        "present": [model.path.name for model in found.present],
        "missing": found.missing,
    }  # fmt: skip


def _listed(model: Found, used: bool) -> dict[str, Any]:
    return {
        "name": model.path.name, "source": model.pair[0], "target": model.pair[1], "version": model.version,
        "bytes": install.size_of(model.path), "used": used,
    }  # fmt: skip


def _size(number: int) -> str:
    return f"{number / _MB:,.0f} MB" if number >= 10 * _MB else f"{number / _MB:,.1f} MB"


def _print(text: str) -> None:
    out.print("\n".join(map(printable, text.split("\n"))), markup=False)
