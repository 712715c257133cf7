"""Exceptions from the failures that native code returns.

Native code never runs Python code, so it cannot raise our classes: it returns a ``Failure`` with their fields.
"""

from __future__ import annotations

from . import _native, errors
from .status import JobStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _T = TypeVar("_T")

CLASSES = {
    error.code: error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, errors.SmileIDError) and error.code
}


def value_of(outcome: _T | _native.Failure) -> _T:
    """The value, or an exception in its place."""
    if isinstance(outcome, _native.Failure):
        raise error_from(outcome)
    return outcome


def error_from(failure: _native.Failure) -> errors.SmileIDError:
    """The exception for a failure, with everything it knows."""
    error = CLASSES[failure.code](failure.message, **failure.fields())
    if failure.last_status is not None:
        error.last_status = JobStatus(failure.last_status)
    if failure.last_error is not None:
        error.last_error = error_from(failure.last_error)
    error.__cause__ = _cause_from(failure)
    return error


def _cause_from(failure: _native.Failure) -> errors.Cause | None:
    if failure.cause is None:
        return None
    description, json = failure.cause
    if json is None:
        return errors.Cause(description)
    cause = errors.JSONCause(description)
    cause.category, cause.line, cause.column = json
    return cause
