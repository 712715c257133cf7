"""The client for asyncio."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import AsyncIterable, Callable, Coroutine, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from . import _hints
from ._bridge import Bridge, value
from ._calling import Plain, download, images_of, polling, step_of, waiting
from ._failures import value_of
from ._settings import DEFAULT_CAP, seconds
from .outcomes import Image, PollStep
from .status import JobStatus
from .streams import AsyncJobOutcomes, AsyncStatusUpdates, OnProgress

if TYPE_CHECKING:
    from . import _native
    from ._calling import _Waiting

_F = TypeVar("_F", bound=Callable[..., Any])

__all__ = ["AsyncClient"]


def _makes_coroutines(function: _F) -> _F:
    """Marks a function as what it is to its callers, where Python knows a mark."""
    if sys.version_info >= (3, 12):
        return inspect.markcoroutinefunction(function)
    function._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]
    return function


async def _completed(native: _native.Client, arguments: _Waiting) -> JobStatus:
    bridge, call, future = Bridge.begin(native.wait_until_complete, waiting(arguments))
    del native, arguments
    try:
        outcome = await future
    except BaseException:
        bridge.end(call)
        raise
    return JobStatus(value_of(outcome))


# What a coroutine is called in warnings and in asyncio's own logging.
_completed.__name__, _completed.__qualname__ = "wait_until_complete", "AsyncClient.wait_until_complete"


class AsyncClient(Plain):
    """Asks Smile ID how jobs ended, from asyncio.

    The verbs that wait are coroutines or asynchronous iterators with the arguments, defaults and errors of
    :class:`~smileid_jobs.Client`. Cancelling a task drops its request. One client serves all event loops of a program,
    uvloop's too, one after the other or at the same time, and works in a child of :func:`os.fork`. It holds an API key:
    ``repr()`` does not show it, and it cannot be pickled. As an async context manager it closes.
    """

    __slots__ = ()

    async def get_job_status(
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
        """As :meth:`Client.get_job_status`. Cancelling the task drops the request."""
        # Written out, as it is the verb that is called most: `value` would be one coroutine more.
        ids_and_flags = (user_id, job_id, return_history, return_image_links)
        bound = timeout if type(timeout) is float else seconds(timeout)
        arguments = (*ids_and_flags, bound, return_job_status, callback_url)
        bridge, call, future = Bridge.begin(self._native.get_job_status, arguments)
        try:
            outcome = await future
        except BaseException:
            bridge.end(call)
            raise
        return JobStatus(value_of(outcome))

    async def poll_job_status(
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
        """As :meth:`Client.poll_job_status`. Cancelling the task drops the request."""
        return JobStatus(await value(self._native.poll_job_status, polling(locals())))

    @_makes_coroutines
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
    ) -> Coroutine[Any, Any, JobStatus]:
        """As :meth:`Client.wait_until_complete`. Cancelling the task drops the request."""
        # Not one coroutine of this signature: thousands may sleep, and each would keep room for all of it.
        asked = (return_history, return_image_links, return_job_status, callback_url)
        return _completed(
            self._native, (user_id, job_id, *asked, timeout, retry_count, initial_delay, max_delay, token)
        )

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
    ) -> AsyncStatusUpdates:
        """As :meth:`Client.watch_job_status`, with ``async for``. Cancelling the task ends the watch."""
        watch = value_of(self._native.watch_job_status(polling(locals())))
        return AsyncStatusUpdates(watch, self._native)

    async def poll_step(
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
    ) -> PollStep:
        """As :meth:`Client.poll_step`. Cancelling the task drops the request."""
        return step_of(await value(self._native.poll_step, polling(locals())))

    def poll_many(
        self,
        jobs: Iterable[tuple[str, str]] | AsyncIterable[tuple[str, str]],
        *,
        timeout: _hints.Seconds | None = 60.0,
        max_waiting: int = 10000,
        rate_limit: float | None = None,
        burst: int = 1,
        on_progress: OnProgress = None,
        return_history: bool = False,
        return_image_links: bool = False,
        retry_count: int | None = None,
        initial_delay: _hints.Seconds = 2.0,
        max_delay: _hints.Seconds = DEFAULT_CAP,
    ) -> AsyncJobOutcomes:
        """As :meth:`Client.poll_many`, with ``async for``. Cancelling the task drops all requests.

        ``jobs`` may be asynchronous as well.
        """
        many = value_of(self._native.poll_many(polling(locals())))
        return AsyncJobOutcomes(many, self._native, jobs, on_progress)

    async def download_images(
        self,
        status: JobStatus,
        *,
        directory: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        allowed_hosts: Iterable[str] | None = None,
        refresh: bool = False,
        timeout: _hints.Seconds | None = 60.0,
    ) -> list[Image]:
        """As :meth:`Client.download_images`. Cancelling the task drops the requests."""
        return images_of(await value(self._native.download_images, download(locals())))

    async def aclose(self) -> None:
        """Ends running calls with :class:`ClientClosedError`, within milliseconds, and refuses new ones."""
        self._native.close()

    async def __aenter__(self) -> _hints.Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
