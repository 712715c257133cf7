"""What is logged: nothing by default, everything at DEBUG, on threads of Python's, and nothing private."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from smileid_jobs import AsyncClient, Client, SmileIDError, _native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Programs

LOGGER = logging.getLogger("smileid_jobs")


class Kept(logging.Handler):
    """Keeps lines and the threads they were logged on."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.threads: set[int | None] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.threads.add(threading.current_thread().ident)


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    yield handler
    LOGGER.removeHandler(handler)
    LOGGER.setLevel(logging.NOTSET)


def test_a_sync_call_logs_before_it_returns(client: Client, user: str, kept: Kept) -> None:
    client.poll_job_status(user, "pending-1", initial_delay=0.01)
    text = "\n".join(kept.lines)
    assert "answered" in text
    assert "waiting" in text
    assert kept.threads == {threading.get_ident()}
    with pytest.raises(SmileIDError):
        client.get_job_status(user, "unauthorized")
    assert "failed" in kept.lines[-1]


def test_asyncio_logs_on_the_loops_thread(async_client: AsyncClient, user: str, kept: Kept) -> None:
    asyncio.run(async_client.wait_until_complete(user, "pending-1", initial_delay=0.01))
    assert any("answered" in line for line in kept.lines)
    assert kept.threads == {threading.get_ident()}


def test_nothing_is_kept_while_nobody_listens(client: Client, user: str) -> None:
    client.get_job_status(user, "complete")
    assert _native.take_events() == []


def test_few_events_wait(client: Client, user: str, kept: Kept) -> None:
    """Natively, so that nobody takes them."""
    client.get_job_status(user, "complete")
    for _ in range(1100):
        client._native.get_job_status(False, (user, "complete", False, False, 5.0, False, None))
    assert len(_native.take_events()) == 1000


def test_no_line_has_a_secret(client: Client, async_client: AsyncClient, sandbox: Any, user: str, kept: Kept) -> None:
    jobs = ["complete", "images", "flaky-503-1", "bad-signature", "legacy-complete", "unauthorized", "not-json"]
    options: dict[str, Any] = {"initial_delay": 0.01, "timeout": 2.0, "return_image_links": True}
    pairs = [(user, job) for job in jobs]
    secrets = {sandbox.api_key, user, "/images/", "http"}
    for outcome in client.poll_many(pairs, **options):
        if outcome.status is not None:
            secrets |= {outcome.status.signature, outcome.status.timestamp}
    for _, job in pairs:
        try:
            list(client.watch_job_status(user, job, **options))
            client.download_images(client.get_job_status(user, job, return_image_links=True))
            step = client.poll_step(user, "never", **options)
            secrets |= {step.token or user}
        except SmileIDError:
            pass

    async def main() -> None:
        async for _ in async_client.poll_many(pairs, **options):
            pass

    asyncio.run(main())
    assert len(kept.lines) > 20
    found = [line for line in kept.lines for secret in secrets if secret in line.replace("http_status", "")]
    assert found == []


def test_a_program_that_configures_nothing_prints_nothing(programs: Programs) -> None:
    assert programs.run(
        """
        import logging
        client().get_job_status("user-log", "complete")
        logging.basicConfig(level=logging.INFO)
        client().get_job_status("user-log", "complete")
        """
    ) == (0, "", "")
