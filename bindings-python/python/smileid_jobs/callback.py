"""A callback whose signature was checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .results import ImageLinks, JobResult, View

__all__ = ["Callback"]


@dataclass(frozen=True, repr=False)
class Callback(View):
    """A callback whose signature was checked: the sender knows the API key or has seen a signed pair.

    The scheme cannot prove the content. Take a callback as a wake-up: ``notify`` a running wait, or ask for the status,
    and believe what that says; repeated deliveries are harmless then. ``repr()`` shows codes and flags only.
    """

    body_authenticated: bool
    """Always False: the signature does not cover the body."""
    user_id: str | None
    """The user it is about, as it says itself."""
    job_id: str | None
    """The job it is about, as it says itself."""
    job_complete: bool | None
    """Whether the job is finished, if it says so."""
    job_success: bool | None
    """Whether the finished job succeeded, if it says so."""
    code: str | None
    """The status' code, such as ``"2302"``, if it has one. Not the verdict: that is :attr:`JobResult.result_code`."""
    message: str | None
    """What ``result`` said, where it was a text, such as ``"No zip file received"``."""
    result: JobResult | None
    """The verdict."""
    history: tuple[JobResult, ...]
    """The user's results, where the callback has them: see :attr:`JobStatus.history`."""
    image_links: ImageLinks | None
    """Links to the images."""
    kyc_receipt: str | None
    """The link to the KYC receipt."""
    kyb_receipt: str | None
    """The link to the KYB receipt."""
    timestamp: str
    """The text that was signed."""
    signature: str
    """Its signature. With it, it can sign requests while it is fresh: keep it secret."""
    extras: Mapping[str, Any]
    """Keys beside the result that have no attribute here, or whose value could not be read as that attribute.

    Ids that stand there are among them. Empty where the callback is a result itself: its ``fields`` have everything.
    """
    raw: bytes = field(default=b"", compare=False)
    """The body, byte for byte."""

    _shown = ("job_complete", "job_success", "code", "result")

    def to_dict(self) -> dict[str, Any]:
        """All attributes but ``raw`` as new dicts, lists and scalars. Holds the signature and personal data."""
        view = super().to_dict()
        del view["raw"]
        return view
