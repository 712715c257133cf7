"""How completions come from native threads to an event loop: a queue each loop drains on its own thread.

Native threads never enter the interpreter. They write one byte per batch into a pipe that the loop watches; loops that
cannot watch one (Windows' default) have a thread that waits for the byte and calls them. A lone query has no native
thread to wait for: the loop watches a second descriptor, and draining drives it.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

from . import _logging, _native
from ._failures import error_from, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

    _On = tuple[_native.Bridge, asyncio.Future[Any]]

# The loop holds its bridge, through the reader: it lives as long as the loop is open, and the loop is not held by it.
_bridges: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Bridge]] = weakref.WeakKeyDictionary()
# The loop that asked last and its bridge: most programs have one, and looking it up costs more than all else here.
_last: tuple[weakref.ref[asyncio.AbstractEventLoop], weakref.ref[Bridge]] | None = None


def _forget() -> None:
    """In a forked child, all bridges are the parent's."""
    global _last
    _last = None
    _bridges.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


class Bridge:
    """The calls that one event loop waits for. Held by the loop alone, so that it goes when that is closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, native: _native.Bridge) -> None:
        self._native = native
        descriptor = self._native.fileno()
        try:
            if descriptor is None:
                raise NotImplementedError
            loop.add_reader(descriptor, self._drain, False)
            descriptor = self._native.host()
            if descriptor is not None:
                loop.add_reader(descriptor, self._drain, False)
        except NotImplementedError:
            weakref.finalize(loop, self._native.stop).atexit = False
            threading.Thread(
                target=self._watch, args=(weakref.ref(loop),), name="smileid-jobs-bridge", daemon=True
            ).start()

    def __del__(self) -> None:
        # What waits may be held for longer, and nobody drives it any more: other loops have use for its connection.
        self._native.stop()

    @classmethod
    def begin(
        cls, start: Callable[[_On, Any], int | _native.Failure], arguments: object
    ) -> tuple[_native.Bridge, int, asyncio.Future[Any]]:
        """Starts a call on the running loop; raises what it is refused with. Who gives it up must end it there."""
        global _last
        _logging.is_wanted()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError("an AsyncClient needs a running asyncio event loop") from None
        last = _last
        reference = last[1] if last is not None and last[0]() is loop else _bridges.get(loop)
        bridge = None if reference is None else reference()
        if reference is None or bridge is None:
            bridge = cls(loop, value_of(_native.Bridge.make()))
            reference = _bridges[loop] = weakref.ref(bridge)
        if last is None or last[1] is not reference:
            _last = (weakref.ref(loop), reference)
        future = loop.create_future()
        native = bridge._native
        call = start((native, future), arguments)
        if isinstance(call, _native.Failure):
            raise error_from(call)
        return native, call, future

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


async def value(start: Callable[[_On, Any], Any], arguments: dict[str, Any] | None = None) -> Any:
    """Starts a call, waits for its end and returns its value. Whatever ends the wait early drops the call's request."""
    bridge, call, future = Bridge.begin(start, arguments)
    if arguments is not None:
        arguments.clear()  # a frame that waits would hold all that the call was told
    try:
        outcome = await future
    except BaseException:
        bridge.end(call)
        raise
    return value_of(outcome)
