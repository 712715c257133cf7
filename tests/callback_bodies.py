"""Callback bodies as Smile ID sends them, signed here: by code of the tests' own, which shares nothing with the library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PURPOSE = b"sid_request"


@dataclass(frozen=True)
class Account:
    """Whose key signs."""

    partner_id: str
    api_key: str

    def sign(self, timestamp: str) -> str:
        text = timestamp.encode() + self.partner_id.encode() + _PURPOSE
        return base64.b64encode(hmac.digest(self.api_key.encode(), text, "sha256")).decode()

    def legacy_hash(self, timestamp: str) -> str:
        """The unkeyed hash of old, which anyone can compute."""
        partner = str(int(self.partner_id)) if self.partner_id.isdecimal() else self.partner_id
        return hashlib.sha256(f"{partner}:{timestamp}".encode()).hexdigest()


def callback_body(plan: Mapping[str, Any], account: Account, ids: Mapping[str, str]) -> str:
    """The text of a case's `callback` (scenarios/README.md)."""
    timestamp = plan.get("timestamp", _moments_ago(plan.get("age_ms", 0)))
    signed = str(timestamp)
    pair: dict[str, Any] = {"timestamp": timestamp, "signature": _signature(plan.get("sign", "valid"), signed, account)}
    if plan.get("sign") == "missing":
        del pair["signature"]
    text: str = plan["body_text"] if "body_text" in plan else json.dumps({**plan["body"], **pair})
    # As they stand between the quotes of a JSON string.
    for name, value in {**ids, **pair}.items():
        text = text.replace(f"{{{{{name}}}}}", json.dumps(str(value))[1:-1])
    return text


def _signature(how: str, timestamp: str, account: Account) -> str | None:
    hashed = account.legacy_hash(timestamp)
    signatures = {
        "valid": account.sign(timestamp),
        "wrong": account.sign(timestamp + "0"),
        "other_key": Account(account.partner_id, account.api_key + "x").sign(timestamp),
        "malformed": "not a signature",
        "legacy": hashed,
        "legacy_pipe": f"{account.sign(hashed)}|{hashed}",
        "missing": None,
        "null": None,
    }
    return signatures[how]


def _moments_ago(age_ms: float) -> str:
    seconds, ms = divmod(int(time.time() * 1000 - age_ms), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ms:03}Z"
