"""WordPress for tests: what tests ask of a site, and a real one on PHP and MariaDB where Debian's packages are.

`wordpress_double.py` is the site for machines that have none; both run the same cases.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.processes import end, free_port, start, until

DESK, READER = "desk", "reader"
"""The users of a site: one who may publish, and one who may only read."""
SOURCE = Path("/usr/share/wordpress")
MARIADB = Path("/usr/sbin/mariadbd")
MISSING = None if SOURCE.is_dir() and MARIADB.exists() and shutil.which("php") else "no WordPress, PHP and MariaDB"
"""Why no real site can be started; None if one can."""


@dataclass(frozen=True)
class Site:
    """A site that answers, and the application passwords of its users."""

    host: str
    """With the port."""
    passwords: dict[str, str]
    scheme: str = "http"

    @property
    def url(self) -> str:
        """What an outlet of it has as its URL."""
        return f"wordpress+{self.scheme}://{self.host}"

    def posts(self, status: str = "any", type: str = "posts") -> list[dict[str, Any]]:
        """Its posts as an editor sees them, the oldest first, with their raw title and content."""
        fields = "id,slug,status,title,content,author,categories,featured_media"
        found = self._all(type, status=status, context="edit", orderby="id", order="asc", _fields=fields)
        return [post | {"title": post["title"]["raw"], "content": post["content"]["raw"]} for post in found]

    def files(self) -> list[dict[str, Any]]:
        """The files in its library, the oldest first."""
        return self._all("media", orderby="id", order="asc", _fields="id,slug,source_url,alt_text,mime_type")

    def clear(self) -> None:
        """Remove all posts, pages and files, those in the trash too."""
        everything = "publish,future,draft,pending,private,trash"
        found = [(kind, post) for kind in ("posts", "pages") for post in self.posts(everything, kind)]
        for kind, one in [*found, *(("media", file) for file in self.files())]:
            self.ask("DELETE", f"{kind}/{one['id']}", force="true")

    def ask(self, method: str, path: str, document: Any = None, **query: str) -> Any:
        """What the REST API answers the user who may publish."""
        request = urllib.request.Request(
            f"http://{self.host}/wp-json/wp/v2/{path}?{urlencode(query)}",
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Authorization": self._basic(), "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def _all(self, kind: str, **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", kind, per_page="100", **query)
        return found

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(f"{DESK}:{self.passwords[DESK]}".encode()).decode()


CONFIGURATION = """<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:%s'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
foreach (array('AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE') as $name) {
    define("{$name}_KEY", 'for tests'); define("{$name}_SALT", 'for tests');
}
define('WP_ENVIRONMENT_TYPE', 'local');  // or application passwords need https
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true); define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
require_once ABSPATH . 'wp-settings.php';
"""
ROUTER = """<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path !== '/' && is_file(__DIR__ . $path)) return false;
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
define('ABSPATH', __DIR__ . '/');
require ABSPATH . 'wp-blog-header.php';
"""
INSTALLER = """<?php
define('ABSPATH', __DIR__ . '/'); define('WP_INSTALLING', true); define('WP_SITEURL', 'http://' . $argv[1]);
$_SERVER['HTTP_HOST'] = $argv[1];
require ABSPATH . 'wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('A site of the tests', 'desk', 'desk@bote.example', true, '', 'unused');
update_option('permalink_structure', '/%postname%/');
wp_create_user('reader', 'unused', 'reader@bote.example');
foreach (array('desk', 'reader') as $name) {
    $user = get_user_by('login', $name)->ID;
    list($found[$name]) = WP_Application_Passwords::create_new_application_password($user, array('name' => 'Fanwire'));
}
echo json_encode($found);
"""


@contextlib.contextmanager
def real_site(folder: Path) -> Iterator[Site]:
    """A site of its own under `folder`, with a database of its own that only a socket leads to."""
    site, data, socket = folder / "site", folder / "data", folder / "db.sock"
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    _run(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db", *as_root,
          "--auth-root-authentication-method=normal"])  # fmt: skip
    _lay_out(site, socket)
    env = {"PATH": os.environ.get("PATH", ""), "PHP_CLI_SERVER_WORKERS": "4"}
    database = start(
        [str(MARIADB), "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--skip-networking", *as_root,
         f"--pid-file={folder / 'db.pid'}", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0"],
        env, folder / "database.log",
    )  # fmt: skip
    host, server = f"127.0.0.1:{free_port()}", None
    try:
        until(lambda: _made_database(socket))
        passwords = json.loads(_run(["php", "-d", "sendmail_path=/bin/true", str(site / "install.php"), host]))
        server = start(["php", "-S", host, "-t", str(site), str(site / "router.php")], env, folder / "php.log")
        made = Site(host, passwords)
        until(lambda: _answers(made))
        made.clear()
        yield made
    finally:
        for process in (server, database):
            if process:
                end(process)


def _lay_out(site: Path, socket: Path) -> None:
    """A folder that has Debian's files by links, and its own configuration and uploads."""
    for name in ("uploads", "themes", "plugins"):
        (site / "wp-content" / name).mkdir(parents=True)
    for file in SOURCE.iterdir():
        if file.name not in ("wp-content", "wp-config.php"):
            (site / file.name).symlink_to(file)
    (site / "wp-config.php").write_text(CONFIGURATION % socket)
    (site / "router.php").write_text(ROUTER)
    (site / "install.php").write_text(INSTALLER)


def _made_database(socket: Path) -> bool:
    command = ["mariadb", "--no-defaults", "-S", str(socket), "-u", "root", "-e", "create database wordpress"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _answers(site: Site) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return isinstance(site.files(), list)
    return False


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
    return done.stdout
