"""Nothing private is printed: not in tracebacks, logs, warnings or reprs, not even when the library has a bug."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import smileid_jobs
from sandbox_client import Sandbox
from smileid_jobs import AsyncClient, Client, Signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

from conftest import Programs

PACKAGE = str(Path(smileid_jobs.__file__).parent)


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


class OwnClient(Client):
    """As programs make them: it passes on what it is given."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)


class OwnAsyncClient(AsyncClient):
    def __init__(self, partner_id: str | None, api_key: str | None, **more: Any) -> None:
        super().__init__(partner_id, api_key, **more)  # type: ignore[arg-type]


class PickyClient(Client):
    def __init__(self, partner_id: str, api_key: str) -> None:
        super().__init__(partner_id, api_key, environment="sandbox")


class BadPath:
    def __fspath__(self) -> str:
        raise OSError("no such path")


CLIENTS = (Client, AsyncClient, OwnClient, OwnAsyncClient)
KEY = "CANARY-key"
REFUSED: list[dict[str, Any]] = [
    {"environment": "CANARY"},
    {"base_url": "ftp://user:CANARY@host"},
    {"proxy": "http://user:CANARY@host:port"},
    {"ca_bundle": "CANARY.pem"},
    {"ca_bundle": BadPath()},
    {"environment": "sandbox", "max_retries": -1},
]
FAILING: dict[str, Callable[[], object]] = {
    **{
        f"{cls.__name__}-{'-'.join(more)}-{number}": lambda cls=cls, more=more: cls("001", KEY, **more)
        for cls in CLIENTS
        for number, more in enumerate(REFUSED)
    },
    **{
        f"{cls.__name__}.from_env-{'-'.join(more)}-{number}": lambda cls=cls, more=more: cls.from_env(
            partner_id="001", api_key=KEY, **more
        )
        for cls in CLIENTS
        for number, more in enumerate(REFUSED)
    },
    "swapped": lambda: Client("CANARY " * 20, "001", environment="sandbox"),
    "swapped, from_env": lambda: Client.from_env(partner_id="CANARY " * 20, api_key="001", environment="sandbox"),
    "a constructor that takes less": lambda: PickyClient.from_env(partner_id="001", api_key=KEY),
    "Signature": lambda: Signature("0\x01", KEY),
    "Signature, swapped": lambda: Signature("CANARY " * 20, "001"),
}


@pytest.mark.parametrize("make", FAILING.values(), ids=list(FAILING))
def test_tracebacks_with_variables_show_no_key(make: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILEID_API_KEY", "CANARY-env")
    with pytest.raises(Exception) as caught:  # noqa: PT011
        make()
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    ours = [frame for frame in frames if frame.f_code.co_filename.startswith(PACKAGE)]
    assert ours
    for frame in ours:
        assert "CANARY" not in repr(frame.f_locals), frame.f_code
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    of_ours = [summary for summary in shown if summary.filename.startswith(PACKAGE)]
    assert len(of_ours) == len(ours)
    variables = [text for summary in of_ours for text in (summary.locals or {}).values()]
    assert not [text for text in variables if "CANARY" in text or "repr() failed" in text]


@pytest.mark.parametrize("cls", [*CLIENTS, Signature])
def test_what_is_half_made_shows_its_class(cls: type[object]) -> None:
    made = cls.__new__(cls)
    assert repr(made) == f"{cls.__name__}()"
    with pytest.raises(smileid_jobs.InvalidArgumentError):
        made.__init__("\n", KEY)  # type: ignore[misc]
    assert repr(made) == f"{cls.__name__}()"
