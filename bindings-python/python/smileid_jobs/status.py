"""What a call returns: :class:`JobStatus`."""

from __future__ import annotations

from . import _hints, _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypedDict

    from .outcomes import CallbackDelivery
    from .results import ImageLinks, JobResult

    class _Kept(TypedDict, total=False):
        result: JobResult | None
        history: tuple[JobResult, ...]
        image_links: ImageLinks | None
        callback_delivery: CallbackDelivery | None
        extras: Mapping[str, Any]


__all__ = ["JobStatus"]

_has_views = False
_decode: Callable[[str], Any] | None = None


def _load_views() -> None:
    """Loads the classes that parts of a native status are made of."""
    global _has_views
    from . import _views  # noqa: F401

    _has_views = True


def plain(text: str) -> Any:
    """The core's JSON text as new dicts, lists and scalars.

    Read here and not under native code, through which no thread may be unwound when the interpreter ends.
    """
    global _decode
    if text == "{}":  # as nearly all extras are
        return {}
    if _decode is None:
        # Late, for importing it costs more than a query. A decoder of its own: programs replace `json.loads`.
        from json import JSONDecoder

        _decode = JSONDecoder().decode
    return _decode(text)


def _delivery(told: tuple[bool, int, int | None, str | None] | None) -> CallbackDelivery | None:
    if told is None:
        return None
    from .outcomes import CallbackDelivery

    return CallbackDelivery(*told)


class JobStatus:
    """How a job stands, as Smile ID answered: verified, read only, comparable, hashable, picklable, for any thread.

    Three questions are kept apart: the call worked (there is a ``JobStatus``), the job is finished
    (:attr:`job_complete`), and the verdict (:attr:`job_success` and :attr:`result`). A rejected person is a result, not
    an error. ``repr()`` shows the flags and the code only. A pickle holds the ids and the whole answer.
    """

    __slots__ = ("_kept", "_native")

    def __init__(self, native: _native.Status) -> None:
        self._native = native
        # What is made when somebody looks; `setdefault`, so that all threads get the same.
        self._kept: _Kept = {}

    @property
    def job_complete(self) -> bool:
        """Whether the job is finished. Not whether the person was approved. Missing or unreadable counts as false."""
        return self._native.job_complete

    @property
    def job_success(self) -> bool | None:
        """Whether the finished job succeeded, as Smile ID says; None where the answer has no such flag."""
        return self._native.job_success

    @property
    def code(self) -> str | None:
        """The code of the status call, such as ``"2302"``. Not the verdict: that is :attr:`JobResult.result_code`."""
        return self._native.code

    @property
    def message(self) -> str | None:
        """What ``result`` said, where it was a text, such as ``"No zip file received"``."""
        return self._native.message

    @property
    def result(self) -> _hints.JobResult | None:
        """The verdict; None while there is none."""
        kept = self._kept
        if "result" in kept:
            return kept["result"]
        if not _has_views:
            _load_views()
        return kept.setdefault("result", self._native.result())

    @property
    def history(self) -> tuple[_hints.JobResult, ...]:
        """The user's results, in the order received: as seen so far the newest first, the present one included.

        Empty unless asked for with ``return_history``.
        """
        kept = self._kept
        if "history" in kept:
            return kept["history"]
        if not _has_views:
            _load_views()
        return kept.setdefault("history", self._native.history())

    @property
    def image_links(self) -> _hints.ImageLinks | None:
        """Links to the images: those asked for with ``return_image_links``, else those in a document job's result."""
        kept = self._kept
        if "image_links" in kept:
            return kept["image_links"]
        if not _has_views:
            _load_views()
        return kept.setdefault("image_links", self._native.image_links())

    @property
    def kyc_receipt(self) -> str | None:
        """The link to the KYC receipt (a PDF behind the portal's login)."""
        return self._native.kyc_receipt

    @property
    def kyb_receipt(self) -> str | None:
        """The link to the KYB receipt."""
        return self._native.kyb_receipt

    @property
    def callback_delivery(self) -> _hints.CallbackDelivery | None:
        """How the delivery to ``callback_url`` went; None where none was asked for or the job is not complete."""
        kept = self._kept
        if "callback_delivery" not in kept:
            kept.setdefault("callback_delivery", _delivery(self._native.callback_delivery()))
        return kept["callback_delivery"]

    @property
    def user_id(self) -> str:
        """The user that was asked about."""
        return self._native.user_id

    @property
    def job_id(self) -> str:
        """The job that was asked about."""
        return self._native.job_id

    @property
    def timestamp(self) -> str:
        """The text that the server signed; a JSON number stands by its digits."""
        return self._native.timestamp

    @property
    def signature(self) -> str:
        """The server's signature of the timestamp. With it, it can sign requests while it is fresh: keep it secret."""
        return self._native.signature

    @property
    def extras(self) -> _hints.Mapping[str, _hints.Any]:
        """Keys of the answer that have no attribute here, or whose value could not be read as that attribute."""
        kept = self._kept
        if "extras" not in kept:
            kept.setdefault("extras", plain(self._native.extras()))
        return kept["extras"]

    @property
    def raw(self) -> bytes:
        """The body after content decoding, byte for byte. Holds the signature and personal data."""
        return self._native.raw

    def to_dict(self) -> dict[str, _hints.Any]:
        """All attributes but ``raw`` as new dicts, lists and scalars. Holds the signature and personal data."""
        view: dict[str, _hints.Any] = plain(self._native.view())
        delivery = self._kept.get("callback_delivery")
        if delivery is not None:  # which the answer does not tell: a pickled status has it here alone
            view["callback_delivery"] = dict(vars(delivery))
        return view

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JobStatus):
            return NotImplemented
        return (self.user_id, self.job_id, self.raw) == (other.user_id, other.job_id, other.raw)

    def __hash__(self) -> int:
        return hash((self.user_id, self.job_id, self.raw))

    def __repr__(self) -> str:
        return f"JobStatus(job_complete={self.job_complete}, job_success={self.job_success}, code={self.code!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.user_id, self.job_id, self.raw, self.callback_delivery)


def _restore(user_id: str, job_id: str, raw: bytes, delivery: CallbackDelivery | None = None) -> JobStatus:
    """Reads a pickled status. Its signature was checked when it came; the pickle is trusted, as all pickles are."""
    from ._failures import value_of  # which needs this module

    status = JobStatus(value_of(_native.Status.from_verified(user_id, job_id, raw)))
    if delivery is not None:
        status._kept["callback_delivery"] = delivery
    return status
