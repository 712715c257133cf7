"""Exceptions from the failures that native code returns.

Native code never runs Python code, so it cannot raise our classes: it returns a ``Failure`` with their fields.
"""

from __future__ import annotations

from . import _native
from .status import JobStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import TypeVar

    from .errors import Cause, JSONCause, SmileIDError

    _T = TypeVar("_T")

_errors: ModuleType | None = None


def load_errors() -> ModuleType:
    """Loads the exceptions: with the first client, for a call that fails when the interpreter ends could load no more.

    To make so many classes costs more than anything else that an import does.
    """
    global _errors
    if _errors is None:
        # Through the package, whose attributes all of them are from then on.
        from . import SmileIDError, errors  # noqa: F401

        _errors = errors
    return _errors


def value_of(outcome: _T | _native.Failure) -> _T:
    """The value, or an exception in its place."""
    if isinstance(outcome, _native.Failure):
        raise error_from(outcome)
    return outcome


def error_from(failure: _native.Failure) -> SmileIDError:
    """The exception for a failure, with everything it knows."""
    error: SmileIDError = load_errors().CLASSES[failure.code](failure.message, **failure.fields())
    if failure.last_status is not None:
        error.last_status = JobStatus(failure.last_status)
    if failure.last_error is not None:
        error.last_error = error_from(failure.last_error)
    cause = _cause_from(failure)
    if cause is not None:  # to set none as well would hide what was being handled
        error.__cause__ = cause
    return error


def _cause_from(failure: _native.Failure) -> Cause | None:
    if failure.cause is None:
        return None
    description, json = failure.cause
    errors = load_errors()
    if json is None:
        return errors.Cause(description)  # type: ignore[no-any-return]
    cause: JSONCause = errors.JSONCause(description)
    cause.category, cause.line, cause.column = json
    return cause
