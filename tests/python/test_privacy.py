"""Nothing private is printed: not in tracebacks, logs, warnings or reprs, not even when the library has a bug."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox_client import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

from conftest import Programs


@pytest.fixture(scope="module")
def marked_sandbox() -> Iterator[Sandbox]:
    with Sandbox.start(api_key="CANARY-key") as sandbox:
        yield sandbox


@pytest.fixture
def marked(marked_sandbox: Sandbox, tmp_path: Path) -> Programs:
    return Programs(marked_sandbox, tmp_path)


# The marked texts come from outside, because a traceback shows the program's own lines.
PROGRAM = """
    import logging, traceback, warnings
    logging.basicConfig(level=1)
    warnings.simplefilter("always")
    user, job = os.environ["USER_ID"], os.environ["JOB"]
    c, a = client(max_retries=0), async_client(max_retries=0)
    print(c, a, [c, a])
    signature = smileid_jobs.Signature("001", os.environ["SMILEID_API_KEY"])
    print(signature, signature.generate_signature())
    options = {"return_history": True, "return_image_links": True}
    try:
        status = c.poll_job_status(user, job, retry_count=1, initial_delay=0.01, **options)
        print(status, status.result, status.history, status.image_links, [status])
    except smileid_jobs.SmileIDError as error:
        print(repr(error), str(error), error.args, [error], error.last_status, error.last_error, repr(error.__cause__))
        traceback.print_exc()
        logging.exception("it failed")

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_debug(True)
        lost = [asyncio.ensure_future(a.get_job_status(user, job, **options)) for _ in range(2)]
        print(lost)
        await asyncio.wait(lost)
        print(lost)

    asyncio.run(main())
    c.get_job_status(user, job, **options)
    raise RuntimeError("the end")
"""
JOBS = [
    "images",
    "bad-signature",
    "legacy-complete",
    "wrong-user",
    "bad-request",
    "unauthorized",
    "not-json",
    "html-502",
]


@pytest.mark.parametrize("job", [*JOBS, "CANARY-unknown", "truncated", "reset"])
def test_nothing_private_is_printed(marked: Programs, job: str) -> None:
    status, output, errors = marked.run(PROGRAM, USER_ID="user-CANARY", JOB=job, PYTHONASYNCIODEBUG="1")
    assert status == 1
    assert "Traceback" in errors
    assert "CANARY" not in output
    assert "CANARY" not in errors
    assert "/images/" not in output + errors


@pytest.mark.parametrize("name", ["partner_id", "api_key", "environment", "base_url", "proxy", "ca_bundle"])
def test_refused_settings_are_not_shown(marked: Programs, name: str) -> None:
    program = 'Client.from_env(**{os.environ["NAME"]: os.environ["VALUE"] + chr(10)})'
    status, output, errors = marked.run(program, NAME=name, VALUE="ftp://user:CANARY@host/?CANARY")
    assert (status, output) == (1, "")
    assert f"InvalidArgumentError: {name}: " in errors
    assert "CANARY" not in errors


@pytest.mark.parametrize("name", ["user_id", "job_id"])
def test_refused_ids_are_not_shown(marked: Programs, name: str) -> None:
    program = """
        ids = {"user_id": "u", "job_id": "j", os.environ["NAME"]: os.environ["VALUE"] + chr(10)}
        client().get_job_status(**ids)
    """
    status, output, errors = marked.run(program, NAME=name, VALUE="CANARY")
    assert (status, output) == (1, "")
    assert f"InvalidArgumentError: {name}: expected" in errors
    assert "CANARY" not in errors
