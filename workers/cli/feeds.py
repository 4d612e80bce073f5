"""`fanwire feeds …`: feeds for outlets that fetch, and the secret addresses under which they are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from tasks import ledger
from tasks.ledger import feed_addresses, outlets
from tasks.ledger.feed_addresses import AddressRow
from tasks.model.outlet import Outlet, read_outlet
from tasks.operations import feed_access
from tasks.operations.outlet_acts import find
from tasks.operations.outlet_import import import_outlets
from tasks.runtime import moments
from tasks.runtime.settings import settings
from workers.cli.rows import reading, writing
from workers.cli.screen import JsonOption, out, print_json, print_rows, stop
from workers.offered import offered
from workers.web import listening

OVERLAP_HOURS = 168.0
"""A week, for readers to change to a new address."""
PULL = "pull:"

app = typer.Typer(
    no_args_is_help=True, help="Make feeds for outlets that fetch, and make, change and end their secret addresses."
)

FeedArgument = Annotated[str, typer.Argument(help="The id of an outlet whose URL is pull:.")]


@app.command()
def add(
    feed: Annotated[str, typer.Argument(help="The id of the new feed, which is an outlet.")],
    country: Annotated[str, typer.Option(help="The country of its readers, such as DE.")],
    language: Annotated[list[str], typer.Option(help="A language of its entries, such as de; it may be repeated.")],
    circuit: Annotated[list[str] | None, typer.Option(help="A circuit that it shows; it may be repeated.")] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="A topic that it shows, such as 04000000; it may be repeated.")
    ] = None,
    form: Annotated[Literal["atom", "rss", "jsonfeed"], typer.Option("--format", help="The format.")] = "atom",
    name: Annotated[str | None, typer.Option(help="How its title calls it; its id if left out.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a feed of circuits or topics for everybody who gets its secret address, and print the address once.

    A feed is an outlet that fetches: what it shows, `fanwire outlets` and reports know like any other's.
    """
    document: dict[str, Any] = {
        "id": feed, "name": name or feed, "country": country, "languages": language, "circuits": circuit or [],
        "topics": topic or [], "format": form, "url": PULL,
    }  # fmt: skip
    outlet = read_outlet(document, offered())
    with writing() as connection:
        row = outlets.get(connection, feed)
        if row is not None and row.status != "removed":
            stop(f"There is an outlet {feed!r} already; `fanwire feeds rotate {feed}` gives its feed a new address.")
        import_outlets(connection, [outlet], remark="by fanwire feeds add")
        made = feed_access.rotate(connection, feed, form, overlap=0)
    _print_address(feed, made, as_json=as_json)


@app.command()
def rotate(
    feed: FeedArgument,
    overlap: Annotated[
        float, typer.Option(min=0, help="Hours for which its older addresses stay good.")
    ] = OVERLAP_HOURS,
    as_json: JsonOption = False,
) -> None:
    """Give a feed a new secret address, its first one too, and print it once; the older ones end after the overlap."""
    with writing() as connection:
        outlet = _feed(connection, feed)
        made = feed_access.rotate(connection, feed, outlet.format, overlap=overlap * 3600)
    _print_address(feed, made, as_json=as_json, overlap=overlap)


@app.command()
def revoke(
    feed: FeedArgument,
    address: Annotated[
        int | None, typer.Option(help="The number of the one that ends, as `feeds list` shows it; all if left out.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """End the secret addresses of a feed at once, without a new one."""
    with writing() as connection:
        _feed(connection, feed)
        ended = feed_access.revoke(connection, feed, address)
    if as_json:
        print_json({"feed": feed, "ended": ended})
    else:
        out.print(f"{feed}: {'1 address has' if ended == 1 else f'{ended} addresses have'} ended", markup=False)


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List all feeds, and of each which addresses are good, by number, and until when."""
    with reading() as connection:
        now = ledger.now(connection)
        feeds = [outlet for outlet in outlets.everyone(connection) if outlet.url == PULL]
        addresses = feed_addresses.of(connection, [outlet.id for outlet in feeds], now)
    if as_json:
        print_json([_told(outlet, addresses.get(outlet.id, [])) for outlet in feeds])
        return
    if not feeds:
        out.print("There are no feeds; `fanwire feeds add` makes one.")
        return
    rows = [
        [outlet.id, outlet.format, outlet.status, " ".join(outlet.languages), _good(addresses.get(outlet.id, []))]
        for outlet in feeds
    ]
    print_rows(["feed", "format", "status", "languages", "addresses"], rows)


def _told(outlet: Outlet, addresses: list[AddressRow]) -> dict[str, Any]:
    """A feed for programs."""
    return {
        "feed": outlet.id,
        "format": outlet.format,
        "status": outlet.status,
        "languages": outlet.languages,
        "addresses": [
            {
                "number": one.id,
                "made_at": moments.utc(one.made_at),
                "expires_at": None if one.expires_at is None else moments.utc(one.expires_at),
            }
            for one in addresses
        ],
    }


def _good(addresses: list[AddressRow]) -> str:
    """The good addresses of a feed for people."""
    told = [
        f"{one.id} since {moments.shown(one.made_at)}"
        + ("" if one.expires_at is None else f", until {moments.shown(one.expires_at)}")
        for one in addresses
    ]
    return "; ".join(told) or "none: `fanwire feeds rotate` makes one"


def _feed(connection: Connection, feed: str) -> Outlet:
    """The outlet of a feed; ends the command if it is none."""
    outlet = Outlet.model_validate_json(find(connection, feed).document)
    if outlet.url != PULL:
        stop(f"The outlet {feed!r} does not fetch: it has the URL of its own to which releases are sent.")
    return outlet


def _print_address(
    feed: str, made: feed_access.NewAddress, *, as_json: bool, overlap: float | None = None
) -> None:  # fmt: skip
    base = settings().web_url or listening.here()
    if as_json:
        print_json({"feed": feed, "number": made.number, "address": base + made.path, "older_ending": made.ended})
        return
    out.print(base + made.path, markup=False)
    out.print(f"This is address {made.number} of the feed {feed}. It is secret, and is not shown again.", markup=False)
    if made.ended:
        out.print(f"The older addresses end {'now' if not overlap else f'in {overlap:g} hours'}.", markup=False)
    if settings().web_url is None:
        out.print(
            "Nobody but this machine reaches it: put a proxy before the web server, and its address into "
            "FANWIRE_WEB_URL.",
            markup=False,
        )
