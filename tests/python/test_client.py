"""The blocking client: settings, context manager, threads, durations."""

from __future__ import annotations

import asyncio
import copy
import pickle
import sys
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

import smileid_jobs
from smileid_jobs import AsyncClient, Client, ClientClosedError, InvalidArgumentError, RequestTimeoutError, Signature

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from sandbox_client import Sandbox


@pytest.mark.parametrize("cls", [Client, AsyncClient])
def test_repr_shows_partner_and_server(cls: type[Client], sandbox: Sandbox) -> None:
    client = cls("007", "CANARY-key", base_url=f"{sandbox.url}/CANARY-prefix")
    assert repr(client) == f"{cls.__name__}(partner_id='007', server='{sandbox.url.rstrip('/')}')"
    assert repr(Signature("007", "CANARY-key")) == "Signature(partner_id='007')"
    assert repr(cls("007", "k", environment=0)).endswith("server='https://testapi.smileidentity.com')")


def test_what_holds_a_key_refuses_to_be_pickled(settings: dict[str, Any]) -> None:
    for holder in (Client(**settings), AsyncClient(**settings), Signature("001", "key")):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="it holds an API key"):
                attempt(holder)


def test_a_context_manager_closes(settings: dict[str, Any], user: str) -> None:
    with Client(**settings) as client:
        assert not client.is_closed
        assert client.get_job_status(user, "complete").job_complete
    assert client.is_closed
    client.close()
    with pytest.raises(ClientClosedError):
        client.get_job_status(user, "complete")


def test_from_env(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    for name in ("PARTNER_ID", "API_KEY", "ENVIRONMENT", "BASE_URL"):
        monkeypatch.delenv(f"SMILEID_{name}", raising=False)
    for name, missing in (("PARTNER_ID", "partner_id"), ("API_KEY", "api_key"), ("BASE_URL", "environment")):
        with pytest.raises(InvalidArgumentError) as caught:
            Client.from_env()
        assert caught.value.argument == missing
        monkeypatch.setenv(f"SMILEID_{name}", settings[name.lower()])
    with Client.from_env() as client:
        assert client.get_job_status(user, "complete").job_complete
    monkeypatch.setenv("SMILEID_BASE_URL", "http://127.0.0.1:9")
    with Client.from_env(base_url=settings["base_url"], request_timeout=timedelta(seconds=5)) as client:
        assert client.get_job_status(user, "complete").job_complete
    with pytest.raises(InvalidArgumentError, match="max_retries"):
        AsyncClient.from_env(max_retries=-1)


def test_from_env_makes_subclasses_with_their_own_constructors(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    class Own(Client):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            with pytest.raises(InvalidArgumentError):
                Client(None, None)  # type: ignore[arg-type]
            super().__init__(*arguments, **more)
            self.is_made = True

    monkeypatch.setenv("SMILEID_PARTNER_ID", settings["partner_id"])
    monkeypatch.setenv("SMILEID_API_KEY", settings["api_key"])
    with Own.from_env(base_url=settings["base_url"]) as client:
        assert client.is_made
        assert client.get_job_status(user, "complete").job_complete
    with pytest.raises(InvalidArgumentError):
        Own(None, None)


def test_the_environment_counts_for_from_env_only(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILEID_BASE_URL", settings["base_url"])
    with pytest.raises(InvalidArgumentError) as caught:
        Client("001", "key")
    assert caught.value.argument == "environment"


@pytest.mark.parametrize("timeout", [0.1, timedelta(milliseconds=100)], ids=["float", "timedelta"])
def test_durations_are_seconds_or_timedeltas(client: Client, user: str, timeout: Any) -> None:
    start = time.monotonic()
    with pytest.raises(RequestTimeoutError):
        client.get_job_status(user, "stall", timeout=timeout)
    assert 0.09 < time.monotonic() - start < 0.5


@pytest.mark.parametrize("delay", [timedelta(milliseconds=-1), timedelta(hours=2), timedelta(0), 10**400, 1j, "2"])
def test_other_durations_are_refused(client: Client, user: str, delay: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="^initial_delay: expected a duration of 1 ms to 1 h$"):
        client.poll_job_status(user, "complete", initial_delay=delay)


def test_a_default_cap_gives_way_and_a_given_one_does_not(client: Client, user: str) -> None:
    assert client.poll_job_status(user, "complete", initial_delay=40).job_complete
    for cap in (30.0, 30, timedelta(seconds=30)):
        with pytest.raises(InvalidArgumentError) as caught:
            client.poll_job_status(user, "complete", initial_delay=40, max_delay=cap)
        assert caught.value.argument == "initial_delay"


def test_an_int_is_a_duration_and_a_whole_float_a_count(client: Client, user: str) -> None:
    assert client.get_job_status(user, "complete", timeout=5).job_complete
    assert client.poll_job_status(user, "complete", retry_count=0.0, initial_delay=1).job_complete  # type: ignore[arg-type]


def test_text_may_be_of_a_subclass(client: Client, user: str) -> None:
    class UserId(str):
        __slots__ = ()

    status = client.get_job_status(UserId(user), "complete")
    assert type(status.user_id) is str


def test_unknown_arguments_are_refused(client: Client, user: str) -> None:
    for unknown in ("token", "retries"):
        with pytest.raises(TypeError, match=unknown):
            client.get_job_status(user, "complete", **{unknown: True})


def test_a_ca_bundle_is_any_path(tmp_path: Path, sandbox: Sandbox) -> None:
    for path in (tmp_path / "missing.pem", str(tmp_path), b"bytes", 5):
        with pytest.raises(InvalidArgumentError) as caught:
            Client("001", "key", base_url="https://smile.example", ca_bundle=path)  # type: ignore[arg-type]
        assert caught.value.argument == "ca_bundle"


def test_a_tracer_changes_nothing(settings: dict[str, Any], user: str, tmp_path: Path) -> None:
    """Until Python 3.12, a look at a frame's variables writes the dict anew that its `locals()` had made."""

    def trace(frame: FrameType | None, event: str, _: Any) -> Any:
        while frame is not None:
            assert frame.f_locals is not None
            frame = frame.f_back
        return trace

    second = timedelta(seconds=1)
    told: dict[str, Any] = {"timeout": 5 * second, "initial_delay": second, "max_delay": second}

    async def ask(client: AsyncClient) -> None:
        assert (await client.poll_job_status(user, "complete", **told)).job_complete
        assert (await client.poll_step(user, "complete", **told)).finished
        assert [outcome.error async for outcome in client.poll_many([(user, "complete")], **told)] == [None]

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with Client(**settings, request_timeout=second, connect_timeout=second) as client:
            assert client.poll_job_status(user, "complete", **told).job_complete
            assert [outcome.error for outcome in client.poll_many([(user, "complete")], **told)] == [None]
            status = client.get_job_status(user, "images", return_image_links=True)
            images = client.download_images(status, directory=tmp_path, timeout=5 * second)
        assert {image.path.parent for image in images if image.path} == {tmp_path}
        asyncio.run(ask(AsyncClient.from_env(**settings, request_timeout=second)))
    finally:
        sys.settrace(before)


def test_one_client_serves_many_threads(client: Client, sandbox: Sandbox, user: str) -> None:
    answered: list[str] = []

    def ask(number: int) -> None:
        for turn in range(10):
            answered.append(client.get_job_status(f"{user}-{number}-{turn}", "complete").user_id)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answered) == sorted(f"{user}-{number}-{turn}" for number in range(16) for turn in range(10))


def test_requests_say_who_sends_them(client: Client, sandbox: Sandbox, user: str) -> None:
    client.get_job_status(user, "complete")
    headers = sandbox.log(user, "complete").entries[0]["headers"]
    assert headers["user-agent"] == f"smileid-jobs/{smileid_jobs.__version__} (python)"
