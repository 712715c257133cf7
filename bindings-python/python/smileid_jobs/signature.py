"""Signing and checking timestamps, for requests and callbacks that this package does not handle itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from . import _native
from ._failures import load_errors, value_of

__all__ = ["Signature", "SignedTimestamp"]


@dataclass(frozen=True)
class SignedTimestamp:
    """A timestamp with its signature: while it is fresh, as secret as the key. ``repr()`` leaves the signature out."""

    timestamp: str
    """The text that was signed."""
    signature: str = field(repr=False)
    """Standard base64 of 32 bytes."""

    def to_dict(self) -> dict[str, str]:
        """Both as a dict, as a request's body wants them."""
        return {"timestamp": self.timestamp, "signature": self.signature}


class Signature:
    """Makes and checks Smile ID's signatures for one partner. Any thread may use it; it refuses to be pickled.

    The scheme, from the official SDKs and Smile ID's signature page: HMAC-SHA256 with the API key's text as key, over
    the timestamp's text, the partner id and ``sid_request``, in standard base64. It covers nothing else: not the user,
    not the job and not the body.

    Args:
        partner_id: As the portal shows it, zeros kept: 1 to 64 printable ASCII characters.
        api_key: As text: 1 to 4096 bytes of UTF-8 without control characters.

    Raises:
        InvalidArgumentError: One of them is outside of those limits.
    """

    __slots__ = ("_native", "_partner_id")

    def __init__(self, partner_id: str, api_key: str) -> None:
        try:
            load_errors()
            made = _native.Signature.make(partner_id, api_key)
            self._partner_id = partner_id
        finally:
            del partner_id, api_key  # what records a traceback may record variables too
        self._native = value_of(made)

    def generate_signature(self, timestamp: str | None = None) -> SignedTimestamp:
        """Signs a timestamp's text as it is, or the present time in UTC with three fraction digits and ``Z``.

        Raises:
            InvalidArgumentError: ``timestamp`` is not text.
        """
        return SignedTimestamp(*value_of(self._native.generate(timestamp)))

    def confirm_signature(self, timestamp: str, signature: str) -> bool:
        """Whether a signature belongs to a timestamp's text, in constant time. Malformed and old unkeyed ones do not.

        True proves that the sender knows the key or has seen the pair before. It does not prove a body.

        Raises:
            InvalidArgumentError: An argument is not text.
        """
        return value_of(self._native.confirm(timestamp, signature))

    def __repr__(self) -> str:
        if getattr(self, "_native", None) is None:  # its constructor has failed
            return "Signature()"
        return f"Signature(partner_id={self._partner_id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle a Signature: it holds an API key")
