"""Exceptions: the shared table in both directions, attributes, causes, pickles."""

from __future__ import annotations

import asyncio
import builtins
import copy
import inspect
import json
import pickle
from typing import Any

import pytest
from conftest import REPOSITORY

import smileid_jobs
from smileid_jobs import (
    APIError,
    AsyncClient,
    AuthenticationError,
    Cause,
    Client,
    ConnectError,
    InvalidArgumentError,
    InvalidResponseError,
    JobStatus,
    JSONCause,
    NetworkError,
    RequestTimeoutError,
    ServerError,
    SignatureError,
    SmileIDError,
    TLSError,
    errors,
)
from smileid_jobs.errors import CLASSES

TABLE = json.loads((REPOSITORY / "tests" / "vectors" / "errors.json").read_text(encoding="utf-8"))
OWN = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, SmileIDError) and value.__module__ == "smileid_jobs.errors"
}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["code"])
def test_every_row_has_its_class(row: dict[str, Any]) -> None:
    error = OWN[row["class"]]
    bases = [OWN[row["base"]], *(getattr(builtins, name) for name in row["python_bases"])]
    assert (error.code, error.number) == (row["code"], row["number"])
    assert list(error.__bases__) == bases or error is SmileIDError
    assert CLASSES[row["code"]] is error
    assert getattr(smileid_jobs, row["class"]) is error


def test_every_class_has_its_row() -> None:
    rows = {row["class"] for row in TABLE} | {row["base"] for row in TABLE}
    assert set(OWN) == rows
    assert len(CLASSES) == len(TABLE)
    assert {*OWN, "Cause", "JSONCause"} == set(errors.__all__) <= set(smileid_jobs.__all__)


def test_what_an_argument_error_knows(client: Client) -> None:
    with pytest.raises(InvalidArgumentError, match="^retry_count: expected a whole number from 0 to 1000$") as caught:
        client.poll_job_status("u", "j", retry_count=-1)
    error = caught.value
    assert isinstance(error, ValueError)
    assert isinstance(error, TypeError)
    assert (error.code, error.number, error.argument) == ("invalid_argument", 1001, "retry_count")
    assert error.attempts is None
    assert error.message == str(error)


def test_what_a_failed_poll_knows(client: Client, sandbox: Any, user: str) -> None:
    answers = [{"pending": True}, {"status": 503}, {"status": 400, "body_text": '{"error":"no","code":"2213"}'}]
    sandbox.post_story(user, "job", answers)
    once = Client(sandbox.partner_id, sandbox.api_key, base_url=sandbox.url, max_retries=0)
    with once, pytest.raises(APIError) as caught:
        once.poll_job_status(user, "job", initial_delay=0.002)
    error = caught.value
    assert (error.code, error.http_status, error.api_code, error.attempts) == ("rejected", 400, "2213", 3)
    assert (error.user_id, error.job_id) == (user, "job")
    assert error.last_status is not None
    assert not error.last_status.job_complete
    assert isinstance(error.last_error, ServerError)
    assert error.last_error.http_status == 503
    assert (error.is_transient, error.last_error.is_transient) == (False, True)
    assert error.raw == b'{"error":"no","code":"2213"}'
    assert error.elapsed is not None
    assert 0.006 <= error.elapsed < 5


STATUSES = {400: False, 401: False, 429: True, 500: True, 501: False, 503: True}


@pytest.mark.parametrize(("status", "is_transient"), STATUSES.items())
def test_whether_asking_again_may_help(
    settings: dict[str, Any], sandbox: Any, user: str, status: int, is_transient: bool
) -> None:
    sandbox.post_story(user, "job", [{"status": status}] * 3)

    async def ask() -> JobStatus:
        return await AsyncClient(**settings, max_retries=0).get_job_status(user, "job")

    with Client(**settings, max_retries=0) as client:
        with pytest.raises(APIError) as caught:
            client.get_job_status(user, "job")
        with pytest.raises(APIError) as asynchronous:
            asyncio.run(ask())
        outcome = next(client.poll_many([(user, "job")], retry_count=0))
    assert outcome.error is not None
    # A wait that is used up says so, and what its last attempt came to.
    last = outcome.error.last_error if is_transient else outcome.error
    assert outcome.error.is_transient is False
    for error in (caught.value, asynchronous.value, last):
        assert isinstance(error, APIError)
        assert error.http_status == status
        for same in (error, copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
            assert same.is_transient is is_transient
            assert "transient" not in f"{same!r} {same}"
        with pytest.raises(AttributeError):
            error.is_transient = True  # type: ignore[misc]


def test_whether_asking_again_may_help_without_an_answer(client: Client, user: str) -> None:
    with pytest.raises(RequestTimeoutError) as late:
        client.get_job_status(user, "stall", timeout=0.05)
    nobody = Client("001", "k", base_url="http://127.0.0.1:9", max_retries=0)
    with nobody, pytest.raises(ConnectError) as refused:
        nobody.get_job_status(user, "complete")
    with pytest.raises(InvalidArgumentError) as wrong:
        client.get_job_status(user, "complete", timeout=-1)
    with pytest.raises(SignatureError) as forged:
        client.get_job_status(user, "bad-signature")
    assert (late.value.is_transient, refused.value.is_transient) == (True, True)
    assert (wrong.value.is_transient, forged.value.is_transient) == (False, False)
    assert (ServerError("why").is_transient, ServerError("why", is_transient=True).is_transient) == (False, True)


def test_a_timeout_is_pythons_own_too(client: Client, user: str) -> None:
    with pytest.raises(TimeoutError) as caught:
        client.get_job_status(user, "stall", timeout=0.05)
    assert isinstance(caught.value, RequestTimeoutError)
    assert isinstance(caught.value, NetworkError)
    assert caught.value.phase == "overall"
    assert str(caught.value) == "the call's timeout ended; raise timeout or ask again later"


def test_causes(sandbox: Any, client: Client, user: str) -> None:
    tls = Client("001", "k", base_url=sandbox.url.replace("http:", "https:"), max_retries=0)
    with tls, pytest.raises(TLSError) as caught:
        tls.get_job_status(user, "complete")
    assert isinstance(caught.value.__cause__, Cause)
    assert sandbox.url.split("//")[1] not in str(caught.value.__cause__)
    with pytest.raises(InvalidResponseError) as refused:
        client.get_job_status(user, "not-json")
    cause = refused.value.__cause__
    assert isinstance(cause, JSONCause)
    assert (cause.category, cause.line, cause.column) == ("syntax", 1, 2)


def test_what_was_being_handled_shows(client: Client, user: str) -> None:
    def ask() -> None:
        try:
            raise LookupError
        except LookupError:
            client.get_job_status(user, "unauthorized")

    with pytest.raises(AuthenticationError) as caught:
        ask()
    error = caught.value
    assert error.__cause__ is None
    assert isinstance(error.__context__, LookupError)
    assert not error.__suppress_context__


def test_errors_survive_pickling(client: Client, user: str) -> None:
    for job, expected in {"not-json": InvalidResponseError, "bad-signature": SignatureError}.items():
        with pytest.raises(expected) as caught:
            client.get_job_status(user, job)
        error = caught.value
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert (again.args, vars(again)) == (error.args, vars(error))
        assert str(again.__cause__) == str(error.__cause__)


@pytest.mark.parametrize("error", OWN.values(), ids=list(OWN))
def test_every_class_can_be_raised_and_pickled(error: type[SmileIDError]) -> None:
    made = error("why", http_status=418, attempts=2)
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is error
    assert (str(again), again.http_status, again.attempts, again.raw) == ("why", 418, 2, None)
    assert repr(again) == f"{error.__name__}('why')"


def test_refused_and_unauthorized(client: Client, user: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        client.get_job_status(user, "unauthorized")
    assert caught.value.http_status == 401
    with Client("001", "k", base_url="http://127.0.0.1:9", max_retries=0) as nobody, pytest.raises(ConnectError):
        nobody.get_job_status(user, "complete")
