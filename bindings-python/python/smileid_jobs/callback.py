"""What checking a callback returns: :class:`Callback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .results import ImageLinks, JobResult

if TYPE_CHECKING:
    from . import _native

__all__ = ["Callback"]


class Callback:
    """A callback whose signature was checked; read only, for any thread.

    That proves that the sender knows the API key or has seen a signed pair. The scheme cannot prove the content, so
    :attr:`body_authenticated` is always false: take a callback as a wake-up, call ``notify`` or ask for the status, and
    believe what that says. Repeated deliveries are harmless then. ``repr()`` shows flags only.
    """

    __slots__ = ("_native", "_view")

    def __init__(self, native: _native.Callback) -> None:
        self._native = native
        self._view = native.view()

    @property
    def body_authenticated(self) -> bool:
        """Always false: the signature does not cover the body."""
        return bool(self._view["body_authenticated"])

    @property
    def user_id(self) -> str | None:
        """The user it is about, as it says itself."""
        return self._text("user_id")

    @property
    def job_id(self) -> str | None:
        """The job it is about, as it says itself."""
        return self._text("job_id")

    @property
    def job_complete(self) -> bool | None:
        """Whether the job is finished, where the callback has that flag."""
        flag: bool | None = self._view["job_complete"]
        return flag

    @property
    def job_success(self) -> bool | None:
        """Whether the finished job succeeded, where the callback has that flag."""
        flag: bool | None = self._view["job_success"]
        return flag

    @property
    def result(self) -> JobResult | None:
        """The result."""
        result = self._view["result"]
        return None if result is None else JobResult._from_view(result)

    @property
    def history(self) -> tuple[JobResult, ...]:
        """Earlier results, where the callback has them."""
        return tuple(JobResult._from_view(entry) for entry in self._view["history"])

    @property
    def image_links(self) -> ImageLinks | None:
        """Links to images (``ImageLinks``)."""
        links = self._view["image_links"]
        return None if links is None else ImageLinks._from_view(links)

    @property
    def kyc_receipt(self) -> str | None:
        """The link to the KYC receipt (``KYCReceipt``)."""
        return self._text("kyc_receipt")

    @property
    def timestamp(self) -> str:
        """The text that was signed."""
        return str(self._view["timestamp"])

    @property
    def signature(self) -> str:
        """Its signature: while it is fresh, as secret as the key."""
        return str(self._view["signature"])

    @property
    def raw(self) -> bytes:
        """The body, byte for byte. Holds the signature and personal data."""
        return self._native.raw

    def to_dict(self) -> dict[str, Any]:
        """All attributes but ``raw`` as new dicts, lists and scalars. Holds the signature and personal data."""
        return self._native.view()

    def _text(self, name: str) -> str | None:
        text: str | None = self._view[name]
        return text

    def __repr__(self) -> str:
        return f"Callback(job_complete={self.job_complete}, job_success={self.job_success})"
