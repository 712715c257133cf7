"""Reads the asynchronous input of a ``poll_many`` beside the wait for its outcomes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from ._bridge import Bridge
from ._failures import value_of
from .streams import LOOK_S, pair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from . import _native
    from .streams import Outcome


class Reader:
    """A task that reads, which does not hold the stream.

    There is one for the whole input, because what an input enters it may have to leave in the same task. It reads while
    an outcome is waited for and there is room, and one job for each outcome that was ready; a read that has begun goes
    on while nobody waits.
    """

    def __init__(self, source: AsyncIterator[tuple[str, str]], many: _native.Many) -> None:
        self._source = source
        self._many = many
        self._task: asyncio.Task[None] | None = None
        self._turns: asyncio.Lock | None = None
        self._is_awaited = False
        self._is_taking = False
        self._is_stopped = False
        self._may_read_one = False
        # What the task waits for to read on, and what is waited for by whoever wants an outcome.
        self._call: asyncio.Future[None] | None = None
        self._news: asyncio.Future[None] | None = None

    async def outcome(self) -> Outcome:
        """Waits for an outcome; None when there will be no more."""
        if self._turns is None:
            self._turns = asyncio.Lock()
        async with self._turns:
            if self._is_stopped:
                return None
            self._is_awaited = True
            try:
                return await self._race(self._reading())
            finally:
                self._is_awaited = self._is_taking = False

    def read_one(self) -> None:
        """Lets a job be read, if there is room, though nobody waits for an outcome: one was ready."""
        if self._call is not None and not self._call.done() and value_of(self._many.room()):
            self._may_read_one = True
            with suppress(RuntimeError):  # where the loop was closed
                self._call.set_result(None)

    def check(self) -> None:
        """Raises what the input has ended with, once, and ends everything."""
        task = self._task
        # One that its loop has cancelled when that was closed is an input at its end.
        if task is None or not task.done() or self._is_stopped or task.cancelled():
            return
        try:
            task.result()
        except BaseException:
            self._is_stopped = True
            self._many.close()
            raise

    def stop(self) -> None:
        """Ends the read, from any thread."""
        self._is_stopped = True
        if self._task is not None and not self._task.done():
            with suppress(RuntimeError):  # where the loop was closed
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)

    async def stopped(self) -> None:
        """Waits for the end of a read that was stopped, where that can come: not in the input, nor on another loop."""
        task = self._task
        if task is None or task is asyncio.current_task() or task.get_loop() is not asyncio.get_running_loop():
            return
        await asyncio.wait([task])

    def _reading(self) -> asyncio.Task[None]:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._read())
            self._task.add_done_callback(self._tell)
            # As those of `gather`: a loop that is closed right after its program's end has not ended it yet.
            self._task._log_destroy_pending = False  # type: ignore[attr-defined]
        elif self._call is not None and not self._call.done() and value_of(self._many.room()):
            self._call.set_result(None)
        return self._task

    async def _race(self, task: asyncio.Task[None]) -> Outcome:
        loop = asyncio.get_running_loop()
        bridge, call = None, 0
        taken: asyncio.Future[Any] | None = None
        try:
            while True:
                if taken is not None and taken.done():
                    outcome: Outcome = value_of(taken.result())
                    if outcome is not None or task.done() or self._is_stopped:
                        return outcome
                    # Another task has taken the last one that there was.
                    bridge, taken, self._is_taking = None, None, False
                self.check()
                if taken is None:
                    # Without a job it would end at once.
                    if value_of(self._many.progress())[2]:
                        bridge, call, taken = Bridge.begin(lambda on, _: self._many.take(on), None)
                        taken.add_done_callback(self._tell)
                        self._is_taking = True
                    elif task.done():
                        return None
                self._news = loop.create_future()
                await self._news
        except BaseException:
            if bridge is not None:
                bridge.end(call)
            raise

    async def _read(self) -> None:
        looked = monotonic()
        while True:
            try:
                job = await self._source.__anext__()
            except StopAsyncIteration:
                return
            if self._is_stopped:
                return
            room = value_of(self._many.add(*pair(job)))
            if not self._is_taking:
                self._tell()
            if monotonic() - looked > LOOK_S:
                # An input that never waits would let nobody else run.
                await asyncio.sleep(0)
                looked = monotonic()
            while not (room and (self._is_awaited or self._may_read_one)):
                self._call = asyncio.get_running_loop().create_future()
                await self._call
                room = value_of(self._many.room())
            self._may_read_one = False

    def _tell(self, _: object = None) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
