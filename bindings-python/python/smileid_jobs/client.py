"""The client for threads and plain programs."""

from __future__ import annotations

import os

from . import _hints
from ._calling import Plain, download, images_of, polling, step_of, value_here
from ._failures import value_of
from ._settings import DEFAULT_CAP, seconds
from .status import JobStatus

__all__ = ["Client"]


class Client(Plain):
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
        timeout: _hints.Seconds | None = 30.0,
        return_job_status: bool = False,
        callback_url: str | None = None,
    ) -> JobStatus:
        """Asks once how a job stands.

        Args:
            user_id: The user, as given when the job was submitted: 1 to 256 bytes of UTF-8 without control characters.
            job_id: The job, likewise.
            return_history: Ask for the user's results so far too.
            return_image_links: Ask for links to the selfie, liveness and ID card images too.
            timeout: The bound of everything the call does, HTTP retries included, in seconds or as a timedelta: 0 to 30
                days, None for none. 0 asks for exactly one HTTP request.
            return_job_status: Poll with the default delays until the job is complete or the attempts are used up.
            callback_url: Deliver the final result to this URL as well, once the job is complete: https, or http on this
                machine; at most 2 tries and 10 s, within ``timeout``. ``callback_delivery`` of the status says how it
                went. The delivery includes the answer's timestamp and signature: while these are fresh, the receiver
                can send signed requests as you.

        Raises:
            InvalidArgumentError: An argument is outside of its limits; nothing was sent.
            NetworkError: No answer came, in time or at all; :class:`RequestTimeoutError` has the ``phase``.
            APIError: Smile ID refused; :class:`AuthenticationError` and :class:`RateLimitError` are the common ones.
            SignatureError: The answer's signature does not verify. :class:`InvalidResponseError`,
                :class:`ResponseTooLargeError` and :class:`ResponseMismatchError`: it is no answer to this question.
            ClientClosedError: The client was closed.
        """
        ids_and_flags = (user_id, job_id, return_history, return_image_links)
        bound = timeout if type(timeout) is float else seconds(timeout)
        arguments = (*ids_and_flags, bound, return_job_status, callback_url)
        return JobStatus(value_here(self._native.get_job_status, arguments))

    def poll_job_status(
        self,
        user_id: str,
        job_id: str,
        *,
        retry_count: int = 3,
        initial_delay: _hints.Seconds = 2.0,
        max_delay: _hints.Seconds = DEFAULT_CAP,
        return_history: bool = False,
        return_image_links: bool = False,
        timeout: _hints.Seconds | None = None,
        return_job_status: bool = False,
        callback_url: str | None = None,
    ) -> JobStatus:
        """Asks until the job is complete or the retries are used up, and returns the last status either way.

        With the defaults, requests start at 0, 2, 6 and 14 seconds. A transient failure counts as an attempt and
        does not end the poll, unless it was the last; the error then has ``last_status``.

        Args:
            user_id: The user, as given when the job was submitted: 1 to 256 bytes of UTF-8 without control characters.
            job_id: The job, likewise.
            retry_count: How often to ask again after the first query: 0 to 1000.
            initial_delay: The delay before the first retry, in seconds or as a timedelta: 1 ms to 1 h. Each later one
                is twice as long.
            max_delay: The longest delay, likewise, at least ``initial_delay``. Its default gives way to a longer
                ``initial_delay``.
            return_history: Ask for the user's results so far too.
            return_image_links: Ask for links to the selfie, liveness and ID card images too.
            timeout: The bound of everything the call does, delays included, in seconds or as a timedelta: 0 to 30 days,
                None for none. 0 asks for exactly one HTTP request. A delay that would outlast it ends the call at once,
                with the last failure or :class:`RequestTimeoutError`.
            return_job_status: Taken without effect: this verb polls anyway.
            callback_url: Deliver the final result to this URL as well, once the job is complete: https, or http on this
                machine; at most 2 tries and 10 s, within ``timeout``. ``callback_delivery`` of the status says how it
                went. The delivery includes the answer's timestamp and signature: while these are fresh, the receiver
                can send signed requests as you.

        Raises:
            SmileIDError: As :meth:`get_job_status`, for permanent failures and for the last attempt's.
        """
        return JobStatus(value_here(self._native.poll_job_status, polling(locals())))

    def wait_until_complete(
        self,
        user_id: str,
        job_id: str,
        *,
        return_history: bool = False,
        return_image_links: bool = False,
        return_job_status: bool = False,
        callback_url: str | None = None,
        timeout: _hints.Seconds | None = 60.0,
        retry_count: int | None = None,
        initial_delay: _hints.Seconds = 2.0,
        max_delay: _hints.Seconds = DEFAULT_CAP,
        token: str | None = None,
    ) -> JobStatus:
        """Waits until the job is complete, and raises if it is not in time.

        The first query goes out at once, then with growing, jittered delays, and a last one shortly before the end.
        Transient failures do not end the wait, permanent ones do.

        Args:
            user_id: The user, as given when the job was submitted: 1 to 256 bytes of UTF-8 without control characters.
            job_id: The job, likewise.
            return_history: Ask for the user's results so far too.
            return_image_links: Ask for links to the selfie, liveness and ID card images too.
            return_job_status: Taken without effect: this verb waits anyway.
            callback_url: Deliver the final result to this URL as well, once the job is complete: https, or http on this
                machine; at most 2 tries and 10 s, within ``timeout``. ``callback_delivery`` of the status says how it
                went. The delivery includes the answer's timestamp and signature: while these are fresh, the receiver
                can send signed requests as you.
            timeout: The bound of everything the call does, delays included, in seconds or as a timedelta: 0 to 30 days,
                None for none. 0 asks for exactly one HTTP request. The last query starts 1 s before the end (half-way,
                where ``timeout`` is below 2 s), and the wait ends with its answer.
            retry_count: How often to ask again after the first query: 0 to 1000, None for as often as time allows.
            initial_delay: The delay before the first retry, in seconds or as a timedelta: 1 ms to 1 h. Each later one
                is twice as long.
            max_delay: The longest delay, likewise, at least ``initial_delay``. Its default gives way to a longer
                ``initial_delay``.
            token: Go on where a :meth:`poll_step` left off: its attempts and its deadline, in place of ``timeout``.

        Raises:
            JobIncompleteError: The time or the attempts are used up; ``reason`` says which, ``last_status`` how the job
                stands.
            PollTokenError: The token is for another question, another key or another version, or was changed.
            SmileIDError: As :meth:`get_job_status`, for permanent failures.
        """
        return JobStatus(value_here(self._native.wait_until_complete, polling(locals())))

    def watch_job_status(
        self,
        user_id: str,
        job_id: str,
        *,
        return_history: bool = False,
        return_image_links: bool = False,
        return_job_status: bool = False,
        callback_url: str | None = None,
        timeout: _hints.Seconds | None = 60.0,
        retry_count: int | None = None,
        initial_delay: _hints.Seconds = 2.0,
        max_delay: _hints.Seconds = DEFAULT_CAP,
    ) -> _hints.StatusUpdates:
        """Waits as :meth:`wait_until_complete` does and hands out every answer as it arrives.

        ``for update in client.watch_job_status(...)``: leaving the loop ends the watch. Its time runs from now on.

        Args:
            user_id: The user, as given when the job was submitted: 1 to 256 bytes of UTF-8 without control characters.
            job_id: The job, likewise.
            return_history: Ask for the user's results so far too.
            return_image_links: Ask for links to the selfie, liveness and ID card images too.
            return_job_status: Taken without effect: this verb waits anyway.
            callback_url: Deliver the final result to this URL as well, once the job is complete: https, or http on this
                machine; at most 2 tries and 10 s, within ``timeout``. ``callback_delivery`` of the status says how it
                went. The delivery includes the answer's timestamp and signature: while these are fresh, the receiver
                can send signed requests as you.
            timeout: The bound of everything the call does, delays included, in seconds or as a timedelta: 0 to 30 days,
                None for none. 0 asks for exactly one HTTP request. The last query starts 1 s before the end (half-way,
                where ``timeout`` is below 2 s), and the wait ends with its answer.
            retry_count: How often to ask again after the first query: 0 to 1000, None for as often as time allows.
            initial_delay: The delay before the first retry, in seconds or as a timedelta: 1 ms to 1 h. Each later one
                is twice as long.
            max_delay: The longest delay, likewise, at least ``initial_delay``. Its default gives way to a longer
                ``initial_delay``.

        Raises:
            InvalidArgumentError: An argument is outside of its limits: here or from the first update.
            SmileIDError: From the loop, as :meth:`wait_until_complete`.
        """
        watch = value_of(self._native.watch_job_status(polling(locals())))
        from .streams import StatusUpdates

        return StatusUpdates(watch, self._native)

    def poll_step(
        self,
        user_id: str,
        job_id: str,
        *,
        return_history: bool = False,
        return_image_links: bool = False,
        return_job_status: bool = False,
        callback_url: str | None = None,
        timeout: _hints.Seconds | None = 60.0,
        retry_count: int | None = None,
        initial_delay: _hints.Seconds = 2.0,
        max_delay: _hints.Seconds = DEFAULT_CAP,
        token: str | None = None,
    ) -> _hints.PollStep:
        """Makes one attempt of a wait and returns a token for the next one.

        For task queues, where a wait must not live in a process.

        Args:
            user_id: The user, as given when the job was submitted: 1 to 256 bytes of UTF-8 without control characters.
            job_id: The job, likewise.
            return_history: Ask for the user's results so far too.
            return_image_links: Ask for links to the selfie, liveness and ID card images too.
            return_job_status: Taken without effect: this verb waits anyway.
            callback_url: Deliver the final result to this URL as well, once the job is complete: https, or http on this
                machine; at most 2 tries and 10 s, within ``timeout``. ``callback_delivery`` of the status says how it
                went. The delivery includes the answer's timestamp and signature: while these are fresh, the receiver
                can send signed requests as you.
            timeout: The bound of the whole wait from its first step on, in seconds or as a timedelta: 0 to 30 days,
                None for none. 0 asks for exactly one HTTP request. Later steps keep the first one's. The
                last query starts 1 s before the end (half-way, where ``timeout`` is below 2 s), and the wait ends with
                its answer.
            retry_count: How often to ask again after the first query: 0 to 1000, None for as often as time allows.
            initial_delay: The delay before the first retry, in seconds or as a timedelta: 1 ms to 1 h. Each later one
                is twice as long.
            max_delay: The longest delay, likewise, at least ``initial_delay``. Its default gives way to a longer
                ``initial_delay``.
            token: The token of the step before; the first step has none.

        Raises:
            JobIncompleteError: The time or the attempts are used up.
            PollTokenError: The token is for another question, another key or another version, or was changed.
            SmileIDError: As :meth:`get_job_status`, for permanent failures.
        """
        return step_of(value_here(self._native.poll_step, polling(locals())))

    def poll_many(
        self,
        jobs: _hints.Iterable[tuple[str, str]],
        *,
        timeout: _hints.Seconds | None = 60.0,
        max_waiting: int = 10000,
        rate_limit: float | None = None,
        burst: int = 1,
        on_progress: _hints.OnProgress = None,
        return_history: bool = False,
        return_image_links: bool = False,
        retry_count: int | None = None,
        initial_delay: _hints.Seconds = 2.0,
        max_delay: _hints.Seconds = DEFAULT_CAP,
    ) -> _hints.JobOutcomes:
        """Waits for many jobs and hands out how each ended, in the order of completion.

        ``for outcome in client.poll_many(jobs)``: one that fails stops nothing else, and leaving the loop drops all
        requests. The input may be endless: it is read on the loop's thread, while there is room. Of a closed client,
        every job has a :class:`ClientClosedError` as its outcome: with an endless input, leave the loop after closing.

        Args:
            jobs: Pairs of a user's and a job's id. One that is waited for already is not asked about twice; both get
                the outcome.
            timeout: The bound of each job, from its own first query, in seconds or as a timedelta: 0 to 30 days, None
                for none. 0 asks once. The last query starts 1 s before the end (half-way, where ``timeout`` is below
                2 s), and the wait ends with its answer.
            max_waiting: How many jobs are waited for at a time: 1 to 1000000.
            rate_limit: At most this many HTTP requests a second, retries included: from one in 30 days to 1000000; None
                for no limit.
            burst: How many requests may go out at once after a pause, under a rate limit: 1 to 1000000.
            on_progress: Called with the :class:`ManyProgress` on the loop's thread, before each outcome is handed out.
                What it raises ends everything, as what ``jobs`` raises does.
            return_history: Ask for the users' results so far too.
            return_image_links: Ask for links to the selfie, liveness and ID card images too.
            retry_count: How often to ask again about each job: 0 to 1000, None for as often as time allows.
            initial_delay: The delay before the first retry, in seconds or as a timedelta: 1 ms to 1 h. Each later one
                is twice as long.
            max_delay: The longest delay, likewise, at least ``initial_delay``. Its default gives way to a longer
                ``initial_delay``.

        Raises:
            InvalidArgumentError: An argument is outside of its limits; from the loop: an entry of ``jobs`` is no pair
                of texts.
        """
        told = polling(locals())
        from .streams import JobOutcomes, iterator_of

        source = iterator_of(jobs)
        return JobOutcomes(value_of(self._native.poll_many(told)), self._native, source, on_progress)

    def download_images(
        self,
        status: JobStatus,
        *,
        directory: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        allowed_hosts: _hints.Iterable[str] | None = None,
        refresh: bool = False,
        timeout: _hints.Seconds | None = 60.0,
    ) -> list[_hints.Image]:
        """Downloads every image that a status links to, those of the ID card too, to memory or to files.

        Ask for the status with ``return_image_links`` first. https only, no redirects, nothing of ours sent along; JPEG
        and PNG by content, at most 16 MiB each and 64 in all. Texts that stand for no link (empty, ``N/A``,
        ``Not Available``) are passed over.

        Args:
            status: What has the links.
            directory: Write each image to ``<key>.jpg`` or ``<key>.png`` in this directory, which must exist, with mode
                0600 and never half; None keeps the images in memory.
            overwrite: Replace files that exist.
            allowed_hosts: Download from these hosts only; None for any host with a public name.
            refresh: Ask once for new links when one has expired.
            timeout: The bound of all downloads together, in seconds or as a timedelta: 0 to 30 days, None for none but
                the requests' own.

        Raises:
            ImageLinkExpiredError: A link is no longer valid.
            ImageRefusedError: An image's host, type or size is not accepted.
            FileError: A file could not be written, or exists.
            SmileIDError: As :meth:`get_job_status`.
        """
        return images_of(value_here(self._native.download_images, download(locals())))

    def close(self) -> None:
        """Ends running calls with :class:`ClientClosedError`, within milliseconds, and refuses new ones.

        From any thread; a second close does nothing. In a forked child it leaves the parent's calls alone.
        """
        self._native.close()

    def __enter__(self) -> _hints.Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.close()
