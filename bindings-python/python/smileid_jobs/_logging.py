"""What the library logs, through :mod:`logging`: the logger ``smileid_jobs``, quiet by default.

Native threads never enter the interpreter. Native code keeps a bounded number of events, of the levels that the logger
is enabled for, and the thread that made a client or a call, or its event loop, logs them when that is done.
"""

from __future__ import annotations

import logging

from . import _native

LOGGER = logging.getLogger("smileid_jobs")
LOGGER.addHandler(logging.NullHandler())

_DEBUG, _INFO, _WARNING, _ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR
_LEVELS = {1: _ERROR, 2: _WARNING, 3: _INFO, 4: _DEBUG}

_listening = 0


def is_wanted() -> bool:
    """Whether somebody wants the events of what is about to start. Costs two looks into the logger's cache."""
    global _listening
    is_enabled = LOGGER.isEnabledFor
    if is_enabled(_INFO):
        level = 4 if is_enabled(_DEBUG) else 3
    else:
        level = 2 if is_enabled(_WARNING) else int(is_enabled(_ERROR))
    if level != _listening:
        _listening = level
        _native.listen_to_events(level)
    return level > 0


def flush() -> None:
    """Logs what has happened so far, on this thread."""
    for level, line in _native.take_events():
        LOGGER.log(_LEVELS.get(level, _DEBUG), "%s", line)
