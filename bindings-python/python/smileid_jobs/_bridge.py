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

if TYPE_CHECKING:
    from collections.abc import Callable

# The loop holds its bridge, through the reader: it lives as long as the loop is open, and the loop is not held by it.
_bridges: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Bridge]] = weakref.WeakKeyDictionary()


class Bridge:
    """The calls that one event loop waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._native = _native.Bridge()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
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
        loop = asyncio.get_running_loop()
        reference = _bridges.get(loop)
        bridge = None if reference is None else reference()
        if bridge is None or not bridge._native.is_usable:
            bridge = cls(loop)
            _bridges[loop] = weakref.ref(bridge)
        return bridge

    async def run(self, start: Callable[[_native.Bridge, Any], Any], arguments: object) -> Any:
        """Starts a call and waits for its end. Whatever ends the wait early drops the call's request."""
        _logging.is_wanted()
        future = asyncio.get_running_loop().create_future()
        call = start(self._native, arguments)
        if isinstance(call, _native.Failure):
            return call
        if isinstance(arguments, dict):
            arguments.clear()  # a frame that waits would hold all that the call was told
        token = call.token
        self._waiting[token] = future
        try:
            return await future
        finally:
            if self._waiting.pop(token, None) is not None:
                call.abort()

    def _drain(self, waited: bool) -> None:
        for token, outcome in self._native.drain(waited):
            future = self._waiting.pop(token, None)
            if future is not None and not future.done():
                future.set_result(outcome)
        if _logging.is_wanted():
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
        self._waiting.clear()
