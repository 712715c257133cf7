"""What the library logs, through :mod:`logging`: the logger ``smileid_jobs``, quiet by default.

Native threads never enter the interpreter. While the logger is enabled for DEBUG, native code keeps a bounded number of
events, and the thread that made a call, or its event loop, logs them when the call ends.
"""

from __future__ import annotations

import logging

from . import _native

LOGGER = logging.getLogger("smileid_jobs")
LOGGER.addHandler(logging.NullHandler())

_DEBUG = logging.DEBUG
_LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG}
_OFF, _ALL = 0, 4

_is_listening = False


def is_wanted() -> bool:
    """Whether somebody wants the events of the call that is about to start. Costs a look into the logger's cache."""
    global _is_listening
    wanted = LOGGER.isEnabledFor(_DEBUG)
    if wanted is not _is_listening:
        _is_listening = wanted
        _native.listen_to_events(_ALL if wanted else _OFF)
    return wanted


def flush() -> None:
    """Logs what has happened so far, on this thread."""
    for level, line in _native.take_events():
        LOGGER.log(_LEVELS.get(level, _DEBUG), "%s", line)
