"""Who gets a release, in which languages, what is held and why: for `outlets list --for` and `submit --dry-run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks.planning import Match
from tasks.runtime.foreign_text import printable
from workers.cli.release_status import show_goes_to
from workers.cli.screen import out, print_rows

if TYPE_CHECKING:
    from tasks.operations.prospects import Prospects

NOTHING = "—"


def as_json(found: Prospects) -> list[dict[str, Any]]:
    """Outlet by outlet: the languages in which it is to get it, which of them are held, and which it does not get."""
    return [
        {
            "outlet": match.outlet.id,
            "languages": match.languages,
            "held": _held(found, match),
            "refused": match.refused,
        }
        for match in found.matches
    ]


def show(found: Prospects, limit: int | None = None) -> None:
    """Print outlet by outlet, `limit` of them at most, those that get something first then."""
    matches = found.matches
    if limit is not None and len(matches) > limit:
        matches = sorted(matches, key=lambda match: not match.languages)[:limit]
    rows = [tuple(map(printable, _row(found, match))) for match in matches]
    print_rows(("outlet", "gets it in", "held in", "not in", "because"), rows)
    if (left := len(found.matches) - len(matches)) > 0:
        out.print(f"… and {left:,} more; --json lists all", markup=False)


def show_sums(name: str, found: Prospects) -> None:
    """Print how many get it, what is held, and why others do not."""
    out.print(printable(name), markup=False)
    show_goes_to(found.to_dict())
    for reason, count in found.refused.most_common():
        who = "outlet does" if count == 1 else "outlets do"
        why = f"the outlet {printable(reason)}"
        out.print(f"{count:>7,}  {who} not get it, or not in every language: {why}", markup=False)


def _held(found: Prospects, match: Match) -> dict[str, str]:
    of = match.outlet.id
    return {language: found.holds[of, language] for language in match.languages if (of, language) in found.holds}


def _row(found: Prospects, match: Match) -> tuple[str, ...]:
    held = _held(found, match)
    because = [*dict.fromkeys(held.values()), *(f"it {why}" for why in dict.fromkeys(match.refused.values()))]
    return (
        match.outlet.id,
        " ".join(found.leaves(match)) or NOTHING,
        " ".join(held) or NOTHING,
        " ".join(match.refused) or NOTHING,
        "; ".join(because),
    )
