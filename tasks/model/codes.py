"""The codes of attempts: what an attempt met, for programs. Logs, reports, `--json` and the ledger have them beside the
sentence for people, and count by them."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """What an attempt met. An HTTP answer that is no redirect has `http_` and its status as its code: `http_404`; a
    reply over FTP or SMTP has `ftp_` or `smtp_`: `smtp_550`."""

    REDIRECT = "redirect"
    """The outlet pointed to another address, which is not followed."""
    TIMEOUT = "timeout"
    """The deadline of the transfer was over."""
    DNS = "dns"
    """The host name could not be resolved."""
    NAME_SERVER = "name_server"
    """The name servers of Fanwire's own machine do not answer."""
    CONNECTION_REFUSED = "connection_refused"
    """Nothing listens at the outlet's port."""
    NO_CONNECTION = "no_connection"
    """The outlet's address could not be reached."""
    CONNECTION_RESET = "connection_reset"
    """The connection was closed before an answer was read."""
    TLS = "tls"
    """The encryption or the certificate is wrong."""
    NOT_HTTP = "not_http"
    """The answer is not HTTP."""
    DONE = "done"
    """It was delivered, over a protocol that has no numbers for it."""
    LOGIN = "login"
    """The server does not take our user, password or key."""
    HOST_KEY = "host_key"
    """The SFTP server has another key than the one that the outlet's document pins."""
    NO_PERMISSION = "no_permission"
    """We may not write or remove the file, by the word of the outlet's server or folder."""
    NO_FOLDER = "no_folder"
    """The outlet's folder for files is not there."""
    NO_SPACE = "no_space"
    """The disk or quota of the outlet is full."""
    REFUSED_FOLDER = "refused_folder"
    """The folder is not below one that FANWIRE_DELIVERY_FOLDERS allows."""
    SERVER_REPLY = "server_reply"
    """A server of files refused, over a protocol that has no numbers for it."""
    LOCAL_WORK = "local_work"
    """What was to be done on Fanwire's own machine, such as writing a file, could not be done."""
    UNFINISHED = "unfinished"
    """A step before the delivery itself was answered in a way that its transport cannot go on from."""
    OAUTH2_REFUSED = "oauth2_refused"
    """The endpoint that gives tokens does not take our client, its secret or what we ask the token for."""
    OAUTH2_UNAVAILABLE = "oauth2_unavailable"
    """The endpoint that gives tokens cannot be reached, or has no time."""
    OAUTH2_UNREADABLE = "oauth2_unreadable"
    """The endpoint that gives tokens answered with no token that we can read."""
    NO_ANSWER = "no_answer"
    """There is no answer, and nobody knows why."""
    REFUSED_ADDRESS = "refused_address"
    """The host has no address that Fanwire may dial."""
    BROKEN_OFF = "broken_off"
    """Fanwire itself ended the transfer after all was sent."""
    CANNOT_SEND = "cannot_send"
    """Fanwire could not send it, such as for a wrong URL or for want of a socket."""
    CANNOT_PREPARE = "cannot_prepare"
    """Fanwire could not make the request: no transport, or an error of its own."""
    SECRET_MISSING = "secret_missing"  # noqa: S105, no secret
    """A secret of the outlet cannot be read or used."""
    RENDITION_MISSING = "rendition_missing"
    """The ledger has no rendition for it."""
    OUTLET_UNREADABLE = "outlet_unreadable"
    """The outlet's document cannot be read."""
    WORKER_VANISHED = "worker_vanished"
    """The process of its worker is gone, or its lease was over."""
    RESTING_HOST = "resting_host"
    """Its host failed lately and is left alone for a while."""
    RESTING_OUTLET = "resting_outlet"
    """The outlet failed lately and is left alone for a while; others at its host are not."""
    RATE_LIMIT = "rate_limit"
    """The outlet's limit per minute is reached."""
    IN_FLIGHT_LIMIT = "in_flight_limit"
    """As many as the outlet takes at once are in flight."""
    TOO_LARGE = "too_large"
    """A file of a release is larger than the wire takes."""
    EMPTY = "empty"
    """A file of a release has nothing in it."""
    WRONG_TYPE = "wrong_type"
    """A file of a release is of another type than it must be, or of one that the wire does not take."""
    TOO_MANY_PIXELS = "too_many_pixels"
    """A picture of a release has more pixels than the wire takes."""
    UNREADABLE = "unreadable"
    """A picture of a release is broken, or nobody can read it."""
    STORE = "store"
    """The wire's own store of media failed."""
    LEASE_OVER = "lease_over"
    """The lease was nearly over before it could be sent."""
    WORKER_STOPS = "worker_stops"
    """Its worker was asked to stop before it could be sent."""
    NEWER_VERSION = "newer_version"
    """A newer version of the release took its place."""
    RELEASE_KILLED = "release_killed"
    """The release was killed."""
    OUTLET_REMOVED = "outlet_removed"
    """The outlet was removed."""
    REPLAYED = "replayed"
    """Operations made it due again."""
    RELAY = "relay"
    """The mail relay refuses what Fanwire itself is configured with: its login, its sender, or the encryption."""
    SERVER_BUSY = "server_busy"
    """As many as the outlet's server takes within seconds are waiting; this one comes back at its turn."""
    BOUNCED = "bounced"
    """The e-mail came back: a mail server after the relay did not take it, or gave up."""
    DELAYED = "delayed"
    """A mail server after the relay could not pass the e-mail on yet, and goes on trying."""
    RESTORED = "restored"
    """The ledger was restored from a backup, and it may have been delivered since."""
    UNKNOWN = "unknown"
    """It was written by a version that knew no codes."""


def http_code(status: int) -> str:
    """The code of an HTTP answer."""
    return Code.REDIRECT if 300 <= status < 400 else f"http_{status}"


def reply_code(protocol: str, reply: int | None) -> str:
    """The code of a reply (a number of three digits) over `ftp` or `smtp`; None: no number came."""
    return f"{protocol}_{reply}" if reply else Code.SERVER_REPLY


WRONG_SECRET = frozenset({http_code(401), http_code(403), Code.LOGIN, Code.OAUTH2_REFUSED})
"""The codes of an outlet, or a server, that does not take our secret."""
OF_THE_OUTLET = frozenset(
    {
        Code.REDIRECT,
        Code.REFUSED_ADDRESS,
        Code.REFUSED_FOLDER,
        Code.LOGIN,
        Code.HOST_KEY,
        Code.OAUTH2_REFUSED,
        Code.NO_PERMISSION,
        Code.NO_FOLDER,
        Code.BOUNCED,
        *(f"smtp_{reply}" for reply in (550, 551, 553)),
        *(f"ftp_{reply}" for reply in (550, 553)),
    }
    | {http_code(status) for status in (401, 403, 404, 407, 410)}
)
"""The codes of a final no that is about the outlet's own address, account or credentials, and not about what was sent:
once that is mended, the same delivery will be taken."""
