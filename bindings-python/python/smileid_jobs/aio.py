"""The client for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._bridge import Bridge
from ._raising import value_of
from ._settings import DEFAULT_CAP, Seconds, Settings, seconds
from .status import JobStatus

if TYPE_CHECKING:
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
        timeout: Seconds | None = 30.0,
    ) -> JobStatus:
        """As :meth:`Client.get_job_status`. Cancelling the task drops the request."""
        arguments = (user_id, job_id, return_history, return_image_links, seconds(timeout))
        return JobStatus(value_of(await Bridge.current().run(self._native.get_job_status, arguments)))

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
        timeout: Seconds | None = None,
    ) -> JobStatus:
        """As :meth:`Client.poll_job_status`. Cancelling the task drops the request."""
        arguments = (
            *(user_id, job_id, return_history, return_image_links, seconds(timeout)),
            *(retry_count, seconds(initial_delay), seconds(max_delay), max_delay is not DEFAULT_CAP),
        )
        return JobStatus(value_of(await Bridge.current().run(self._native.poll_job_status, arguments)))

    async def aclose(self) -> None:
        """Ends running calls with :class:`ClientClosedError`, within milliseconds, and refuses new ones."""
        self._native.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
