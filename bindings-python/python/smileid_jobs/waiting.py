"""What the waiting verbs hand out: updates, steps, outcomes of many jobs, images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from . import _native
from ._raising import error_from
from .errors import InvalidArgumentError, SmileIDError
from .status import JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Image", "JobOutcome", "ManyProgress", "PollStep", "StatusUpdate"]


class StatusUpdate(NamedTuple):
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


class PollStep(NamedTuple):
    """What one step of a wait came to: a status, or when to make the next step and with which token."""

    status: JobStatus | None
    """The complete status."""
    after: float | None
    """How many seconds to wait before the next step."""
    token: str | None
    """For the next step: at most 128 characters of base64url, with no id, no secret and no answer in it."""

    @property
    def finished(self) -> bool:
        """Whether the job is complete."""
        return self.status is not None


class ManyProgress(NamedTuple):
    """How far a ``poll_many`` has come."""

    complete: int
    """Outcomes handed out that hold a complete status."""
    failed: int
    """Outcomes handed out that hold an error."""
    waiting: int
    """Jobs admitted whose outcome was not handed out yet."""


class JobOutcome:
    """How one of many jobs ended: its own ids, and a status or an error. ``repr()`` shows no ids."""

    __slots__ = ("error", "job_id", "status", "user_id")

    user_id: str
    """The user asked about."""
    job_id: str
    """The job asked about."""
    status: JobStatus | None
    """The complete status."""
    error: SmileIDError | None
    """Why there is none."""

    def __init__(self, user_id: str, job_id: str, status: JobStatus | None, error: SmileIDError | None) -> None:
        self.user_id, self.job_id, self.status, self.error = user_id, job_id, status, error

    def __repr__(self) -> str:
        return f"JobOutcome(status={self.status!r}, error={self.error!r})"


class Image:
    """One downloaded image. ``repr()`` shows neither its content nor its path."""

    __slots__ = ("content_type", "data", "key", "path")

    key: str
    """The link's key, such as ``selfie_image``."""
    content_type: str
    """``image/jpeg`` or ``image/png``, told by the content."""
    data: bytes | None
    """The image, unless it was written to a file."""
    path: str | None
    """The file it was written to, if a directory was given."""

    def __init__(self, key: str, content_type: str, data: bytes | None, path: str | None) -> None:
        self.key, self.content_type, self.data, self.path = key, content_type, data, path

    def __repr__(self) -> str:
        return f"Image(content_type={self.content_type!r})"


def update_from(native: tuple[Any, ...]) -> StatusUpdate:
    attempt, elapsed, status, changed, next_delay = native
    return StatusUpdate(attempt, elapsed, JobStatus(status), changed, next_delay)


def step_from(native: tuple[Any, ...]) -> PollStep:
    status, after, token = native
    return PollStep(None if status is None else JobStatus(status), after, token)


def outcome_from(native: tuple[Any, ...]) -> JobOutcome:
    user_id, job_id, ended = native
    if isinstance(ended, _native.Failure):
        return JobOutcome(user_id, job_id, None, error_from(ended))
    return JobOutcome(user_id, job_id, JobStatus(ended), None)


def images_from(native: list[tuple[Any, ...]]) -> list[Image]:
    return [Image(key, content_type, data, None if path is None else str(path)) for key, content_type, data, path in native]


class Intake:
    """The jobs of a ``poll_many``: read from the caller's iterable while there is room, and never further."""

    __slots__ = ("_jobs", "_native", "_on_progress")

    def __init__(self, native: _native.Many, jobs: Iterator[Any], on_progress: Callable[[ManyProgress], object] | None):
        self._native = native
        self._jobs: Iterator[Any] | None = jobs
        self._on_progress = on_progress

    def read(self) -> None:
        while self._jobs is not None and self._native.has_room():
            try:
                job = next(self._jobs)
            except StopIteration:
                self._jobs = None
                return
            refused = self._native.add(job)
            if refused is not None:
                raise error_from(refused)

    def hand_out(self, native: tuple[Any, ...]) -> JobOutcome:
        if self._on_progress is not None:
            self._on_progress(self.progress)
        return outcome_from(native)

    @property
    def progress(self) -> ManyProgress:
        return ManyProgress(*self._native.progress())


def iterator_of(jobs: object) -> Iterator[Any]:
    """The jobs to read, one by one."""
    try:
        return iter(jobs)  # type: ignore[call-overload,no-any-return]
    except TypeError:
        expected = "jobs: expected an iterable of pairs of user_id and job_id"
        raise InvalidArgumentError(expected, argument="jobs") from None


def check_on_progress(on_progress: object) -> None:
    if on_progress is not None and not callable(on_progress):
        raise InvalidArgumentError("on_progress: expected a function", argument="on_progress")
