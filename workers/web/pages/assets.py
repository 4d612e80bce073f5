"""`GET /ops/static/{digest}/{name}`: the style sheet and the script, at addresses that change with their content."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks.operations import charts
from workers.web.prefix import prefix

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def routes() -> list[Route]:
    """The route of assets; everybody may have them."""
    return [Route("/ops/static/{digest}/{name}", asset)]


def asset(request: Request) -> Response:
    """One file, which a browser may keep for a year."""
    name = request.path_params["name"]
    if name not in _files() or request.path_params["digest"] != _files()[name][0]:
        raise HTTPException(404)
    headers = {"cache-control": "public, max-age=31536000, immutable", "content-type": _TYPES[Path(name).suffix]}
    return Response(_files()[name][1], headers=headers)


def address(name: str) -> str:
    """The address of a file, for templates. Raises KeyError for one that is not there."""
    return f"{prefix()}/ops/static/{_files()[name][0]}/{name}"


@cache
def _files() -> dict[str, tuple[str, bytes]]:
    """By name: the beginning of its digest, and the content."""
    contents = {"charts.css": charts.STYLE.encode()}
    contents |= {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _TYPES}
    return {name: (hashlib.sha256(content).hexdigest()[:16], content) for name, content in contents.items()}
