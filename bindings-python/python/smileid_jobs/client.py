"""The client for threads and plain programs."""

from __future__ import annotations

from threading import get_ident, main_thread
from typing import TYPE_CHECKING

from ._raising import value_of
from ._settings import DEFAULT_CAP, Seconds, Settings, seconds
from .status import JobStatus

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Client"]


class Client(Settings):
    """Asks Smile ID how jobs ended, and waits for the answer.

    Thread-safe: one client serves a whole program. Waiting threads do not hold the interpreter. Ctrl-C ends a call in
    the main thread with :class:`KeyboardInterrupt` and drops its request. A client made before :func:`os.fork` works in
    the child. It holds an API key: ``repr()`` does not show it, and it cannot be pickled. As a context manager it
    closes.
    """

    __slots__ = ()

    def get_job_status(
        self,
        user_id: str,
        job_id: str,
        *,
        return_history: bool = False,
        return_image_links: bool = False,
        timeout: Seconds | None = 30.0,
    ) -> JobStatus:
        """Asks once how a job stands.

        Args:
            user_id: The user, as given when the job was submitted: 1 to 256 bytes of UTF-8 without control characters.
            job_id: The job, likewise.
            return_history: Ask for the user's earlier results too.
            return_image_links: Ask for links to the selfie and liveness images too.
            timeout: The bound of everything the call does, HTTP retries included, in seconds or as a timedelta: 0 to 30
                days, None for none. 0 asks for exactly one HTTP request.

        Raises:
            InvalidArgumentError: An argument is outside of its limits; nothing was sent.
            NetworkError: No answer came, in time or at all; :class:`RequestTimeoutError` has the ``phase``.
            APIError: Smile ID refused; :class:`AuthenticationError` and :class:`RateLimitError` are the common ones.
            SignatureError: The answer's signature does not verify. :class:`InvalidResponseError`,
                :class:`ResponseTooLargeError` and :class:`ResponseMismatchError`: it is no answer to this question.
            ClientClosedError: The client was closed.
        """
        arguments = (user_id, job_id, return_history, return_image_links, seconds(timeout))
        return JobStatus(value_of(self._native.get_job_status(_is_interruptible(), arguments)))

    def poll_job_status(
        self,
        user_id: str,
        job_id: str,
        *,
        retry_count: int = 3,
        initial_delay: Seconds = 2.0,
        max_delay: Seconds = DEFAULT_CAP,
        return_history: bool = False,
        return_image_links: bool = False,
        timeout: Seconds | None = None,
    ) -> JobStatus:
        """Asks until the job is complete or the retries are used up, and returns the last status either way.

        With the defaults, requests start at 0, 2, 6 and 14 seconds. A failure that passes counts as an attempt and does
        not end the poll, unless it was the last; the error then has ``last_status``.

        Args:
            user_id: The user, as given when the job was submitted: 1 to 256 bytes of UTF-8 without control characters.
            job_id: The job, likewise.
            retry_count: How often to ask again after the first query: 0 to 1000.
            initial_delay: The delay before the first retry, in seconds or as a timedelta: 1 ms to 1 h. Each later one
                is twice as long.
            max_delay: The longest delay, likewise. Its default gives way to a longer ``initial_delay``.
            return_history: Ask for the user's earlier results too.
            return_image_links: Ask for links to the selfie and liveness images too.
            timeout: The bound of everything the call does, delays included, in seconds or as a timedelta: 0 to 30 days,
                None for none. 0 asks for exactly one HTTP request.

        Raises:
            SmileIDError: As :meth:`get_job_status`, for failures that do not pass and for the last attempt's.
        """
        arguments = (
            *(user_id, job_id, return_history, return_image_links, seconds(timeout)),
            *(retry_count, seconds(initial_delay), seconds(max_delay), max_delay is not DEFAULT_CAP),
        )
        return JobStatus(value_of(self._native.poll_job_status(_is_interruptible(), arguments)))

    def close(self) -> None:
        """Ends running calls with :class:`ClientClosedError`, within milliseconds, and refuses new ones.

        From any thread; a second close does nothing. In a forked child it leaves the parent's calls alone.
        """
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _is_interruptible() -> bool:
    """Whether signal handlers run on this thread: a wait must then look for signals now and again."""
    return get_ident() == main_thread().ident
