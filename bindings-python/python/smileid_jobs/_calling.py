"""What both clients do around a native call: arguments in, logging, the verbs that do not wait.

Classes that most programs never need are imported where they are made, because importing them costs more than a query.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident

from . import _hints, _logging
from ._failures import error_from, value_of
from ._native import Failure
from ._settings import DEFAULT_CAP, Settings, seconds
from .status import JobStatus, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from . import _native
    from ._hints import Seconds
    from .outcomes import Image, JobOutcome, PollStep, StatusUpdate

    _Waiting = tuple[str, str, bool, bool, bool, str | None, Seconds | None, int | None, Seconds, Seconds, str | None]
    _A = TypeVar("_A")
    _T = TypeVar("_T")


_WAITING = (
    *("user_id", "job_id", "return_history", "return_image_links", "return_job_status", "callback_url"),
    *("timeout", "retry_count", "initial_delay", "max_delay", "token"),
)

_main_thread: int | None = None


def _forget_main_thread() -> None:
    """In a forked child, the thread that has forked is the main one."""
    global _main_thread
    _main_thread = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_main_thread)


def is_interruptible() -> bool:
    """Whether signal handlers run on this thread: a wait must then look for signals now and again."""
    global _main_thread
    if _main_thread is None:
        threading = sys.modules.get("threading")
        if threading is None:
            return True  # as long as nobody has imported it there is one thread
        _main_thread = threading.main_thread().ident
    return get_ident() == _main_thread


def value_here(start: Callable[[bool, _A], _T | Failure], arguments: _A) -> _T:
    """Makes a call, waits for it on this thread, and returns its value or raises its error."""
    if not _logging.is_wanted():
        outcome = start(is_interruptible(), arguments)
    else:
        try:
            outcome = start(is_interruptible(), arguments)
        finally:
            _logging.flush()
    if isinstance(outcome, Failure):
        raise error_from(outcome)
    return outcome


def _taken(told: dict[str, Any]) -> dict[str, Any]:
    """A copy of a caller's local variables: their own dict is a frame's, which a tracer has written anew.

    A frame that waits for long is left without.
    """
    taken = dict(told)
    told.clear()
    return taken


def polling(told: dict[str, Any]) -> dict[str, Any]:
    """A polling verb's local variables, as native code takes them."""
    told = _taken(told)
    told["timeout"] = seconds(told["timeout"])
    max_delay = told["max_delay"]
    told["delays"] = (seconds(told["initial_delay"]), seconds(max_delay), max_delay is not DEFAULT_CAP)
    told.setdefault("token", None)
    return told


def waiting(arguments: _Waiting) -> dict[str, Any]:
    """A wait's arguments, as native code takes them."""
    return polling(dict(zip(_WAITING, arguments)))


def download(told: dict[str, Any]) -> dict[str, Any]:
    """A download's local variables, as native code takes them."""
    told = _taken(told)
    status, directory, hosts = told["status"], told["directory"], told["allowed_hosts"]
    told["timeout"] = seconds(told["timeout"])
    if isinstance(status, JobStatus):
        told["status"] = status._native
    if isinstance(directory, os.PathLike):
        told["directory"] = os.fspath(directory)
    if hasattr(hosts, "__iter__") and not isinstance(hosts, str):  # each letter of which is a text
        told["allowed_hosts"] = list(hosts)
    return told


def step_of(step: tuple[_native.Status | None, float | None, str | None]) -> PollStep:
    """What a step came to, from what native code returns."""
    from .outcomes import PollStep

    status, after, token = step
    return PollStep(None if status is None else JobStatus(status), after, token)


def images_of(images: list[tuple[str, str, bytes | None, str | None]]) -> list[Image]:
    """Images, from what native code returns."""
    from pathlib import Path

    from .outcomes import Image

    return [
        Image(key, content_type, content, None if path is None else Path(path))
        for key, content_type, content, path in images
    ]


def update_of(update: tuple[int, float, _native.Status, bool, float | None]) -> StatusUpdate:
    """An update, from what native code returns."""
    from .outcomes import StatusUpdate

    attempt, elapsed, status, changed, next_delay = update
    return StatusUpdate(attempt, elapsed, JobStatus(status), changed, next_delay)


def outcome_of(outcome: tuple[str, str, _native.Status | _native.Failure]) -> JobOutcome:
    """A job's outcome, from what native code returns."""
    from .outcomes import JobOutcome

    user_id, job_id, result = outcome
    if isinstance(result, Failure):
        return JobOutcome(user_id, job_id, None, error_from(result))
    return JobOutcome(user_id, job_id, JobStatus(result), None)


class Plain(Settings):
    """The verbs that do not wait, alike in both clients."""

    __slots__ = ()

    def notify(self, user_id: str, job_id: str) -> None:
        """Makes running waits for this job ask now, for example when a callback came in.

        It reaches ``wait_until_complete``, ``watch_job_status`` and ``poll_many`` of this client in this process, and
        does nothing without one. What the server itself asked to wait is still waited for.

        Args:
            user_id: The user, as given when the job was submitted: 1 to 256 bytes of UTF-8 without control characters.
            job_id: The job, likewise.

        Raises:
            InvalidArgumentError: An id is not text.
        """
        value_of(self._native.notify(user_id, job_id))

    def verify_callback(
        self, body: str | bytes | bytearray | memoryview, max_age: _hints.Seconds | None = None
    ) -> _hints.Callback:
        """Reads a callback's body, checks its signature and, with ``max_age``, its age. See :class:`Callback`.

        Args:
            body: What was posted, byte for byte; text stands for its UTF-8.
            max_age: How old the signed timestamp may be, in seconds or as a timedelta: 0 to 30 days, None for no limit.
                One further than that in the future is refused too.

        Raises:
            InvalidResponseError: It is not a callback; :class:`ResponseTooLargeError`: it is too large for one.
            SignatureError: Its signature is wrong, missing or malformed; :class:`LegacySignatureError`: it is the old
                unkeyed hash.
            CallbackExpiredError: It is outside of ``max_age``, or its age cannot be told.
            InvalidArgumentError: An argument is outside of its limits.
        """
        from . import _views  # noqa: F401
        from .callback import Callback

        content: object = bytes(body) if isinstance(body, (bytearray, memoryview)) else body
        told, extras = value_of(self._native.verify_callback(content, seconds(max_age)))
        return Callback(**told, extras=plain(extras))
