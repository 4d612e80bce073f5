"""The functions of docs/outlets.md that verify our signature, each run by its own interpreter on what we sign."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.delivery.signing import sign
from tests.docs.documents import block
from tests.support.threads import PATIENCE

KEY, OTHER = ("whsec_" + base64.b64encode(secret).decode() for secret in (b"the key of the outlet", b"another key"))
BODY = '{"headline": "Fährbau – 船"}\r\n\x00'.encode() + bytes(range(256))

PYTHON = """
import sys
for line in open(sys.argv[1]):
    secret, id, timestamp, signature, body = line.rstrip("\\n").split("\\t")
    headers = {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature}
    print("yes" if is_from_the_wire(secret, headers, base64.b64decode(body)) else "no")
"""
PHP = """
foreach (file($argv[1], FILE_IGNORE_NEW_LINES) as $line) {
    [$secret, $id, $timestamp, $signature, $body] = explode("\\t", $line);
    $headers = ['webhook-id' => $id, 'webhook-timestamp' => $timestamp, 'webhook-signature' => $signature];
    echo is_from_the_wire($secret, $headers, base64_decode($body)) ? "yes\\n" : "no\\n";
}
"""
JAVASCRIPT = """
for (const line of require("node:fs").readFileSync(process.argv[2], "utf8").trimEnd().split("\\n")) {
  const [secret, id, timestamp, signature, body] = line.split("\\t");
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
  console.log(isFromTheWire(secret, headers, Buffer.from(body, "base64")) ? "yes" : "no");
}
"""
JAVA = """
class Tried {
    public static void main(String[] args) throws Exception {
        for (String line : java.nio.file.Files.readAllLines(java.nio.file.Path.of(args[0]))) {
            String[] its = line.split("\\t");
            var headers = Map.of("webhook-id", its[1], "webhook-timestamp", its[2], "webhook-signature", its[3]);
            byte[] body = Base64.getDecoder().decode(its[4]);
            System.out.println(Signature.isFromTheWire(its[0], headers, body) ? "yes" : "no");
        }
    }
}
"""
GO = """
func main() {
	lines, _ := os.ReadFile(os.Args[1])
	for _, line := range strings.Split(strings.TrimSpace(string(lines)), "\\n") {
		its := strings.Split(line, "\\t")
		body, _ := base64.StdEncoding.DecodeString(its[4])
		headers := map[string]string{"webhook-id": its[1], "webhook-timestamp": its[2], "webhook-signature": its[3]}
		if isFromTheWire(its[0], headers, body) {
			fmt.Println("yes")
		} else {
			fmt.Println("no")
		}
	}
}
"""


def code(language: str) -> str:
    """The function of the manual, and a program that asks it about each line of a file."""
    function = block("docs/outlets.md", language, "### Signatures")
    match language:
        case "php":
            return "<?php\n" + function + PHP
        case "java":  # the first class of a file is the one that runs
            imports, _, signature = function.partition("class Signature")
            return imports + JAVA + "class Signature" + signature
        case "go":
            return function.replace("import (\n", 'import (\n\t"fmt"\n\t"os"\n') + GO
        case _:
            return function + {"python": PYTHON, "javascript": JAVASCRIPT}[language]


def cases() -> Iterator[tuple[str, str]]:
    """Lines for the program, and what it is to say of each."""
    now = int(time.time())

    def line(secret: str, signature: str, id: str = "fw_1", timestamp: int = now, body: bytes = BODY) -> str:
        return "\t".join((secret, id, str(timestamp), signature, base64.b64encode(body).decode()))

    good = sign([KEY], "fw_1", now, BODY)
    yield line(KEY, good), "yes"
    yield line(KEY, sign([OTHER, KEY], "fw_1", now, BODY)), "yes"
    yield line(KEY, sign([OTHER], "fw_1", now, BODY)), "no"
    yield line(OTHER, good), "no"
    yield line(KEY, good, body=BODY + b" "), "no"
    yield line(KEY, good, id="fw_2"), "no"
    yield line(KEY, good, timestamp=now + 1), "no"
    yield line(KEY, sign([KEY], "fw_1", now - 900, BODY), timestamp=now - 900), "no"
    yield line(KEY, "v1,"), "no"


@pytest.mark.parametrize(
    ("language", "command", "file"),
    [
        ("python", [sys.executable], "tried.py"),
        ("php", ["php"], "tried.php"),
        ("javascript", ["node"], "tried.cjs"),
        ("java", ["java"], "Tried.java"),
        ("go", ["go", "run"], "tried.go"),
    ],
)
def test_it_takes_what_we_signed_and_nothing_else(language: str, command: list[str], file: str, tmp_path: Path) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]}")
    (tmp_path / file).write_text(code(language), "utf-8")
    lines, wanted = zip(*cases(), strict=True)
    (tmp_path / "cases").write_text("\n".join(lines) + "\n", "utf-8")
    run = [*command, str(tmp_path / file), str(tmp_path / "cases")]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.stdout.split() == list(wanted), done.stderr
