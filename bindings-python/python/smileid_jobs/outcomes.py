"""What the verbs hand out besides a status: updates, steps, outcomes, images. Plain frozen classes.

``repr()`` shows codes and flags only: no ids, no tokens and no content.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import _hints
from .errors import SmileIDError
from .status import JobStatus

__all__ = ["CallbackDelivery", "Image", "JobOutcome", "ManyProgress", "PollStep", "StatusUpdate"]


@dataclass(frozen=True)
class CallbackDelivery:
    """How a delivery to ``callback_url`` went. The status is returned whatever happened to it."""

    delivered: bool
    """Whether the receiver answered 2xx."""
    attempts: int
    """How many tries were made."""
    http_status: int | None
    """The HTTP status of the last try, if it had an answer."""
    error: str | None
    """The code of what went wrong with the last try, such as ``"timeout"``."""


@dataclass(frozen=True)
class StatusUpdate:
    """One answer about a watched job, handed out when it arrives."""

    attempt: int
    """The attempt that brought it, counted from 1."""
    elapsed: float
    """Seconds since the watch began."""
    status: JobStatus
    """The status; complete in the last update, unless the watch runs out of time."""
    changed: bool
    """Whether it differs from the update before, beyond its timestamp, signature and freshly signed links."""
    next_delay: float | None
    """Seconds until the next query; None in the last update."""


@dataclass(frozen=True)
class PollStep:
    """What one step of a wait came to."""

    status: JobStatus | None
    """The complete status; None while the job is not complete."""
    after: float | None
    """How many seconds to wait before the next step; None when finished."""
    token: str | None = field(repr=False)
    """What to give to the next step: at most 128 characters; no id, no secret and no answer in it."""

    @property
    def finished(self) -> bool:
        """Whether the job is complete, and no further step is needed."""
        return self.status is not None


@dataclass(frozen=True)
class JobOutcome:
    """How one of many jobs ended: its own ids, and a status or an error."""

    user_id: str = field(repr=False)
    """The user asked about."""
    job_id: str = field(repr=False)
    """The job asked about."""
    status: JobStatus | None
    """The complete status, if there is one."""
    error: SmileIDError | None
    """Why there is none."""


@dataclass(frozen=True)
class ManyProgress:
    """How far a ``poll_many`` has come."""

    complete: int
    """Outcomes handed out that hold a complete status."""
    failed: int
    """Outcomes handed out that hold an error."""
    waiting: int
    """Jobs read whose outcome was not handed out yet."""


@dataclass(frozen=True)
class Image:
    """One downloaded image."""

    key: str
    """The link's key, such as ``selfie_image``."""
    content_type: str
    """``image/jpeg`` or ``image/png``, told by content."""
    content: bytes | None = field(repr=False)
    """Its bytes; None when it was written to a file."""
    path: _hints.Path | None = field(repr=False)
    """The file it was written to."""
