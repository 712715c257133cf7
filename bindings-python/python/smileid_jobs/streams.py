"""Watches and ``poll_many`` as iterators, for threads and for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator
from time import monotonic
from types import TracebackType, coroutine
from typing import TYPE_CHECKING, Any, Optional, Union

from . import _hints, _logging, _native
from ._calling import is_interruptible, outcome_of, update_of
from ._failures import value_of
from .errors import InvalidArgumentError
from .outcomes import JobOutcome, ManyProgress, StatusUpdate

if TYPE_CHECKING:
    from ._async_input import Reader
    from ._bridge import _On

__all__ = ["AsyncJobOutcomes", "AsyncStatusUpdates", "JobOutcomes", "StatusUpdates"]

Jobs = Iterable[tuple[str, str]]
AnyJobs = Union[Jobs, AsyncIterable[tuple[str, str]]]
OnProgress = Optional[Callable[[ManyProgress], object]]
Outcome = Union[tuple[str, str, Union[_native.Status, _native.Failure]], None]
_END = object()

LOOK_S = 0.001
"""How long jobs are read before an outcome is looked for, and before others on the loop have their turn."""
PAUSE = 10
"""How many times as long as jobs were read they are not read again while an outcome is ready, which would wait for an
input that blocks."""


class _Stream:
    """What is drawn from one by one, and ends with its last reference."""

    __slots__ = ("__weakref__", "_client", "_stream")

    _stream: _native.Watch | _native.Many
    _client: _native.Client
    """Held, because one that nobody holds any more is closed."""

    def _end(self) -> None:
        self._stream.close()

    def _wait(self, start: Callable[[bool], Any]) -> Any:
        """Waits here. Whatever ends the wait early, Ctrl-C for one, ends the stream and drops its requests."""
        wanted = _logging.is_wanted()
        try:
            return value_of(start(is_interruptible()))
        except BaseException:
            self._end()
            raise
        finally:
            if wanted:
                _logging.flush()

    async def _run(self, start: Callable[[_On], Any]) -> Any:
        """Waits on the running loop. Cancelling the task ends the stream and drops its requests."""
        from ._bridge import value

        try:
            return await value(lambda on, _: start(on))
        except BaseException:
            self._end()
            raise


class _Closing(_Stream):
    """A stream for threads."""

    __slots__ = ()

    def close(self) -> None:
        """Ends it and drops its requests; the loop over it ends. From any thread; a second close does nothing."""
        self._end()

    def __enter__(self) -> _hints.Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _AsyncClosing(_Stream):
    """A stream for asyncio."""

    __slots__ = ()

    async def aclose(self) -> None:
        """Ends it and drops its requests; the loop over it ends. A second close does nothing."""
        self._end()

    async def __aenter__(self) -> _hints.Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class StatusUpdates(_Closing, Iterator[StatusUpdate]):
    """A running watch: an iterator of :class:`StatusUpdate`, and a context manager that closes.

    The next query is not sent before the next update is asked for. Leaving the loop, closing it or dropping the last
    reference ends the watch and its request. In a forked child it is the parent's: :class:`ClientClosedError`.
    """

    __slots__ = ()

    _stream: _native.Watch

    def __init__(self, native: _native.Watch, client: _native.Client) -> None:
        self._stream = native
        self._client = client

    def __next__(self) -> StatusUpdate:
        update = self._wait(self._stream.next)
        if update is None:
            raise StopIteration
        return update_of(update)


class AsyncStatusUpdates(_AsyncClosing, AsyncIterator[StatusUpdate]):
    """A running watch on asyncio: as :class:`StatusUpdates`, with ``async for`` and :meth:`aclose`.

    Cancelling the task that waits for an update ends the watch and its request.
    """

    __slots__ = ()

    _stream: _native.Watch

    def __init__(self, native: _native.Watch, client: _native.Client) -> None:
        self._stream = native
        self._client = client

    async def __anext__(self) -> StatusUpdate:
        update = await self._run(self._stream.next)
        if update is None:
            raise StopAsyncIteration
        return update_of(update)


class _Many(_Stream):
    """What both kinds of ``poll_many`` share: reading jobs while there is room, counting."""

    __slots__ = ("_asks", "_jobs", "_on_progress", "_reads_at")

    _stream: _native.Many
    _jobs: Iterator[tuple[str, str]] | None

    def __init__(
        self,
        native: _native.Many,
        client: _native.Client,
        jobs: Iterator[tuple[str, str]] | None,
        on_progress: OnProgress,
    ) -> None:
        if on_progress is not None and not callable(on_progress):
            raise InvalidArgumentError("on_progress: expected a function", argument="on_progress")
        self._stream = native
        self._client = client
        self._jobs = jobs
        self._on_progress = on_progress
        self._asks = False
        self._reads_at = 0.0

    @property
    def progress(self) -> ManyProgress:
        """How far it has come."""
        return ManyProgress(*value_of(self._stream.progress()))

    def _end(self) -> None:
        self._jobs = None
        self._stream.close()

    def _read(self, is_ready: bool) -> bool:
        """Reads jobs for a while, where there is room, and says whether there may be more to read at once.

        An error of the input's, or an entry that is no pair, ends everything.
        """
        if self._jobs is None:
            return False
        began = now = monotonic()
        if is_ready and now < self._reads_at:
            return False
        add = self._stream.add
        room = value_of(self._stream.room())
        try:
            while room and now - began <= LOOK_S:
                jobs = self._jobs
                if jobs is None:  # closed meanwhile
                    return False
                job = next(jobs, _END)
                if job is _END:
                    self._jobs = None
                    return False
                room = value_of(add(*pair(job)))
                if not self._asks:
                    # The next job may take its time.
                    _logging.is_wanted()
                    value_of(self._stream.start())
                    self._asks = True
                now = monotonic()
        except BaseException:
            self._end()
            raise
        self._reads_at = now + PAUSE * (now - began)
        return room > 0

    def _handed_out(self, outcome: tuple[str, str, _native.Status | _native.Failure]) -> JobOutcome:
        if _logging.listening:  # nobody may have waited for it
            _logging.flush()
        if self._on_progress is not None:
            try:
                self._on_progress(self.progress)
            except BaseException:
                self._end()
                raise
        return outcome_of(outcome)


class JobOutcomes(_Many, _Closing, Iterator[JobOutcome]):
    """A running ``poll_many``: an iterator of :class:`JobOutcome` as they come, and a context manager that closes.

    Jobs are read from the input only while the next outcome is asked for, on that thread: an input that blocks holds
    the outcomes back, not the requests. While outcomes are ready, little time goes into reading. Leaving the loop,
    closing it or dropping the last reference drops all requests; so does what the input or ``on_progress`` raises. For
    one thread at a time. In a forked child it is the parent's: :class:`ClientClosedError`.
    """

    __slots__ = ()

    def __next__(self) -> JobOutcome:
        while True:
            outcome = value_of(self._stream.try_take())
            has_more = self._read(outcome is not None)
            if outcome is None and not has_more:
                outcome = self._wait(self._stream.take)
                if outcome is None and self._jobs is None:
                    raise StopIteration
            if outcome is not None:
                return self._handed_out(outcome)


class AsyncJobOutcomes(_Many, _AsyncClosing, AsyncIterator[JobOutcome]):
    """A running ``poll_many`` on asyncio: as :class:`JobOutcomes`, with ``async for`` and :meth:`aclose`.

    The input may be asynchronous as well: then outcomes are handed out while its next job is waited for. Cancelling the
    task that waits for an outcome drops all requests.
    """

    __slots__ = ("_had_turns_at", "_reader")

    def __init__(self, native: _native.Many, client: _native.Client, jobs: AnyJobs, on_progress: OnProgress) -> None:
        self._reader: Reader | None = None
        self._had_turns_at = monotonic()
        if isinstance(jobs, AsyncIterable):
            from ._async_input import Reader

            super().__init__(native, client, None, on_progress)
            self._reader = Reader(jobs.__aiter__(), native)
        else:
            super().__init__(native, client, iterator_of(jobs), on_progress)

    def __del__(self) -> None:
        # Its task does not end with the last reference.
        if self._reader is not None:
            self._end()

    def _end(self) -> None:
        super()._end()
        if self._reader is not None:
            self._reader.stop()

    async def aclose(self) -> None:
        """Ends it, drops its requests and waits for the end of a read of an asynchronous input."""
        await super().aclose()
        if self._reader is not None:
            await self._reader.stopped()

    async def __anext__(self) -> JobOutcome:
        reader = self._reader
        try:
            while True:
                if monotonic() - self._had_turns_at > LOOK_S:
                    # Outcomes and jobs that are always ready would let nobody else run.
                    await _turn()
                    self._had_turns_at = monotonic()
                if reader is not None:
                    reader.check()
                outcome = value_of(self._stream.try_take())
                has_more = self._read(outcome is not None)
                if outcome is not None:
                    if reader is not None:
                        reader.read_one()
                elif not has_more:
                    outcome = await (self._run(self._stream.take) if reader is None else reader.outcome())
                    self._had_turns_at = monotonic()
                    if outcome is None and self._jobs is None:
                        break
                if outcome is not None:
                    return self._handed_out(outcome)
        except GeneratorExit:  # thrown away while it waited: there is nobody to wait for
            self._end()
            raise
        except BaseException:
            self._end()
            if reader is not None:
                await reader.stopped()
            raise
        raise StopAsyncIteration


@coroutine
def _turn() -> Generator[None, None, None]:
    """Lets everybody else on the loop run."""
    yield


def iterator_of(jobs: object) -> Iterator[tuple[str, str]]:
    """The input of a ``poll_many``."""
    if isinstance(jobs, Iterable):
        return iter(jobs)
    raise InvalidArgumentError("jobs: expected an iterable of (user_id, job_id) pairs", argument="jobs")


def pair(job: object) -> tuple[object, object]:
    """An entry of the input."""
    if isinstance(job, (tuple, list)) and len(job) == 2:
        return job[0], job[1]
    raise InvalidArgumentError("jobs: expected (user_id, job_id) pairs", argument="jobs")
