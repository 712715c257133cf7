"""The client for asyncio."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ._bridge import Bridge
from ._raising import value_of
from ._settings import DEFAULT_CAP, Seconds, Settings, seconds
from .status import JobStatus
from .streams import AsyncJobOutcomes, AsyncStatusUpdates
from .waiting import Image, ManyProgress, PollStep, check_on_progress, images_from, iterator_of, step_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["AsyncClient"]


class AsyncClient(Settings):
    """Asks Smile ID how jobs ended, from asyncio.

    The verbs are coroutines with the arguments, defaults and errors of :class:`~smileid_jobs.Client`. Cancelling a task
    drops its request. One client serves all event loops of a program, uvloop's too, one after the other or at the same
    time, and works in a child of :func:`os.fork`. It holds an API key: ``repr()`` does not show it, and it cannot be
    pickled. As an async context manager it closes.
    """

    __slots__ = ()

    async def get_job_status(
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
        """As :meth:`Client.get_job_status`. Cancelling the task drops the request."""
        flags = (return_history, return_image_links, return_job_status)
        arguments = (user_id, job_id, *flags, callback_url, seconds(timeout))
        return JobStatus(value_of(await Bridge.current().run(self._native.get_job_status, (arguments,))))

    async def poll_job_status(
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
        """As :meth:`Client.poll_job_status`. Cancelling the task drops the request."""
        flags = (return_history, return_image_links, return_job_status)
        asked = (user_id, job_id, *flags, callback_url, seconds(timeout))
        capped = max_delay is not DEFAULT_CAP
        arguments = (asked, retry_count, seconds(initial_delay), seconds(max_delay), capped)
        return JobStatus(value_of(await Bridge.current().run(self._native.poll_job_status, (arguments,))))

    async def wait_until_complete(
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
        """As :meth:`Client.wait_until_complete`. Cancelling the task drops the request."""
        flags = (return_history, return_image_links, return_job_status)
        asked = (user_id, job_id, *flags, callback_url, seconds(timeout))
        capped = max_delay is not DEFAULT_CAP
        arguments = (asked, retry_count, seconds(initial_delay), seconds(max_delay), capped)
        return JobStatus(value_of(await Bridge.current().run(self._native.wait_until_complete, (arguments, token))))

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
    ) -> AsyncStatusUpdates:
        """As :meth:`Client.watch_job_status`. Iterate with ``async for``."""
        flags = (return_history, return_image_links, return_job_status)
        asked = (user_id, job_id, *flags, callback_url, seconds(timeout))
        capped = max_delay is not DEFAULT_CAP
        arguments = (asked, retry_count, seconds(initial_delay), seconds(max_delay), capped)
        return AsyncStatusUpdates(value_of(self._native.watch_job_status(arguments)))

    async def poll_step(
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
        """As :meth:`Client.poll_step`. Cancelling the task drops the request."""
        flags = (return_history, return_image_links, return_job_status)
        asked = (user_id, job_id, *flags, callback_url, seconds(timeout))
        capped = max_delay is not DEFAULT_CAP
        arguments = (asked, retry_count, seconds(initial_delay), seconds(max_delay), capped)
        return step_from(value_of(await Bridge.current().run(self._native.poll_step, (arguments, token))))

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
    ) -> AsyncJobOutcomes:
        """As :meth:`Client.poll_many`. Iterate with ``async for``."""
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
        return AsyncJobOutcomes(value_of(self._native.poll_many(options)), reader, on_progress)

    async def download_images(
        self,
        status: JobStatus,
        *,
        directory: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        allowed_hosts: Iterable[str] | None = None,
        refresh: bool = False,
        timeout: Seconds | None = 60.0,
    ) -> list[Image]:
        """As :meth:`Client.download_images`. Cancelling the task drops the downloads."""
        options = {
            "directory": os.fspath(directory) if isinstance(directory, os.PathLike) else directory,
            "overwrite": overwrite,
            "allowed_hosts": allowed_hosts,
            "refresh": refresh,
            "timeout": seconds(timeout),
        }
        native = status._native if isinstance(status, JobStatus) else status
        return images_from(value_of(await Bridge.current().run(self._native.download_images, (native, options))))

    async def aclose(self) -> None:
        """Ends running calls with :class:`ClientClosedError`, within milliseconds, and refuses new ones."""
        self._native.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
