"""Parts made natively of dicts that are kept to be copied: nothing of one answer may show in another."""

from __future__ import annotations

import gc
import json
import random
import sys
import threading
from typing import TYPE_CHECKING, Any

from smileid_jobs.status import _restore

if TYPE_CHECKING:
    from smileid_jobs import JobResult, JobStatus

WORDS: list[Any] = ["Passed", "Not Applicable", "true", "SAIA", "1.0.0"]
VALUES: list[Any] = [
    *WORDS, None, True, False, 0, 7, -1.5, 2**60, "", "7", "a text of its own", "Ọmọ Specimen", "long " * 9,
    [], [1, ["Passed"]], {}, {"Verify": "Passed"}, {"user_id": 7, "summary": {"fraud_detected": "true"}},
]  # fmt: skip
KEYS = [
    "ResultCode", "ResultText", "IsFinalResult", "IsMachineResult", "ConfidenceValue", "Source", "Actions",
    "PartnerParams", "Antifraud", "Country", "IsAlive", "FullData", "UserIDsOfPreviousRegistrants", "timestamp",
    "a key of nobody's",
]  # fmt: skip


def status_of(result: Any, history: Any = ()) -> JobStatus:
    answer = {"job_complete": True, "result": result, "history": list(history), "timestamp": "t", "signature": "s"}
    return _restore("user", "job", json.dumps(answer).encode())


def result_of(result: Any) -> JobResult:
    made = status_of(result).result
    assert made is not None
    return made


def check(status: JobStatus) -> None:
    """The attributes say what the view says, which is made another way; keys and attributes stand in order."""
    view = status.to_dict()
    results = (status.result, *status.history)
    for result, expected in zip(results, (view["result"], *view["history"]), strict=True):
        if result is None:
            assert expected is None
            continue
        assert result.to_dict() == expected
        assert list(type(result).__slots__) == list(expected)
        for name in ("fields", "actions"):
            assert list(getattr(result, name)) == list(expected[name])
            assert json.dumps(getattr(result, name)) == json.dumps(expected[name])


def test_any_answer_is_made_as_if_it_were_the_first() -> None:
    chance = random.Random(5)  # noqa: S311
    kinds = [chance.sample(KEYS, chance.randint(0, len(KEYS))) for _ in range(12)]
    for _ in range(1500):
        results = [{key: chance.choice(VALUES) for key in chance.choice(kinds)} for _ in range(3)]
        check(status_of(results[0], results[1:]))


def test_what_an_answer_lacks_is_none_whatever_was_there_before() -> None:
    full = {"ResultCode": "0810", "IsFinalResult": "true", "IsMachineResult": True, "Source": "WebAPI", "IsAlive": True}
    for _ in range(4):
        assert result_of(full).is_final_result is True
    for key in full:
        less = result_of({name: value for name, value in full.items() if name != key})
        assert key not in less.fields
        check(status_of({name: value for name, value in full.items() if name != key}))
    lone = result_of({"Country": "NG"})
    assert (lone.is_final_result, lone.source) == (None, None)
    assert lone.id_response is not None
    assert lone.id_response.is_alive is None


def test_a_value_of_another_type_is_absent_and_stands_in_fields() -> None:
    for _ in range(4):
        result_of({"ResultCode": "0810", "IsFinalResult": "true", "Actions": {"Verify": "Passed"}})
        odd = result_of({"ResultCode": ["0810"], "IsFinalResult": "maybe", "Actions": "none"})
        assert (odd.result_code, odd.is_final_result, odd.actions) == (None, None, {})
        assert odd.fields == {"ResultCode": ["0810"], "IsFinalResult": "maybe", "Actions": "none"}


def test_no_dict_is_anothers() -> None:
    sent = {
        "Actions": {"Verify": "Passed", "Human_Review_Compare": "Not Applicable"},
        "FullData": {"flat": "yes"},
        "PartnerParams": {"user_id": "u", "job_id": "j", "branch": {"of": "theirs"}},
    }
    for _ in range(4):
        status = status_of(sent, [sent, sent])
        results = [result for result in (status.result, *status.history) if result is not None]
        assert len(results) == 3
        for result in results:
            assert (result.fields, result.actions) == (sent, sent["Actions"])
            assert result.id_response is not None
            assert result.id_response.full_data == sent["FullData"]
            actions: Any = result.actions
            actions["Verify"] = "changed"
            actions["new"] = []
            full_data: Any = result.id_response.full_data
            full_data.clear()
            assert result.fields == sent
            assert result.partner_params is not None
            extras: Any = result.partner_params.extras
            extras["branch"]["of"] = "changed"
            assert result.fields == sent
            fields: Any = result.fields
            fields["Actions"].clear()


def test_an_object_of_words_alone_is_new_each_time() -> None:
    actions = {"Verify_ID_Number": "Passed", "Human_Review_Compare": "Not Applicable", "Consent": None}
    others: list[dict[str, Any]] = [
        {**actions, "Consent": "a person's"}, {**actions, "Consent": True}, {**actions, "More": 1},
        {"Verify_ID_Number": "Passed"}, dict(reversed(actions.items())), {**actions, "Verify_ID_Number": "Pass"},
    ]  # fmt: skip
    params = {"Channel": "Passed", "Branch": "Not Applicable"}
    for separators in ((",", ":"), (", ", ": "), (" ,\n", " : ")):
        for n in range(40):
            sent: dict[str, Any] = others[n % 6] if n % 4 == 3 else actions
            result = {"ResultCode": "0810", "Actions": sent, "PartnerParams": params, "FullData": actions}
            answer = {"job_complete": True, "result": result, "history": [result] * 2, "timestamp": "", "signature": ""}
            status = _restore("user", "job", json.dumps(answer, separators=separators).encode())
            check(status)
            for made in (status.result, *status.history):
                assert made is not None
                assert made.partner_params is not None
                assert made.id_response is not None
                assert (made.actions, made.fields, made.id_response.full_data) == (sent, result, actions)
                assert made.partner_params.extras == params
                changed: Any = (made.actions, made.fields["Actions"], made.id_response.full_data)
                for one in changed:
                    one["Verify_ID_Number"] = "changed"
                assert made.fields["PartnerParams"] == params
                assert made.fields["FullData"] == actions


def test_actions_are_told_by_their_text_and_nothing_else_is() -> None:
    theirs = {"jane@example.org": "Rejected", "joe@example.org": "Passed"}

    def keys(verdict: str) -> tuple[list[str], list[str]]:
        actions = {"Verify_Specimen": verdict, "Human_Review_Specimen": "Not Applicable"}
        # The same words elsewhere are no reason to look at Actions no more.
        params = {**actions, "Actions": theirs}
        results = [{"Actions": actions, "PartnerParams": actions}, {"PartnerParams": params, "FullData": theirs}]
        first, second = status_of(results[0], results[1:]).result, status_of(results[1], results[:1]).result
        assert first is not None
        assert second is not None
        assert second.id_response is not None
        nested: Any = second.fields["PartnerParams"]
        others = (second.id_response.full_data, nested["Actions"])
        assert (first.actions, *others) == (actions, theirs, theirs)
        return [*first.actions], [key for other in others for key in other or ()]

    # Those told by their text have the very keys of earlier ones, when nothing is left of which keys were seen.
    verdicts = ("Passed", "Rejected", "Under Review")
    before = [[keys(verdict) for _ in range(6)][-1] for verdict in verdicts]
    flood = [{f"a key of nobody's {n}": n} for n in range(2000) for _ in "12"]
    flood += [{f"a key of nobody's {n}": n, "another": n} for n in range(2000) for _ in "12"]
    assert result_of({"FullData": {"all": flood}}).fields["FullData"] == {"all": flood}
    after = [keys(verdict) for verdict in verdicts]
    for (actions, _), (again, _) in zip(before, after, strict=True):
        assert [id(key) for key in actions] == [id(key) for key in again]
    for (_, others), (_, again) in zip(before, after, strict=True):
        assert not {id(key) for key in others} & {id(key) for key in again}


def test_no_value_of_a_person_outlives_the_answer() -> None:
    names = {"FullName": "Specimen", "Address": "a street and its number", "Actions": {"Verify": "by Specimen"}}
    for _ in range(4):
        fields = result_of({"ResultCode": "0810", **names}).fields
    values = [fields["FullName"], fields["Address"], fields["Actions"]["Verify"]]
    del fields
    # Another of the same kind comes last, so that nothing of it is known from a moment ago.
    result_of({"ResultCode": "0811", "FullName": "", "Address": "", "Actions": {"Verify": ""}})
    # As often as what nobody else can hold.
    own = ["".join(("a text ", str(n))) for n in range(3)]
    assert [sys.getrefcount(value) for value in values] == [sys.getrefcount(value) for value in own]


def test_threads_make_parts_at_once() -> None:
    bodies = [{"ResultCode": f"{n:04}", "Actions": {"Verify": str(n)}, "IsFinalResult": n % 2 == 0} for n in range(8)]
    failures: list[BaseException] = []

    def work(at: int) -> None:
        try:
            for n in range(200):
                sent = bodies[(at + n) % len(bodies)]
                made = result_of(sent)
                assert made.fields == sent
                assert (made.result_code, made.actions) == (sent["ResultCode"], sent["Actions"])
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_all_threads_get_the_same_result() -> None:
    for _ in range(50):
        status = status_of({"ResultCode": "0810"})
        seen: list[Any] = []
        barrier = threading.Barrier(4)

        def look(status: JobStatus = status, seen: list[Any] = seen, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            seen.append(status.result)

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(result is seen[0] for result in seen)


def test_a_part_can_be_made_in_the_midst_of_another() -> None:
    inner = {"ResultCode": "0811", "Actions": {"Verify": "Failed"}}
    outer = {"ResultCode": "0810", "Actions": {"Verify": "Passed"}, "PartnerParams": {"branch": [{"a": {}}] * 40}}
    made = []

    def collect(phase: str, _: dict[str, int]) -> None:
        if phase == "start" and len(made) < 100:
            made.append(None)
            assert result_of(inner).fields == inner

    usual = gc.get_threshold()
    gc.callbacks.append(collect)
    gc.set_threshold(5)
    try:
        for _ in range(50):
            assert result_of(outer).fields == outer
    finally:
        gc.set_threshold(*usual)
        gc.callbacks.remove(collect)
    assert made
