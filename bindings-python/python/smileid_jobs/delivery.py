"""How a delivery to ``callback_url`` went."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CallbackDelivery"]


class CallbackDelivery(NamedTuple):
    """How a delivery to ``callback_url`` went. The status is returned whatever happened to it."""

    delivered: bool
    """Whether the receiver answered 2xx."""
    attempts: int
    """How many tries were made: at most 2, in 10 s and within the call's own bound."""
    http_status: int | None
    """The HTTP status of the last try, if it had an answer."""
    error: str | None
    """The code of what went wrong with the last try, if anything did."""
