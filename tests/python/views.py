"""Outcomes as they stand in result lines."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smileid_jobs import Image, JobOutcome, JobStatus, ManyProgress, SmileIDError, StatusUpdate

Outcome = dict[str, Any]


def view(status: JobStatus) -> dict[str, Any]:
    """The typed view, read from the attributes; `to_dict` must say the same."""
    nested = (status.result, status.image_links)
    result, image_links = (None if value is None else value.to_dict() for value in nested)
    delivery = status.callback_delivery
    history = [entry.to_dict() for entry in status.history]
    seen = {name: getattr(status, name) for name in status.to_dict()}
    seen |= {"result": result, "image_links": image_links, "history": history}
    if delivery is not None:
        seen["callback_delivery"] = dataclasses.asdict(delivery)
    if seen != status.to_dict():
        raise AssertionError("the attributes and to_dict() differ")
    return seen


def error_view(error: SmileIDError) -> dict[str, Any]:
    retry_after = error.retry_after
    return {
        "code": error.code,
        "number": error.number,
        "class": type(error).__name__,
        "message": error.message,
        "argument": error.argument,
        "phase": error.phase,
        "reason": error.reason,
        "is_transient": error.is_transient,
        "http_status": error.http_status,
        "api_code": error.api_code,
        "retry_after_ms": None if retry_after is None else round(retry_after * 1000),
        "attempts": error.attempts,
        "last_status": None if error.last_status is None else view(error.last_status),
        "last_error": None if error.last_error is None else error.last_error.code,
    }


def error_outcome(error: SmileIDError) -> Outcome:
    return {"error": error_view(error)}


def update_view(update: StatusUpdate) -> dict[str, Any]:
    return {
        "attempt": update.attempt,
        "changed": update.changed,
        "job_complete": update.status.job_complete,
        "has_next": update.next_delay is not None,
    }


def job_view(outcome: JobOutcome) -> dict[str, Any]:
    return {
        "job_id": outcome.job_id,
        "status_complete": None if outcome.status is None else outcome.status.job_complete,
        "error": None if outcome.error is None else outcome.error.code,
    }


def many_outcome(outcomes: list[JobOutcome], progress: ManyProgress) -> Outcome:
    return {"outcomes": [job_view(outcome) for outcome in outcomes], "progress": dataclasses.asdict(progress)}


def image_view(image: Image) -> dict[str, Any]:
    return {
        "key": image.key,
        "content_type": image.content_type,
        "bytes": None if image.content is None else len(image.content),
        "file": None if image.path is None else image.path.name,
    }
