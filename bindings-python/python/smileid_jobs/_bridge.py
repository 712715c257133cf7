"""How completions come from native threads to an event loop: a queue each loop drains on its own thread.

Native threads never enter the interpreter. They write one byte per batch into a pipe that the loop watches; loops that
cannot watch one (Windows' default) have a thread that waits for the byte and calls them.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from typing import TYPE_CHECKING, Any

from . import _logging, _native
from ._raising import error_from

if TYPE_CHECKING:
    from collections.abc import Callable

# The loop holds its bridge, through the reader: it lives as long as the loop is open, and the loop is not held by it.
_bridges: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Bridge]] = weakref.WeakKeyDictionary()
# The loop that asked last and its bridge: most programs have one, and looking it up costs more than all else here.
_last: tuple[weakref.ref[asyncio.AbstractEventLoop], weakref.ref[Bridge]] | None = None


class Bridge:
    """The calls that one event loop waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._native = _native.Bridge()
        descriptor = self._native.fileno()
        try:
            if descriptor is None:
                raise NotImplementedError
            loop.add_reader(descriptor, self._drain, False)
        except NotImplementedError:
            weakref.finalize(loop, self._native.stop).atexit = False
            threading.Thread(
                target=self._watch, args=(weakref.ref(loop),), name="smileid-jobs-bridge", daemon=True
            ).start()

    @classmethod
    def current(cls) -> Bridge:
        """The running loop's bridge in this process."""
        global _last
        loop = asyncio.get_running_loop()
        last = _last
        reference = last[1] if last is not None and last[0]() is loop else _bridges.get(loop)
        bridge = None if reference is None else reference()
        if reference is None or bridge is None or not bridge._native.is_usable:
            bridge = cls(loop)
            reference = _bridges[loop] = weakref.ref(bridge)
        if last is None or last[1] is not reference:
            _last = (weakref.ref(loop), reference)
        return bridge

    def begin(
        self, start: Callable[[_native.Bridge, Any], int | _native.Failure], arguments: object
    ) -> tuple[int, asyncio.Future[Any]]:
        """Starts a call and says what it comes to; raises what it is refused with. Who gives it up must end it."""
        _logging.is_wanted()
        future = asyncio.get_running_loop().create_future()
        call = start(self._native, arguments)
        if isinstance(call, _native.Failure):
            raise error_from(call)
        self._native.expect(call, future)
        return call, future

    def end(self, call: int) -> None:
        """Drops the call's request, if it has not come to its end."""
        self._native.end(call)

    async def run(self, start: Callable[[_native.Bridge, Any], Any], arguments: object) -> Any:
        """Starts a call and waits for its end. Whatever ends the wait early drops the call's request."""
        call, future = self.begin(start, arguments)
        if isinstance(arguments, dict):
            arguments.clear()  # a frame that waits would hold all that the call was told
        try:
            return await future
        except BaseException:
            self.end(call)
            raise

    def _drain(self, waited: bool) -> None:
        for future, outcome in self._native.drain(waited):
            if not future.done():
                future.set_result(outcome)
        if _logging.listening:
            _logging.flush()

    def _watch(self, loop_reference: weakref.ref[asyncio.AbstractEventLoop]) -> None:
        while self._native.wait():
            loop = loop_reference()
            try:
                if loop is None:
                    break
                loop.call_soon_threadsafe(self._drain, True)
            except RuntimeError:  # it was closed
                break
            del loop
