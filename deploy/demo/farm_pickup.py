"""Outlets that nobody connects to: those with a folder on this machine, and those that fetch feeds of the wire.

The farm looks into the folders and fetches the feeds all the while, as newsrooms do, and once more whenever it is asked
for receipts. Of a feed, whose address it has to be told, it asks only for what has changed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from farm_manners import SimulatedOutlet
from farm_receipts import Receipts, blank, of_file

PAUSE = 0.5
"""Seconds between two rounds through all feeds."""
PATIENCE = 10.0
"""Seconds that a feed may take."""


class Pickup:
    """The receipts of all outlets of these two kinds."""

    def __init__(self, outlets: list[SimulatedOutlet], folders: Path) -> None:
        self.receipts = Receipts(outlets)
        self.folders = {
            outlet.id: folders / outlet.id for outlet in outlets if outlet.transport == "folder"
        }  # fmt: skip
        for folder in self.folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[Path, tuple[int, int]] = {}
        self._feeds: dict[str, str] = {}
        self._etags: dict[str, str] = {}
        self._entries: set[tuple[str, str]] = set()
        self._round = threading.Lock()
        self._open = build_opener(ProxyHandler({})).open
        threading.Thread(target=self._look_for_ever, daemon=True).start()

    def fetch(self, feeds: dict[str, str]) -> None:
        """Begin to fetch these feeds (JSON Feed), by outlet."""
        with self._round:
            self._feeds |= feeds

    def reset(self) -> None:
        """Forget all receipts; what is in folders and feeds by then does not count."""
        self.look()
        self.receipts.reset()

    def look(self) -> dict[int, dict[str, Any]]:
        """Look into all folders, and at all feeds; the receipts that are new."""
        self._look()
        with self.receipts.lock:
            changed, self.receipts.changed = self.receipts.changed, {}
        return changed

    def _look(self) -> None:
        with self._round:
            for outlet, folder in self.folders.items():
                for path in sorted(folder.rglob("*"), key=str):
                    self._look_at(self.receipts.outlets[outlet], path)
            for outlet, address in self._feeds.items():
                for entry in self._new_entries(outlet, address):
                    found = of_entry(self.receipts.outlets[outlet], entry)
                    self.receipts.add(found | {"manner": "fast"}, answered=200)

    def _look_at(self, outlet: SimulatedOutlet, path: Path) -> None:
        """Note a file that is new, or another than it was. One without its final name is not looked at."""
        try:
            stat = path.stat()
            if (
                path.name.startswith(".")
                or not path.is_file()
                or self._files.get(path) == (stat.st_ino, stat.st_mtime_ns)
            ):
                return
            body = path.read_bytes()
        except FileNotFoundError:  # renamed or removed at this moment
            return
        self._files[path] = stat.st_ino, stat.st_mtime_ns
        found = of_file(outlet, path.name, body) | {"manner": "fast", "time": stat.st_mtime}
        self.receipts.add(found, answered=200)

    def _look_for_ever(self) -> None:
        while True:
            self._look()
            time.sleep(PAUSE)

    def _new_entries(self, outlet: str, address: str) -> Iterator[dict[str, Any]]:
        """The entries of a feed that were not there before, the oldest first."""
        etag = self._etags.get(outlet)
        request = Request(address, headers={"If-None-Match": etag} if etag else {})  # noqa: S310, an address of the demo
        try:
            with self._open(request, timeout=PATIENCE) as answer:
                feed = json.loads(answer.read())
                self._etags[outlet] = answer.headers.get("ETag", "")
        except HTTPError as error:
            error.close()  # 304: nothing new; all else is tried again in the next round
            return
        except (URLError, OSError, ValueError):
            return
        for entry in reversed(feed["items"]):
            seen = outlet, json.dumps([entry["id"], entry.get("_fanwire", {}).get("version")])
            if seen not in self._entries:
                self._entries.add(seen)
                yield entry


def of_entry(outlet: SimulatedOutlet, entry: dict[str, Any]) -> dict[str, Any]:
    """A receipt of an entry of a feed."""
    told = entry.get("_fanwire", {})
    key = f"{entry['id']} v{told.get('version')}"
    return blank(outlet.id, json.dumps(entry, sort_keys=True).encode()) | {
        "release": told.get("release"),
        "version": told.get("version"),
        "language": entry["id"].removeprefix(f"{told.get('release')}:"),
        "action": told.get("action"),
        "key": f"{outlet.id} {key}",
        "webhook_id": f"{outlet.id} {key}",
        "format": "entry of a feed",
    }
