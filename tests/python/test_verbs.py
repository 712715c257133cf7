"""What only Python can get wrong about watches, many jobs, images and callbacks."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import gc
import itertools
import pickle
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from conftest import TRIES, wait_until

from smileid_jobs import (
    AsyncClient,
    Client,
    ClientClosedError,
    ImageRefusedError,
    InvalidArgumentError,
    JobIncompleteError,
    ManyProgress,
    SignatureError,
    streams,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from conftest import Programs

CLOSE_BOUND_S = 0.2


def is_open(sandbox: Any, user: str) -> bool:
    log = sandbox.log(user)
    return bool(log.requests) and not log.none_open


def stalled(user: str, count: int = 3) -> Iterator[tuple[str, str]]:
    return ((user, f"stall-{number}" if number else "stall") for number in range(count))


def test_leaving_a_watch_drops_its_request(client: Client, sandbox: Any, user: str) -> None:
    sandbox.post_story(user, "job", [{"pending": True}])
    for update in client.watch_job_status(user, "job", initial_delay=0.01):
        assert (update.attempt, update.changed, update.status.job_complete) == (1, True, False)
        break
    gc.collect()
    asked = sandbox.log(user).requests
    time.sleep(0.1)
    assert sandbox.log(user).requests == asked == 1


def test_a_closed_watch_ends(client: Client, user: str) -> None:
    with client.watch_job_status(user, "never", initial_delay=0.01) as updates:
        next(updates)
    assert list(updates) == []
    updates.close()


def test_closing_a_watch_from_another_thread(client: Client, sandbox: Any, user: str) -> None:
    updates = client.watch_job_status(user, "stall")
    seen: list[list[Any]] = []
    thread = threading.Thread(target=lambda: seen.append(list(updates)))
    thread.start()
    wait_until(lambda: is_open(sandbox, user))
    updates.close()
    thread.join(2)
    assert seen == [[]]
    assert wait_until(lambda: sandbox.log(user).none_open) < CLOSE_BOUND_S


@pytest.mark.parametrize("verb", ["watch", "many"])
def test_a_cancelled_task_drops_the_requests(
    new_loop: Callable[[], asyncio.AbstractEventLoop], async_client: AsyncClient, sandbox: Any, user: str, verb: str
) -> None:
    async def consume() -> None:
        stream: Any
        if verb == "watch":
            stream = async_client.watch_job_status(user, "stall")
        else:
            stream = async_client.poll_many([(user, "stall")])
        kept.append(stream)
        async for _ in stream:
            pass

    async def main() -> None:
        task = asyncio.ensure_future(consume())
        while not is_open(sandbox, user):
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [one async for one in kept[0]] == []

    kept: list[Any] = []
    loop = new_loop()
    try:
        loop.run_until_complete(main())
        assert wait_until(lambda: sandbox.log(user).none_open) < CLOSE_BOUND_S
    finally:
        loop.close()


def test_leaving_many_drops_their_requests(
    client: Client, sandbox: Any, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine makes no look at the input so long that it ends before both jobs are read.
    monkeypatch.setattr(streams, "LOOK_S", 5.0)
    jobs = [(user, "complete"), (user, "stall")]
    outcomes = client.poll_many(jobs)
    assert next(outcomes).job_id == "complete"
    wait_until(lambda: is_open(sandbox, user))
    del outcomes
    gc.collect()
    assert wait_until(lambda: sandbox.log(user).none_open) < CLOSE_BOUND_S


def test_an_endless_input_is_read_as_there_is_room(client: Client, user: str) -> None:
    read = itertools.count()

    def endless() -> Iterator[tuple[str, str]]:
        while True:
            next(read)
            assert threading.current_thread() is threading.main_thread()
            yield user, "complete"

    seen: list[ManyProgress] = []
    outcomes = client.poll_many(endless(), max_waiting=8, on_progress=seen.append)
    for _ in range(50):
        assert next(outcomes).error is None
    assert next(read) <= 50 + 8
    assert outcomes.progress == seen[-1]
    assert [progress.complete for progress in seen] == list(range(1, 51))
    outcomes.close()
    assert list(outcomes) == []


@pytest.mark.parametrize("is_async", [False, True])
def test_asyncio_takes_both_kinds_of_input(async_client: AsyncClient, user: str, is_async: bool) -> None:
    async def generated() -> AsyncIterator[tuple[str, str]]:
        for number in range(5):
            await asyncio.sleep(0)
            yield user, f"pending-{number % 2}" if number % 2 else "complete"

    async def main() -> list[Any]:
        plain = [(user, "complete")] * 5
        stream = async_client.poll_many(generated() if is_async else plain, max_waiting=2, initial_delay=0.01)
        return [outcome async for outcome in stream]

    outcomes = asyncio.run(main())
    assert [outcome.error for outcome in outcomes] == [None] * 5


def test_an_input_that_fails_ends_everything(client: Client, sandbox: Any, user: str) -> None:
    def failing() -> Iterator[tuple[str, str]]:
        yield user, "stall"
        raise LookupError

    outcomes = client.poll_many(failing())
    with pytest.raises(LookupError):
        next(outcomes)
    assert list(outcomes) == []
    # The first job's may have gone out before the second was read.
    assert sandbox.log(user).requests <= 1


def dict_keys(*hosts: str) -> Any:
    return dict.fromkeys(hosts).keys()


def generator(*hosts: str) -> Any:
    return (host for host in hosts)


@pytest.mark.parametrize("kind", [tuple, set, iter, dict_keys, generator])
def test_hosts_are_any_iterable(client: Client, async_client: AsyncClient, user: str, kind: Any) -> None:
    status = client.get_job_status(user, "images", return_image_links=True)

    def hosts(*names: str) -> Any:
        return kind(*names) if kind in (dict_keys, generator) else kind(names)

    with pytest.raises(ImageRefusedError):
        client.download_images(status, allowed_hosts=hosts("a.example", "b.example"))
    with pytest.raises(ImageRefusedError):
        asyncio.run(async_client.download_images(status, allowed_hosts=hosts("a.example")))
    with pytest.raises(InvalidArgumentError) as caught:
        client.download_images(status, allowed_hosts=hosts("a.example", 5))  # type: ignore[arg-type]
    assert caught.value.argument == "allowed_hosts"


@pytest.mark.parametrize("hosts", ["a.example", b"a.example", 5])
def test_what_are_no_hosts(client: Client, user: str, hosts: Any) -> None:
    status = client.get_job_status(user, "images", return_image_links=True)
    with pytest.raises(InvalidArgumentError) as caught:
        client.download_images(status, allowed_hosts=hosts)
    assert caught.value.argument == "allowed_hosts"


@pytest.mark.parametrize("jobs", [[None], [("u",)], [("u", "j", "k")], ["uj"], [("u", 5)]])
def test_what_is_no_job(client: Client, jobs: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        list(client.poll_many(jobs))


def test_reprs_show_no_ids(client: Client, user: str) -> None:
    outcome = next(client.poll_many([(user, "complete")]))
    step = client.poll_step(user, "never", initial_delay=0.01)
    assert user not in repr(outcome)
    assert step.token
    assert not step.finished
    assert step.token not in repr(step)
    assert client.poll_step(user, "complete").finished


def test_a_wait_that_runs_out(client: Client, user: str) -> None:
    with pytest.raises(TimeoutError) as caught:
        client.wait_until_complete(user, "never", timeout=0.2, initial_delay=0.05)
    assert isinstance(caught.value, JobIncompleteError)
    assert caught.value.reason is not None
    assert caught.value.last_status is not None


def test_bodies_of_every_kind(client: Client, sandbox: Any) -> None:
    from callback_bodies import Account, callback_body

    account = Account(sandbox.partner_id, sandbox.api_key)
    text = callback_body({"body": {"ResultCode": "0810"}}, account, {"user_id": "u", "job_id": "j"})
    raw = text.encode()
    for body in (text, raw, bytearray(raw), memoryview(raw)):
        callback = client.verify_callback(body)
        assert callback.raw == raw
        assert callback.body_authenticated is False
        assert callback.signature not in repr(callback)


@pytest.mark.parametrize("kind", [bytes, bytes.decode])
def test_a_large_callback_does_not_hold_the_interpreter(client: Client, kind: Callable[[bytes], Any]) -> None:
    pair = '"timestamp":"2024-01-01T00:00:00.000Z","signature":"' + "A" * 43 + '="'
    body = kind(("{" + pair + ',"x":[' + '{"a":[1,2,{"b":"c"}]},' * 1_200_000 + "0]}").encode())

    def check() -> None:
        with pytest.raises(SignatureError):
            client.verify_callback(body)

    def longest_pause() -> float:
        thread = threading.Thread(target=check)
        last, longest = time.perf_counter(), 0.0
        thread.start()
        while thread.is_alive():
            now = time.perf_counter()
            last, longest = now, max(longest, now - last)
        thread.join()
        return longest

    start = time.perf_counter()
    check()
    alone = time.perf_counter() - start
    assert min(longest_pause() for _ in range(TRIES)) < alone / 2


def test_what_stands_beside_a_callbacks_result(client: Client, sandbox: Any) -> None:
    from callback_bodies import Account, callback_body

    fields = {"code": "2302", "kyc_receipt": "CANARY kyc", "kyb_receipt": "CANARY kyb"}
    ids = {"user_id": "CANARY user", "job_id": "CANARY job"}
    extras = {**ids, "more": {"of": ["CANARY"]}}
    said = {"job_complete": True, "result": "CANARY result", **fields, **extras}
    body = callback_body({"body": said}, Account(sandbox.partner_id, sandbox.api_key), {})
    callback = client.verify_callback(body)
    expected = {**fields, **ids, "message": "CANARY result", "extras": extras}
    assert {name: getattr(callback, name) for name in expected} == expected
    view = callback.to_dict()
    assert {name: view[name] for name in expected} == expected
    assert view["extras"] is not callback.extras
    assert list(view) == [field.name for field in dataclasses.fields(callback) if field.name != "raw"]
    shown = "Callback(job_complete=True, job_success=None, code='2302', result=None)"
    for copied in (callback, pickle.loads(pickle.dumps(callback)), copy.deepcopy(callback)):
        assert copied == callback
        assert copied.raw == callback.raw
        assert copied.to_dict() == view
        assert repr(copied) == shown


def test_streams_belong_to_their_process(programs: Programs) -> None:
    """A child refuses its parent's streams, drops them unharmed, and has streams of its own."""
    assert programs.run(
        """
        c = client()
        smileid_jobs.streams.LOOK_S = 5.0  # both jobs are read at once, however busy the machine is
        updates = c.watch_job_status("user-fork-watch", "never", initial_delay=0.01)
        outcomes = c.poll_many([("user-fork-many", "complete"), ("user-fork-many", "never")], initial_delay=0.01)
        next(updates), next(outcomes)
        pid = os.fork()
        if pid == 0:
            for stream in (updates, outcomes):
                try:
                    next(stream)
                except smileid_jobs.ClientClosedError:
                    pass
                else:
                    os._exit(2)
                stream.close()
            del updates, outcomes, stream
            mine = list(c.poll_many([("user-fork-many", "complete")]))
            os._exit(0 if len(mine) == 1 and mine[0].error is None else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert next(updates).attempt == 2
        assert outcomes.progress.waiting == 1
        """
    ) == (0, "", "")


def test_exit_with_streams_running(programs: Programs) -> None:
    assert programs.run(
        """
        c = client()
        for job in ["stall", "never"] * 3:
            updates = c.watch_job_status("user-exit", job, initial_delay=0.001, timeout=None)
            threading.Thread(target=list, args=(updates,), daemon=True).start()
        many = c.poll_many([("user-exit", "never"), ("user-exit", "stall")], initial_delay=0.001)
        threading.Thread(target=list, args=(many,), daemon=True).start()
        left = c.watch_job_status("user-exit", "never")
        next(left)
        time.sleep(0.1)
        """
    ) == (0, "", "")


def test_a_closed_client(client: Client) -> None:
    client.close()
    with pytest.raises(ClientClosedError):
        client.watch_job_status("u", "j")
    assert [type(outcome.error) for outcome in client.poll_many([("u", "j")])] == [ClientClosedError]
    endless = client.poll_many(("u", str(number)) for number in itertools.count())
    assert {type(next(endless).error) for _ in range(30)} == {ClientClosedError}
    client.notify("u", "j")
