"""What the streaming verbs return: iterators that own their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._bridge import Bridge
from ._raising import value_of
from ._settings import is_interruptible
from .waiting import Intake, JobOutcome, ManyProgress, StatusUpdate, update_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from . import _native

__all__ = ["AsyncJobOutcomes", "AsyncStatusUpdates", "JobOutcomes", "StatusUpdates"]


class _Stream:
    """The base of all four: closing, leaving it to the garbage collector, and any exception drop its requests."""

    __slots__ = ("__weakref__", "_native")

    _native: _native.Watch | _native.Many

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class _Iterator(_Stream):
    __slots__ = ()

    def close(self) -> None:
        """Ends it and drops its requests. A second close does nothing."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _AsyncIterator(_Stream):
    __slots__ = ()

    async def aclose(self) -> None:
        """Ends it and drops its requests. A second close does nothing."""
        self._native.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class StatusUpdates(_Iterator):
    """The updates of a watch, one per answer. The next query is not sent before the last update was taken.

    Not for several threads at once. A watch that was started before ``fork()`` is refused in the child.
    """

    __slots__ = ()

    _native: _native.Watch

    def __init__(self, native: _native.Watch) -> None:
        self._native = native

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StatusUpdate:
        try:
            update = value_of(self._native.next(is_interruptible()))
        except BaseException:
            self.close()
            raise
        if update is None:
            raise StopIteration
        return update_from(update)


class AsyncStatusUpdates(_AsyncIterator):
    """As :class:`StatusUpdates`, for ``async for``. Cancelling the task that waits for an update ends the watch."""

    __slots__ = ()

    _native: _native.Watch

    def __init__(self, native: _native.Watch) -> None:
        self._native = native

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StatusUpdate:
        try:
            update = value_of(await Bridge.current().run(_next, (self._native,)))
        except BaseException:
            self._native.close()
            raise
        if update is None:
            raise StopAsyncIteration
        return update_from(update)


class JobOutcomes(_Iterator):
    """The outcomes of many jobs, in the order of completion. Jobs are read here, as far as there is room.

    Not for several threads at once. One that was started before ``fork()`` is refused in the child.
    """

    __slots__ = ("_intake",)

    _native: _native.Many

    def __init__(
        self, native: _native.Many, jobs: Iterator[Any], on_progress: Callable[[ManyProgress], object] | None
    ) -> None:
        self._native = native
        self._intake = Intake(native, jobs, on_progress)

    @property
    def progress(self) -> ManyProgress:
        """How far it has come."""
        return self._intake.progress

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> JobOutcome:
        try:
            self._intake.read()
            taken = value_of(self._native.try_take())
            if taken is None:
                taken = value_of(self._native.take(is_interruptible()))
            if taken is None:
                raise StopIteration
            return self._intake.hand_out(taken)
        except StopIteration:
            raise
        except BaseException:
            self.close()
            raise


class AsyncJobOutcomes(_AsyncIterator):
    """As :class:`JobOutcomes`, for ``async for``. Cancelling the task that waits for an outcome ends all of it."""

    __slots__ = ("_intake",)

    _native: _native.Many

    def __init__(
        self, native: _native.Many, jobs: Iterator[Any], on_progress: Callable[[ManyProgress], object] | None
    ) -> None:
        self._native = native
        self._intake = Intake(native, jobs, on_progress)

    @property
    def progress(self) -> ManyProgress:
        """How far it has come."""
        return self._intake.progress

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> JobOutcome:
        try:
            self._intake.read()
            taken = value_of(self._native.try_take())
            if taken is None:
                taken = value_of(await Bridge.current().run(_take, (self._native,)))
            if taken is not None:
                return self._intake.hand_out(taken)
        except BaseException:
            self._native.close()
            raise
        raise StopAsyncIteration


def _next(bridge: _native.Bridge, watch: _native.Watch) -> Any:
    return watch.next(bridge)


def _take(bridge: _native.Bridge, many: _native.Many) -> Any:
    return many.take(bridge)
