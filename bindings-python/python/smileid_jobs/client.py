"""The client for threads and plain programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ._raising import value_of
from ._settings import DEFAULT_CAP, Seconds, Settings, is_interruptible, seconds
from .status import JobStatus
from .streams import JobOutcomes, StatusUpdates
from .waiting import Image, ManyProgress, PollStep, check_on_progress, images_from, iterator_of, step_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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
        return_job_status: bool = False,
        callback_url: str | None = None,
        timeout: Seconds | None = 30.0,
    ) -> JobStatus:
        """Asks once how a job stands.

        Args:
            user_id: The user, as given when the job was submitted: 1 to 256 bytes of UTF-8 without control characters.
            job_id: The job, likewise.
            return_history: Ask for the user's earlier results too.
            return_image_links: Ask for links to the selfie and liveness images too.
            return_job_status: The result in sync: polls with the defaults of :meth:`poll_job_status` until the job is
                complete or the attempts are used up.
            callback_url: Deliver the final result to this URL as well, once the job is complete: https, or http on this
                machine. The status is returned whatever happens; its ``callback_delivery`` says how it went.
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
        flags = (return_history, return_image_links, return_job_status)
        arguments = (user_id, job_id, *flags, callback_url, seconds(timeout))
        return JobStatus(value_of(self._native.get_job_status(is_interruptible(), arguments)))

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
        return_job_status: bool = False,
        callback_url: str | None = None,
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
            return_job_status: Taken without effect: this verb waits anyway.
            callback_url: Deliver the final result to this URL as well, once the job is complete: https, or http on this
                machine. The status is returned whatever happens; its ``callback_delivery`` says how it went.
            timeout: The bound of everything the call does, delays included, in seconds or as a timedelta: 0 to 30 days,
                None for none. 0 asks for exactly one HTTP request.

        Raises:
            SmileIDError: As :meth:`get_job_status`, for failures that do not pass and for the last attempt's.
        """
        flags = (return_history, return_image_links, return_job_status)
        asked = (user_id, job_id, *flags, callback_url, seconds(timeout))
        capped = max_delay is not DEFAULT_CAP
        arguments = (asked, retry_count, seconds(initial_delay), seconds(max_delay), capped)
        return JobStatus(value_of(self._native.poll_job_status(is_interruptible(), arguments)))

    def wait_until_complete(
        self,
        user_id: str,
        job_id: str,
        *,
        retry_count: int | None = None,
        initial_delay: Seconds = 2.0,
        max_delay: Seconds = DEFAULT_CAP,
        return_history: bool = False,
        return_image_links: bool = False,
        return_job_status: bool = False,
        callback_url: str | None = None,
        timeout: Seconds | None = 60.0,
        token: str | None = None,
    ) -> JobStatus:
        """Waits until the job is complete, and returns that status.

        The first query is sent at once, the next ones after growing, jittered delays, the last one shortly before the
        end. Failures that pass do not end the wait.

        Args:
            user_id: The user, as given when the job was submitted: 1 to 256 bytes of UTF-8 without control characters.
            job_id: The job, likewise.
            retry_count: How often to ask again after the first query: 0 to 1000, None for no limit.
            initial_delay: The first delay, in seconds or as a timedelta: 1 ms to 1 h. Each later one is twice as long,
                and between half and all of it is waited.
            max_delay: The longest delay, likewise. Its default gives way to a longer ``initial_delay``.
            return_history: Ask for the user's earlier results too.
            return_image_links: Ask for links to the selfie and liveness images too.
            return_job_status: Taken without effect: this verb waits anyway.
            callback_url: Deliver the final result to this URL as well, once the job is complete: https, or http on this
                machine. The status is returned whatever happens; its ``callback_delivery`` says how it went.
            timeout: The bound of everything the call does, in seconds or as a timedelta: 0 to 30 days, None for none.
                0 asks for exactly one HTTP request.
            token: Go on where a :meth:`poll_step` left off, with its attempts and its deadline in place of ``timeout``.

        Raises:
            JobIncompleteError: The time or the attempts are used up; ``reason`` says which, ``last_status``,
                ``last_error``, ``attempts`` and ``elapsed`` what was seen.
            PollTokenError: The token is not for this question, or was changed.
            SmileIDError: As :meth:`get_job_status`, for failures that do not pass.
        """
        flags = (return_history, return_image_links, return_job_status)
        asked = (user_id, job_id, *flags, callback_url, seconds(timeout))
        capped = max_delay is not DEFAULT_CAP
        arguments = (asked, retry_count, seconds(initial_delay), seconds(max_delay), capped)
        return JobStatus(value_of(self._native.wait_until_complete(is_interruptible(), arguments, token)))

    def watch_job_status(
        self,
        user_id: str,
        job_id: str,
        *,
        retry_count: int | None = None,
        initial_delay: Seconds = 2.0,
        max_delay: Seconds = DEFAULT_CAP,
        return_history: bool = False,
        return_image_links: bool = False,
        return_job_status: bool = False,
        callback_url: str | None = None,
        timeout: Seconds | None = 60.0,
    ) -> StatusUpdates:
        """Waits as :meth:`wait_until_complete` does and hands out every answer as it arrives.

        The arguments and errors are those of :meth:`wait_until_complete`; errors come out of the iteration. Leaving the
        loop for good, by ``close()``, ``with`` or the garbage collector, drops the request.
        """
        flags = (return_history, return_image_links, return_job_status)
        asked = (user_id, job_id, *flags, callback_url, seconds(timeout))
        capped = max_delay is not DEFAULT_CAP
        arguments = (asked, retry_count, seconds(initial_delay), seconds(max_delay), capped)
        return StatusUpdates(value_of(self._native.watch_job_status(arguments)))

    def poll_step(
        self,
        user_id: str,
        job_id: str,
        *,
        retry_count: int | None = None,
        initial_delay: Seconds = 2.0,
        max_delay: Seconds = DEFAULT_CAP,
        return_history: bool = False,
        return_image_links: bool = False,
        return_job_status: bool = False,
        callback_url: str | None = None,
        timeout: Seconds | None = 60.0,
        token: str | None = None,
    ) -> PollStep:
        """Makes one attempt of a wait and returns a token for the next one.

        For task queues, where a wait must not live in a process. The arguments and errors are those of
        :meth:`wait_until_complete`, and must be the same in every step; ``timeout`` counts from the first step.

        Args:
            token: The token of the step before; the first step has none.
        """
        flags = (return_history, return_image_links, return_job_status)
        asked = (user_id, job_id, *flags, callback_url, seconds(timeout))
        capped = max_delay is not DEFAULT_CAP
        arguments = (asked, retry_count, seconds(initial_delay), seconds(max_delay), capped)
        return step_from(value_of(self._native.poll_step(is_interruptible(), arguments, token)))

    def poll_many(
        self,
        jobs: Iterable[tuple[str, str]],
        *,
        retry_count: int | None = None,
        initial_delay: Seconds = 2.0,
        max_delay: Seconds = DEFAULT_CAP,
        return_history: bool = False,
        return_image_links: bool = False,
        timeout: Seconds | None = 60.0,
        max_waiting: int = 10000,
        rate_limit: float | None = None,
        burst: int = 1,
        on_progress: Callable[[ManyProgress], object] | None = None,
    ) -> JobOutcomes:
        """Waits for many jobs and hands out an outcome for each, in the order of completion. Nothing stops the rest.

        A job that is listed again while it is waited for is not asked about twice. Errors of single jobs are in their
        outcomes; only a wrong argument or a wrong entry of ``jobs`` raises.

        Args:
            jobs: Pairs of user_id and job_id. Read as there is room, by the thread that iterates; may be endless.
            retry_count: How often to ask again about each job: 0 to 1000, None for no limit.
            initial_delay: The first delay of each job, in seconds or as a timedelta: 1 ms to 1 h.
            max_delay: The longest delay, likewise. Its default gives way to a longer ``initial_delay``.
            return_history: Ask for the users' earlier results too.
            return_image_links: Ask for links to the selfie and liveness images too.
            timeout: The bound of each job from its first query, in seconds or as a timedelta: 0 to 30 days, None for
                none.
            max_waiting: How many jobs are admitted at a time: 1 to 1000000.
            rate_limit: At most this many HTTP requests a second, retries included; None for no limit.
            burst: How many requests may go out at once after a pause, under a rate limit: 1 to 1000000.
            on_progress: Called with the progress before each outcome is handed out, by the thread that iterates.

        Raises:
            InvalidArgumentError: An argument is outside of its limits; ``argument`` names it.
            ClientClosedError: The client was closed before.
        """
        check_on_progress(on_progress)
        reader = iterator_of(jobs)
        options = {
            "return_history": return_history,
            "return_image_links": return_image_links,
            "timeout": seconds(timeout),
            "retry_count": retry_count,
            "initial_delay": seconds(initial_delay),
            "max_delay": seconds(max_delay),
            "capped": max_delay is not DEFAULT_CAP,
            "max_waiting": max_waiting,
            "rate_limit": rate_limit,
            "burst": burst,
        }
        return JobOutcomes(value_of(self._native.poll_many(options)), reader, on_progress)

    def download_images(
        self,
        status: JobStatus,
        *,
        directory: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        allowed_hosts: Iterable[str] | None = None,
        refresh: bool = False,
        timeout: Seconds | None = 60.0,
    ) -> list[Image]:
        """Downloads the images that a status links to: ask for it with ``return_image_links``.

        Https only, no redirects, nothing of ours sent along; JPEG and PNG by content; at most 16 MiB each, 64 in all.
        Hosts that are IP addresses, ``localhost`` or single labels are refused, unless the client's server is this
        machine.

        Args:
            status: The status.
            directory: Write each image to ``<key>.jpg`` or ``<key>.png`` in this directory, with mode 0600. Without it
                the images are kept in memory.
            overwrite: Replace files that exist; otherwise one is an error.
            allowed_hosts: Download from these hosts only.
            refresh: When a link has expired, ask once for new ones.
            timeout: The bound of everything the call does, in seconds or as a timedelta: 0 to 30 days, None for none.

        Raises:
            ImageLinkExpiredError: A link has expired.
            ImageRefusedError: A host, a type or a size is not acceptable.
            FileError: A file could not be written, or exists.
            SmileIDError: As :meth:`get_job_status`.
        """
        options = {
            "directory": os.fspath(directory) if isinstance(directory, os.PathLike) else directory,
            "overwrite": overwrite,
            "allowed_hosts": allowed_hosts,
            "refresh": refresh,
            "timeout": seconds(timeout),
        }
        native = status._native if isinstance(status, JobStatus) else status
        return images_from(value_of(self._native.download_images(is_interruptible(), native, options)))

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
