"""Standard Webhooks signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from tasks.delivery.signing import BadSigningSecret, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_specification() -> None:
    signature = sign([SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_bytes_that_are_no_text() -> None:
    body = bytes(range(256))
    expected = hmac.new(base64.b64decode(SECRET[6:]), b"fw_1.1700000000." + body, hashlib.sha256).digest()
    assert sign([SECRET], "fw_1", 1700000000, body) == "v1," + base64.b64encode(expected).decode()


def test_every_secret_signs() -> None:
    other = "whsec_" + base64.b64encode(b"another secret").decode()
    both = sign([SECRET, other], "fw_1", 1, b"x").split(" ")
    assert both == [sign([SECRET], "fw_1", 1, b"x"), sign([other], "fw_1", 1, b"x")]
    assert both[0] != both[1]


@pytest.mark.parametrize("secret", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_geheim!", "whsec_abc", ""])
def test_a_bad_secret_is_not_told(secret: str) -> None:
    with pytest.raises(BadSigningSecret) as caught:
        sign([secret], "fw_1", 1, b"x")
    assert len(secret) < 8 or secret[6:] not in str(caught.value)
