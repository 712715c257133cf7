"""What is logged: nothing by default, everything at DEBUG, on threads of Python's, and nothing private."""

from __future__ import annotations

import asyncio
import logging
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from conftest import REPOSITORY, wait_until

import bare_machine
from callback_bodies import Account, callback_body
from smileid_jobs import AsyncClient, Client, SmileIDError, _logging, _native

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


@pytest.mark.parametrize("is_async", [False, True])
def test_an_outcome_that_nobody_waits_for_is_logged(
    client: Client, async_client: AsyncClient, sandbox: Any, user: str, kept: Kept, is_async: bool
) -> None:
    """Otherwise only so many lines are kept, and the oldest ones go."""
    jobs = [(user, "slow-300ms"), (user, "complete"), (user, "never")]

    def is_answered() -> bool:
        log = sandbox.log(user, "slow-300ms")
        return log.requests > 0 and log.none_open

    def forget() -> None:
        wait_until(is_answered)
        time.sleep(0.1)
        kept.lines.clear()

    async def main() -> None:
        stream = async_client.poll_many(jobs)
        await stream.__anext__()
        forget()
        await stream.__anext__()

    if is_async:
        asyncio.run(main())
    else:
        outcomes = client.poll_many(jobs)
        next(outcomes)
        forget()
        next(outcomes)
    assert any("answered" in line for line in kept.lines)


def test_nothing_is_kept_while_nobody_listens(client: Client, user: str) -> None:
    client.get_job_status(user, "complete")
    assert _native.take_events() == []


def test_few_events_wait(client: Client, user: str, kept: Kept) -> None:
    """Natively, so that nobody takes them."""
    client.get_job_status(user, "complete")
    for _ in range(1100):
        client._native.get_job_status(False, (user, "complete", False, False, 5.0, False, None))
    assert len(_native.take_events()) == 1000


JOBS = ["complete", "images", "flaky-503-1", "bad-signature", "legacy-complete", "unauthorized", "not-json", "reset"]


def test_no_line_has_a_secret(
    client: Client, async_client: AsyncClient, sandbox: Any, user: str, kept: Kept, tmp_path: Path
) -> None:
    """Over every verb of both clients, however it ends."""
    secrets = {sandbox.api_key, user, str(tmp_path), "/images/", "/receive/", "http:"}
    paced: dict[str, Any] = {"initial_delay": 0.001, "timeout": 2.0, "retry_count": 1, "return_image_links": True}
    told = {**paced, "callback_url": f"{sandbox.url}/receive/flaky-500-1/{user}"}
    once = {"return_image_links": True, "callback_url": told["callback_url"]}

    def learn(found: Any) -> None:
        for status in found if isinstance(found, list) else [found]:
            secrets.update({status.signature, status.timestamp})
            if status.image_links is not None:
                secrets.update({status.image_links.selfie_image, *status.image_links.liveness_images})

    def sync_calls(job: str) -> list[Any]:
        return [
            lambda: learn(client.get_job_status(user, job, **once)),
            lambda: learn(client.poll_job_status(user, job, **told)),
            lambda: learn(client.wait_until_complete(user, job, **told)),
            lambda: learn([update.status for update in client.watch_job_status(user, job, **told)]),
            lambda: secrets.add(client.poll_step(user, job, **told).token or user),
            lambda: client.poll_step(user, "complete", token=client.poll_step(user, "never", **paced).token),
            lambda: client.download_images(client.get_job_status(user, job, return_image_links=True)),
            lambda: client.download_images(
                client.get_job_status(user, "images", return_image_links=True), directory=tmp_path
            ),
            lambda: client.notify(user, job),
        ]

    async def async_calls(job: str) -> None:
        verbs = async_client

        async def watched() -> list[Any]:
            return [update.status async for update in verbs.watch_job_status(user, job, **told)]

        calls: list[Any] = [
            lambda: verbs.get_job_status(user, job, **once),
            lambda: verbs.poll_job_status(user, job, **told),
            lambda: verbs.wait_until_complete(user, job, **told),
            watched,
        ]
        for call in calls:
            try:
                learn(await call())
            except SmileIDError as error:
                refused.append(error)
        try:
            await verbs.poll_step(user, job, **told)
            status = await verbs.get_job_status(user, job, return_image_links=True)
            await verbs.download_images(status, directory=tmp_path)
        except SmileIDError as error:
            refused.append(error)

    async def all_async() -> None:
        for job in JOBS:
            await async_calls(job)
        async for outcome in async_client.poll_many(pairs, **paced):
            assert outcome.job_id in JOBS

    refused: list[SmileIDError] = []
    pairs = [(user, job) for job in JOBS]
    for job in JOBS:
        for call in sync_calls(job):
            try:
                call()
            except SmileIDError as error:
                refused.append(error)
    for outcome in client.poll_many(pairs, **paced):
        if outcome.status is not None:
            learn(outcome.status)
    asyncio.run(all_async())
    body = callback_body({"body": {"FullName": user}}, Account(sandbox.partner_id, sandbox.api_key), {})
    callback = client.verify_callback(body)
    learn([callback])
    with pytest.raises(SmileIDError):
        async_client.verify_callback(body.replace(callback.signature[:4], "AAAA"))
    assert {"image_refused", "io", "authentication", "token_mismatch"} & {error.code for error in refused}
    assert {line.split(" ")[0] for line in kept.lines} >= {"answered", "failed", "retrying", "waiting", "delivered"}
    found = [line for line in kept.lines for secret in secrets if secret and secret in line]
    assert found == []


LEVELS = [(logging.DEBUG, 4), (logging.INFO, 3), (logging.WARNING, 2), (logging.ERROR, 1), (logging.CRITICAL, 0)]


@pytest.mark.parametrize(("level", "native"), [(5, 4), *LEVELS, (logging.WARNING + 1, 1)])
def test_native_code_keeps_what_the_logger_is_enabled_for(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, level: int, native: int
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(_logging, "listening", -1)
    monkeypatch.setattr(_native, "listen_to_events", seen.append)
    LOGGER.setLevel(level)
    assert _logging.is_wanted() is (native > 0)
    assert _logging.is_wanted() is (native > 0)
    assert seen == [native], "a change is told once"
    logging.disable(logging.CRITICAL)
    try:
        assert not _logging.is_wanted()
    finally:
        logging.disable(logging.NOTSET)
    assert seen == ([native, 0] if native else [0])


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_what_a_call_does_is_not_made_above_debug(client: Client, user: str, kept: Kept, level: int) -> None:
    LOGGER.setLevel(level)
    client.get_job_status(user, "complete")
    native = client._native
    native.get_job_status(False, (user, "complete", False, False, 5.0, False, None))
    assert _native.take_events() == []
    assert kept.lines == []


@pytest.mark.parametrize("kind", ["Client", "AsyncClient"])
@pytest.mark.parametrize(
    ("configure", "is_told"),
    [
        ("logging.basicConfig(format=FORMAT)", True),
        ("logging.basicConfig(format=FORMAT, level='DEBUG')", True),
        ("logging.basicConfig(format=FORMAT); logging.getLogger('smileid_jobs').setLevel('ERROR')", False),
        ("logging.basicConfig(format=FORMAT); logging.disable(logging.WARNING)", False),
        ("", False),
    ],
)
def test_a_warning_reaches_whoever_wants_warnings(kind: str, configure: str, is_told: bool) -> None:
    """Without CA certificates, making a client warns. Only a program that configures nothing hears nothing."""
    program = f"""
        import logging
        FORMAT = "%(levelname)s %(name)s: %(message)s"
        {configure}
        from smileid_jobs import {kind}
        for _ in range(2):
            {kind}("001", "key", environment="sandbox")
        """
    status, output, errors = bare_machine.run(sys.executable, "-c", textwrap.dedent(program), HOME=str(REPOSITORY))
    assert (status, output) == (0, "")
    assert errors == (f"WARNING smileid_jobs: {bare_machine.WARNING}\n" if is_told else "")


def test_a_program_that_configures_nothing_prints_nothing(programs: Programs) -> None:
    assert programs.run(
        """
        import logging
        client().get_job_status("user-log", "complete")
        logging.basicConfig(level=logging.INFO)
        client().get_job_status("user-log", "complete")
        """
    ) == (0, "", "")
