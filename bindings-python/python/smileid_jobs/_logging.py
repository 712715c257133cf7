"""What the library logs, through :mod:`logging`: the logger ``smileid_jobs``, quiet by default.

Native threads never enter the interpreter. Native code keeps a bounded number of events, of the levels that the logger
is enabled for, and the thread that made a client or a call, or its event loop, logs them when that is done.
"""

from __future__ import annotations

import sys

from . import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging

# The levels of `logging`, which never change. The module itself is not imported for those who do not use it.
_DEBUG, _INFO, _WARNING, _ERROR = 10, 20, 30, 40
_LEVELS = {1: _ERROR, 2: _WARNING, 3: _INFO, 4: _DEBUG}

_logger: logging.Logger | None = None
listening = 0
"""Up to which level native code keeps events, since somebody last asked whether any are wanted."""


def _attach() -> logging.Logger:
    global _logger
    import logging

    logger = logging.getLogger("smileid_jobs")
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        logger.addHandler(logging.NullHandler())
    _logger = logger
    return logger


if "logging" in sys.modules:
    _attach()


def is_wanted() -> bool:
    """Whether somebody wants the events of what is about to start. Costs two looks into the logger's cache."""
    global listening
    logger = _logger
    if logger is None:
        if "logging" not in sys.modules:
            return False  # nobody can have asked for it
        logger = _attach()
    is_enabled = logger.isEnabledFor
    if is_enabled(_INFO):
        level = 4 if is_enabled(_DEBUG) else 3
    else:
        level = 2 if is_enabled(_WARNING) else int(is_enabled(_ERROR))
    if level != listening:
        listening = level
        _native.listen_to_events(level)
    return level > 0


def flush() -> None:
    """Logs what has happened so far, on this thread."""
    logger = _logger or _attach()
    for level, line in _native.take_events():
        logger.log(_LEVELS.get(level, _DEBUG), "%s", line)
