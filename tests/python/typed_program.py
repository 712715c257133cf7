"""What a user's program may look like to a type checker; `mypy --strict` must have nothing to say."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smileid_jobs import (
    AsyncClient,
    Callback,
    Client,
    Image,
    ImageLinks,
    JobOutcome,
    JobResult,
    JobStatus,
    RateLimitError,
    RequestTimeoutError,
    Signature,
    SmileIDError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping

    # A name that is not there is an error: without one, this comment would be.
    from smileid_jobs import Cleint as Cleint  # type: ignore[attr-defined]


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


def wait(client: Client, jobs: Iterable[tuple[str, str]]) -> list[str]:
    """Waits in every way."""
    codes: list[str] = []
    for update in client.watch_job_status("user", "job", retry_count=2):
        elapsed: float = update.elapsed
        codes.append(f"{elapsed} {update.status.code}")
    with client.poll_many(jobs, rate_limit=5, on_progress=lambda progress: progress.waiting) as outcomes:
        codes += [outcome.error.code for outcome in outcomes if outcome.error is not None]
    step = client.poll_step("user", "job")
    status: JobStatus = client.wait_until_complete("user", "job", token=step.token)
    images: list[Image] = client.download_images(status, directory=Path("images"), allowed_hosts={"host"})
    callback: Callback = client.verify_callback(b"{}", max_age=timedelta(minutes=5))
    told: str | None = callback.message or callback.code or callback.kyb_receipt
    others: Mapping[str, Any] = callback.extras
    return [*codes, *(image.key for image in images), callback.timestamp, f"{told} {len(others)}"]


async def wait_async(client: AsyncClient, jobs: AsyncIterable[tuple[str, str]]) -> list[str]:
    """Waits in every way from asyncio."""
    async with client.watch_job_status("user", "job") as updates:
        codes = [update.status.code or "" async for update in updates]
    outcomes: list[JobOutcome] = [outcome async for outcome in client.poll_many(jobs)]
    return [*codes, *(outcome.job_id for outcome in outcomes)]


def sign() -> dict[str, str]:
    """Signs."""
    signature = Signature("001", "key")
    signed = signature.generate_signature()
    confirmed: bool = signature.confirm_signature(signed.timestamp, signed.signature)
    return signed.to_dict() if confirmed else {}
