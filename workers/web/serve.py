"""The process `web`: uvicorn with our application. It listens as soon as the ledger answers, and ends on SIGTERM."""

from __future__ import annotations

import os
import socket
import sys
import time

from workers.imports import all_to_stay

with all_to_stay():
    import structlog
    import uvicorn
    from sqlalchemy.exc import SQLAlchemyError

    from tasks.runtime.errors import UserError
    from tasks.runtime.private_files import UMASK
    from tasks.runtime.settings import settings
    from workers import logs
    from workers.web import readiness
    from workers.web.application import application
    from workers.web.listening import listen
    from workers.web.pages.events import HUB
    from workers.web.patient_protocol import PatientProtocol
    from workers.web.surroundings import Surroundings

log = structlog.get_logger()

CONNECTIONS = 1000
"""Connections at once; further ones get 503."""
KEEP_ALIVE_SECONDS = 15
"""For so long a connection without a request stays open."""
STOP_SECONDS = 10
"""For so long requests that are running when the process is asked to stop may go on."""
POLL_SECONDS = 1.0
"""Between two looks for a ledger that does not answer yet."""


def await_ledger() -> None:
    """Wait until the ledger answers and has its tables."""
    told = False
    while True:
        try:
            return readiness.look()
        except SQLAlchemyError as error:
            if not told:
                log.warning("waiting for the ledger", error=str(error).splitlines()[0])
            told = True
            time.sleep(POLL_SECONDS)


class Server(uvicorn.Server):
    """Ends the answers that would never end before it waits for those that are under way."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        HUB.close()
        await super().shutdown(sockets)


def main() -> None:
    """Be the web server until SIGTERM."""
    os.umask(UMASK)
    logs.set_up("web")
    await_ledger()
    proxies = [str(network) for network in settings().web_proxies]
    with listen() as listening:
        config = uvicorn.Config(
            Surroundings(application()), http=PatientProtocol, ws="none", loop="asyncio", lifespan="off",
            proxy_headers=bool(proxies), forwarded_allow_ips=proxies,
            log_config=None, access_log=False, server_header=False, limit_concurrency=CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=STOP_SECONDS,
        )  # fmt: skip
        log.info("web open", address=str(settings().web_address), port=listening.getsockname()[1])
        Server(config).run(sockets=[listening])


if __name__ == "__main__":
    try:
        main()
    except UserError as refusal:
        sys.exit(str(refusal))
