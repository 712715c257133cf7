"""Results: frozen, lazy, comparable, picklable, and silent about people."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from conftest import REPOSITORY

from smileid_jobs import (
    Antifraud,
    Client,
    IdResponse,
    ImageLinks,
    InvalidResponseError,
    JobResult,
    JobStatus,
    PartnerParams,
    SignedTimestamp,
    SuspectUser,
    _native,
)
from smileid_jobs._failures import value_of
from smileid_jobs.status import _restore

if TYPE_CHECKING:
    from sandbox_client import Sandbox

VECTORS = json.loads((REPOSITORY / "tests" / "vectors" / "decode.json").read_text(encoding="utf-8"))
# Some bodies hold the timestamp as a number.
BODIES = {
    entry["id"]: entry["body_text"].replace("{{timestamp}}", "1678216434434").encode()
    for entry in VECTORS
    if "view" in entry
}


def status_of(body: bytes) -> JobStatus:
    return _restore("user-CANARY", "job-CANARY", body)


def reachable(value: Any) -> list[Any]:
    """The value and every view under it."""
    if isinstance(value, tuple):
        return [found for item in value for found in reachable(item)]
    if isinstance(value, JobStatus):
        return [value, *reachable((value.result, value.history, value.image_links))]
    if dataclasses.is_dataclass(value):
        return [value, *reachable(tuple(getattr(value, field.name) for field in dataclasses.fields(value)))]
    return []


def test_no_repr_shows_anything_private() -> None:
    kinds = set()
    for name, body in BODIES.items():
        for value in reachable(status_of(body)):
            kinds.add(type(value))
            for shown in (repr(value), str(value), f"{value}", repr([value])):
                assert "CANARY" not in shown, f"{name}: {type(value).__name__}"
                assert "http" not in shown, f"{name}: {type(value).__name__}"
    assert kinds == {JobStatus, JobResult, PartnerParams, Antifraud, SuspectUser, IdResponse, ImageLinks}


def test_reprs_say_what_is_useful(client: Client, user: str) -> None:
    status = client.get_job_status(user, "images", return_image_links=True)
    assert repr(status) == "JobStatus(job_complete=True, job_success=True, code='2302')"
    assert repr(status.result) == "JobResult(result_code='0810', result_type='SAIA', is_final_result=True)"
    assert repr(status.image_links) == "ImageLinks(liveness_images=8)"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_status_survives_pickling(protocol: int) -> None:
    for body in BODIES.values():
        status = status_of(body)
        again = pickle.loads(pickle.dumps(status, protocol))
        assert again == status
        assert hash(again) == hash(status)
        assert (again.raw, again.user_id, again.job_id) == (body, "user-CANARY", "job-CANARY")
        assert again.to_dict() == status.to_dict()
        for part in reachable(status)[1:]:
            assert pickle.loads(pickle.dumps(part, protocol)) == part


def test_copies_are_equal() -> None:
    for body in BODIES.values():
        for value in reachable(status_of(body)):
            assert copy.copy(value) == value
            assert copy.deepcopy(value) == value


@pytest.mark.parametrize("receiver", ["fine", "status-404"])
def test_how_a_delivery_went_is_kept(client: Client, sandbox: Sandbox, user: str, receiver: str) -> None:
    url = f"{sandbox.url}/receive/{receiver}/{user}"
    status = client.get_job_status(user, "complete", callback_url=url)
    assert status.callback_delivery is not None
    assert status.callback_delivery.delivered is (receiver == "fine")
    for again in (pickle.loads(pickle.dumps(status)), copy.copy(status), copy.deepcopy(status)):
        for one in (again, pickle.loads(pickle.dumps(again))):
            assert one == status
            assert one.callback_delivery == status.callback_delivery
            assert one.to_dict() == status.to_dict()
            assert list(one.to_dict()) == list(status.to_dict())
    plain = client.get_job_status(user, "complete")
    assert pickle.loads(pickle.dumps(plain)).callback_delivery is None
    assert "callback_delivery" not in pickle.loads(pickle.dumps(plain)).to_dict()


def test_a_pickle_of_something_else_is_refused() -> None:
    with pytest.raises(InvalidResponseError):
        _restore("user", "job", b"no JSON")


def test_equality() -> None:
    body = b'{"job_complete":true,"timestamp":"t","signature":"s"}'
    status = status_of(body)
    assert status == status_of(body)
    assert status != status_of(body + b" ")
    assert status != _restore("another", "job-CANARY", body)
    assert status != body
    assert len({status, status_of(body)}) == 1
    assert JobResult(result_code="0810") == JobResult(result_code="0810") != JobResult(result_code="0811")


def test_a_status_decodes_its_result_when_somebody_looks() -> None:
    status = status_of(b'{"job_complete":true,"result":{"ResultCode":"0810"},"timestamp":"t","signature":"s"}')
    assert (status.job_complete, status.job_success, status.code) == (True, None, None)
    assert (status.timestamp, status.signature, status.user_id, status.job_id) == (
        "t",
        "s",
        "user-CANARY",
        "job-CANARY",
    )
    assert status == status
    repr(status)
    assert not status._kept
    assert status.result is status.result
    assert list(status._kept) == ["result"]
    assert status.extras is status.extras


def test_nothing_can_be_set() -> None:
    values = {type(value): value for body in BODIES.values() for value in reachable(status_of(body))}
    for value in (*values.values(), SignedTimestamp("t", "s")):
        names = [name for name in dir(value) if not name.startswith("_") and not callable(getattr(value, name))]
        for name in (*names, "something_new"):
            with pytest.raises(AttributeError):
                setattr(value, name, None)
            with pytest.raises(AttributeError):
                delattr(value, name)


def test_to_dict_is_the_callers_own() -> None:
    status = status_of(
        b'{"job_complete":true,"result":{"Actions":{"Verify":"Passed"}},"timestamp":"t","signature":"s"}'
    )
    first = status.to_dict()
    first["result"]["actions"]["Verify"] = "changed"
    assert status.to_dict()["result"]["actions"] == {"Verify": "Passed"}
    assert status.result is not None
    status.result.to_dict()["actions"].clear()
    assert status.result.actions == {"Verify": "Passed"}


def test_a_program_that_replaces_json_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    status = status_of(b'{"job_complete":true,"timestamp":"t","signature":"s","more":{"whole":7,"part":0.5}}')
    expected = status.to_dict()
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("it is not ours to call"))
    assert (status.to_dict(), status.extras) == (expected, {"more": {"whole": 7, "part": 0.5}})


def test_results_can_be_made_for_tests_of_the_users_own() -> None:
    result = JobResult(result_code="0810", partner_params=PartnerParams(job_type=1))
    assert result.to_dict()["partner_params"] == {"user_id": None, "job_id": None, "job_type": 1, "extras": {}}


def test_native_objects_are_like_those_that_python_makes() -> None:
    for body in BODIES.values():
        for value in reachable(status_of(body))[1:]:
            made = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            again = type(value)(**made)
            assert (again, repr(again)) == (value, repr(value))
            types = [[type(getattr(each, name)) for name in type(each).__slots__] for each in (again, value)]
            assert types[0] == types[1]
            assert dataclasses.replace(value) == value
            for entry in dataclasses.fields(value):
                default = entry.default if entry.default_factory is dataclasses.MISSING else entry.default_factory()
                # A list of the view is a tuple, an open map a dict, whatever the answer held.
                if default is not None:
                    assert type(made[entry.name]) is type(default)


def test_native_views_have_exactly_the_attributes() -> None:
    body = b"""{"result":{"PartnerParams":{},"Antifraud":{"SuspectUsers":[{}]},"Country":"NG"},"image_links":{},
        "timestamp":"t","signature":"s"}"""
    view = json.loads(value_of(_native.Status.from_verified("u", "j", body)).view())
    result = view["result"]
    for cls, names in {
        JobResult: result,
        PartnerParams: result["partner_params"],
        Antifraud: result["antifraud"],
        SuspectUser: result["antifraud"]["suspect_users"][0],
        IdResponse: result["id_response"],
        ImageLinks: view["image_links"],
    }.items():
        assert [field.name for field in dataclasses.fields(cls)] == list(names)
    properties = [name for name, value in vars(JobStatus).items() if isinstance(value, property)]
    # Only a status that was to be delivered has it in its view.
    assert sorted(properties) == sorted([*view, "raw", "callback_delivery"])
