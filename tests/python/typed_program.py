"""What a user's program may look like to a type checker; `mypy --strict` must have nothing to say."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smileid_jobs import (
    AsyncClient,
    Client,
    ImageLinks,
    JobResult,
    JobStatus,
    RateLimitError,
    RequestTimeoutError,
    Signature,
    SmileIDError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def verdict(status: JobStatus) -> str | None:
    """Reads every kind of attribute."""
    if not status.job_complete or status.result is None:
        return status.message
    result: JobResult = status.result
    params = result.partner_params
    job_type: int | None = params.job_type if params is not None else None
    confidence: float | None = result.confidence_value
    actions: Mapping[str, Any] = result.actions
    links: ImageLinks | None = status.image_links
    liveness: tuple[str, ...] = links.liveness_images if links else ()
    suspects = result.antifraud.suspect_users if result.antifraud else ()
    reasons: list[str] = [reason for user in suspects for reason in user.reasons]
    raw: bytes = status.raw
    return f"{result.result_code} {job_type} {confidence} {len(actions)} {len(liveness)} {reasons} {len(raw)}"


def ask(user_id: str, job_id: str) -> dict[str, Any]:
    """Asks with every kind of argument."""
    with Client(
        "001", "key", environment="sandbox", request_timeout=timedelta(seconds=3), ca_bundle=Path("ca")
    ) as client:
        first: JobStatus = client.get_job_status(user_id, job_id, return_history=True, timeout=None)
        try:
            return client.poll_job_status(user_id, job_id, initial_delay=0.5, max_delay=timedelta(seconds=8)).to_dict()
        except RateLimitError as error:
            wait: float | None = error.retry_after
            raise RuntimeError(f"wait {wait}") from error
        except RequestTimeoutError as error:
            phase: str | None = error.phase
            last: JobStatus | None = error.last_status
            return {"phase": phase, "last": last or first}
        except SmileIDError as error:
            code: str = error.code
            number: int = error.number
            return {"code": code, "number": number}


async def ask_many(jobs: list[tuple[str, str]]) -> list[JobStatus]:
    """Asks from asyncio."""
    async with AsyncClient.from_env(environment=0, max_connections=8) as client:
        task: asyncio.Task[JobStatus] = asyncio.create_task(client.get_job_status(*jobs[0]))
        return [await task, *await asyncio.gather(*(client.poll_job_status(*job) for job in jobs[1:]))]


def sign() -> dict[str, str]:
    """Signs."""
    signature = Signature("001", "key")
    signed = signature.generate_signature()
    confirmed: bool = signature.confirm_signature(signed.timestamp, signed.signature)
    return signed.to_dict() if confirmed else {}
