"""Ctrl-C and other signals while a call blocks."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from conftest import TRIES, wait_until

from smileid_jobs import Client, ClientClosedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Programs

    from sandbox_client import Sandbox


def soon(action: Callable[[], Any], delay_s: float = 0.1) -> threading.Thread:
    """Does something on another thread, a little later."""

    def run() -> None:
        time.sleep(delay_s)
        action()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def _default_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


CALLS: list[tuple[Callable[[Client, str, str], Any], str]] = [
    (lambda client, user, job: client.get_job_status(user, job), "stall"),
    (lambda client, user, job: client.poll_job_status(user, job), "never"),
    (lambda client, user, job: client.wait_until_complete(user, job), "never"),
    (lambda client, user, job: list(client.watch_job_status(user, job)), "never"),
    (lambda client, user, job: list(client.poll_many([(user, job)])), "never"),
]


@pytest.mark.parametrize(("call", "job"), CALLS, ids=["get", "poll", "wait", "watch", "many"])
def test_ctrl_c_ends_a_call_within_60_ms(
    client: Client, sandbox: Sandbox, user: str, call: Callable[[Client, str, str], Any], job: str
) -> None:
    def interrupted() -> tuple[float, float]:
        sent: list[float] = []

        def interrupt() -> None:
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        def interrupted_call() -> None:
            soon(interrupt)
            call(client, user, job)

        with pytest.raises(KeyboardInterrupt):
            interrupted_call()
        late = time.monotonic() - sent[0]
        return late, wait_until(lambda: sandbox.log(user, job).none_open)

    late, closed = zip(*[interrupted() for _ in range(TRIES)])
    assert min(late) < 0.06 + 0.03  # the second part is this machine's
    assert min(closed) < 0.2
    assert client.get_job_status(user, "complete").job_complete


def test_other_handlers_run_and_the_call_goes_on(client: Client, user: str) -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: seen.append(number))
    try:
        thread = soon(lambda: os.kill(os.getpid(), signal.SIGUSR1), 0.05)
        assert client.get_job_status(user, "slow-250ms").job_complete
        thread.join()
        assert seen == [signal.SIGUSR1]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_handler_may_make_calls_of_its_own(client: Client, user: str) -> None:
    seen: list[bool] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(client.get_job_status(user, "complete").job_complete))
    try:
        thread = soon(lambda: os.kill(os.getpid(), signal.SIGUSR1), 0.05)
        assert client.get_job_status(user, "slow-250ms").job_complete
        thread.join()
        assert seen == [True]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_handler_may_fork(programs: Programs) -> None:
    """The child goes on in the handler's caller, with a call that was the parent's."""
    status, output, errors = programs.run(
        """
        parent, children = os.getpid(), []
        signal.signal(signal.SIGUSR1, lambda *_: children.append(os.fork()))
        threading.Timer(0.1, lambda: os.kill(parent, signal.SIGUSR1)).start()
        assert client().get_job_status("user-fork", "slow-250ms").job_complete
        if os.getpid() != parent:
            os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]))
        """
    )
    assert (status, output, errors) == (0, "7\n", "")


def test_a_handler_may_fork_and_raise_in_the_child(programs: Programs, sandbox: Sandbox) -> None:
    """The call that the child leaves is the parent's, which goes on with it."""
    assert programs.run(
        """
        def fork(*_):
            if os.fork() == 0:
                sys.exit(7)

        signal.signal(signal.SIGUSR1, fork)
        parent = os.getpid()
        threading.Timer(0.2, lambda: os.kill(parent, signal.SIGUSR1)).start()
        status = client(request_timeout=3).get_job_status("user-fork-raise", "slow-1000ms")
        print(status.job_complete, os.waitstatus_to_exitcode(os.wait()[1]))
        """
    ) == (0, "True 7\n", "")
    # Asked once: a parent that does not hear of its socket any more asks again.
    assert sandbox.log("user-fork-raise", "slow-1000ms").requests == 1


def test_other_threads_are_not_interrupted_but_closed(settings: dict[str, Any], sandbox: Sandbox, user: str) -> None:
    def closed(user: str) -> float:
        client = Client(**settings)
        outcome: list[BaseException] = []

        def block() -> None:
            try:
                client.get_job_status(user, "stall")
            except BaseException as error:
                outcome.append(error)

        def sleep() -> None:
            soon(lambda: os.kill(os.getpid(), signal.SIGINT), 0.01)
            time.sleep(5)

        thread = threading.Thread(target=block)
        thread.start()
        wait_until(lambda: not sandbox.log(user, "stall").none_open)
        with pytest.raises(KeyboardInterrupt):
            sleep()
        assert thread.is_alive()
        start = time.monotonic()
        client.close()
        thread.join(5)
        took = time.monotonic() - start
        assert isinstance(outcome[0], ClientClosedError)
        return took

    assert min(closed(f"{user}-{n}") for n in range(TRIES)) < 0.05


def test_waiting_threads_do_not_hold_the_interpreter(client: Client, user: str) -> None:
    def waited() -> tuple[int, float]:
        threads = [threading.Thread(target=client.get_job_status, args=(user, "slow-250ms")) for _ in range(8)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        turns = 0
        while any(thread.is_alive() for thread in threads):
            turns += 1
            time.sleep(0.001)
        return turns, time.monotonic() - start

    turns, took = zip(*[waited() for _ in range(TRIES)])
    assert max(turns) > 50
    assert min(took) < 1.0
