"""Watches and many jobs when something goes wrong around them: forks, signals, cancelled tasks, closed clients."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from conftest import wait_until
from test_verbs import is_open

from smileid_jobs import AsyncClient, Client, ClientClosedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from conftest import Programs

# Only what is broken waits that long.
BOUND_S = 20.0
QUICK: dict[str, Any] = {"initial_delay": 0.005, "max_delay": 0.005, "timeout": BOUND_S}
STREAMS = ["watch", "many"]


def stream_of(client: Client | AsyncClient, verb: str, user: str, job: str) -> Any:
    if verb == "watch":
        return client.watch_job_status(user, job, **QUICK)
    return client.poll_many([(user, "complete"), (user, job)], **QUICK)


def is_quiet(sandbox: Any, user: str) -> bool:
    """Whether nothing is open and nothing more comes, for longer than many delays."""
    log = sandbox.log(user)
    time.sleep(0.1)
    return bool(log.none_open) and sandbox.log(user).requests == log.requests


@pytest.fixture
def _default_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


WAITS: dict[str, Callable[[Client, str, str], Any]] = {
    "wait": lambda client, user, job: client.wait_until_complete(user, job, **QUICK),
    "step": lambda client, user, job: client.poll_step(user, job, timeout=BOUND_S),
    "watch": lambda client, user, job: list(client.watch_job_status(user, job, **QUICK)),
    "many": lambda client, user, job: list(client.poll_many([(user, job)], **QUICK)),
}


@pytest.mark.usefixtures("_default_ctrl_c")
@pytest.mark.parametrize(
    ("verb", "job"), [(verb, job) for verb in WAITS for job in ("stall", "never") if (verb, job) != ("step", "never")]
)
def test_ctrl_c_ends_whatever_waits(client: Client, sandbox: Any, user: str, verb: str, job: str) -> None:
    def interrupt() -> None:
        wait_until(lambda: sandbox.log(user).requests > (2 if job == "never" else 0))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        WAITS[verb](client, user, job)
    thread.join()
    wait_until(lambda: is_quiet(sandbox, user))
    # In the middle of it, and not when the time was up.
    assert sandbox.log(user).requests <= (1 if job == "stall" else 200)
    assert client.get_job_status(user, "complete").job_complete


@pytest.mark.usefixtures("_default_ctrl_c")
@pytest.mark.parametrize("verb", STREAMS)
def test_ctrl_c_ends_a_stream_that_is_held(client: Client, sandbox: Any, user: str, verb: str) -> None:
    """What was handed out stays counted; the stream is over, and not half open."""
    sandbox.post_story(user, "job", [{"pending": True}, {"complete": "approved", "stall": "headers"}])
    stream = stream_of(client, verb, user, "job")
    seen: list[Any] = []

    def consume() -> None:
        for item in stream:
            seen.append(item)

    def interrupt() -> None:
        wait_until(lambda: sandbox.log(user, "job").requests == 2 and len(seen) == 1)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        consume()
    thread.join()
    assert len(seen) == 1
    assert list(stream) == []
    if verb == "many":
        assert (stream.progress.complete, stream.progress.failed) == (1, 0)
    wait_until(lambda: is_quiet(sandbox, user))


def test_a_handler_that_returns_loses_nothing(client: Client, user: str) -> None:
    """Signals come all the time while a watch and many jobs are waited for: everything arrives, once."""
    seen: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: seen.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
    try:
        jobs = [(user, f"pending-{number}") for number in range(1, 31)]
        ended = [(outcome.job_id, outcome.error) for outcome in client.poll_many(jobs, **QUICK)]
        updates = [update.attempt for update in client.watch_job_status(user, "pending-9", **QUICK)]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert sorted(ended) == sorted((job, None) for _, job in jobs)
    # The job had its nine pending answers already.
    assert updates == [1]
    assert len(seen) > 2


@pytest.mark.parametrize("verb", STREAMS)
@pytest.mark.parametrize("where", ["in the loop's body", "waiting for the next"])
def test_a_task_cancelled_in_the_middle_leaks_nothing(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
    async_client: AsyncClient,
    sandbox: Any,
    user: str,
    verb: str,
    where: str,
) -> None:
    seen: list[Any] = []

    async def consume() -> None:
        async for item in stream_of(async_client, verb, user, "never"):
            seen.append(item)
            if where == "in the loop's body":
                await asyncio.sleep(3600)

    async def main() -> None:
        task = asyncio.ensure_future(consume())
        while len(seen) < 1 or (where != "in the loop's body" and sandbox.log(user, "never").requests < 4):
            await asyncio.sleep(0.002)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        gc.collect()
        # Still inside the loop: nothing but the end of the task has stopped it.
        wait_until(lambda: is_quiet(sandbox, user))
        assert (await async_client.get_job_status(user, "complete")).job_complete

    loop = new_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


@pytest.mark.parametrize("verb", STREAMS)
def test_an_async_stream_that_is_dropped_ends(
    new_loop: Callable[[], asyncio.AbstractEventLoop], async_client: AsyncClient, sandbox: Any, user: str, verb: str
) -> None:
    async def main() -> None:
        async for _ in stream_of(async_client, verb, user, "never"):
            break
        gc.collect()
        wait_until(lambda: is_quiet(sandbox, user))
        stream = stream_of(async_client, verb, user, "never")
        await stream.__anext__()
        cycle: list[Any] = [stream]
        cycle.append(cycle)
        del stream, cycle
        gc.collect()
        wait_until(lambda: is_quiet(sandbox, user))

    loop = new_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


@pytest.mark.parametrize("verb", STREAMS)
def test_a_stream_in_a_cycle_ends_with_it(client: Client, sandbox: Any, user: str, verb: str) -> None:
    stream = stream_of(client, verb, user, "never")
    next(stream)
    cycle: list[Any] = [stream]
    cycle.append(cycle)
    del stream, cycle
    gc.collect()
    wait_until(lambda: is_quiet(sandbox, user))


def test_a_stream_keeps_the_client_that_nobody_else_holds(settings: dict[str, Any], user: str) -> None:
    outcomes = list(Client(**settings).poll_many([(user, "pending-1")], initial_delay=0.01))
    updates = list(Client(**settings).watch_job_status(user, "pending-2", initial_delay=0.01))

    async def main() -> None:
        many = AsyncClient(**settings).poll_many([(user, "pending-3")], initial_delay=0.01)
        outcomes.extend([outcome async for outcome in many])
        watch = AsyncClient(**settings).watch_job_status(user, "pending-4", initial_delay=0.01)
        updates.extend([update async for update in watch])

    asyncio.run(main())
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert [update.status.job_complete for update in updates].count(True) == 2


def test_a_generator_of_jobs_is_let_go_with_its_stream(client: Client, async_client: AsyncClient, user: str) -> None:
    closed: list[str] = []

    def jobs(name: str) -> Iterator[tuple[str, str]]:
        try:
            while True:
                yield user, "complete"
        finally:
            closed.append(name)

    async def async_jobs() -> AsyncIterator[tuple[str, str]]:
        for job in jobs("async"):
            yield job

    async def main() -> None:
        async for _ in async_client.poll_many(async_jobs(), max_waiting=2):
            break

    for _ in client.poll_many(jobs("sync"), max_waiting=2):
        break
    gc.collect()
    assert closed == ["sync"]
    asyncio.run(main())
    gc.collect()
    assert closed == ["sync", "async"]


@pytest.mark.parametrize("job", ["stall", "never"])
def test_closing_the_client_while_threads_iterate(client: Client, sandbox: Any, user: str, job: str) -> None:
    ended: dict[str, Any] = {}
    streams = {verb: stream_of(client, verb, f"{user}-{verb}", job) for verb in STREAMS}

    def consume(verb: str) -> None:
        try:
            ended[verb] = list(streams[verb])
        except BaseException as error:
            ended[verb] = error

    threads = [threading.Thread(target=consume, args=(verb,)) for verb in STREAMS]
    for thread in threads:
        thread.start()
    wait_until(lambda: all(sandbox.log(f"{user}-{verb}", job).requests for verb in STREAMS))
    wait_until(lambda: bool(streams["many"].progress.complete))
    client.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert isinstance(ended["watch"], ClientClosedError)
    complete, closed = ended["many"]
    assert (complete.error, type(closed.error), closed.job_id) == (None, ClientClosedError, job)
    wait_until(lambda: all(is_quiet(sandbox, f"{user}-{verb}") for verb in STREAMS))
    assert [list(stream) for stream in streams.values()] == [[], []]


def test_closing_the_client_while_tasks_iterate(
    new_loop: Callable[[], asyncio.AbstractEventLoop], async_client: AsyncClient, sandbox: Any, user: str
) -> None:
    async def consume(stream: Any) -> list[Any]:
        return [item async for item in stream]

    async def main() -> None:
        streams = {verb: stream_of(async_client, verb, f"{user}-{verb}", "stall") for verb in STREAMS}
        tasks = [asyncio.ensure_future(consume(stream)) for stream in streams.values()]
        while not (
            streams["many"].progress.complete and all(is_open(sandbox, f"{user}-{verb}") for verb in STREAMS)
        ):
            await asyncio.sleep(0.002)
        await async_client.aclose()
        watch, many = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert isinstance(watch, ClientClosedError)
        assert isinstance(many, list)
        assert [type(outcome.error) for outcome in many] == [type(None), ClientClosedError]
        wait_until(lambda: all(is_quiet(sandbox, f"{user}-{verb}") for verb in STREAMS))

    loop = new_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


def test_a_fork_while_threads_iterate(programs: Programs) -> None:
    """Each child refuses its parent's running streams, has streams of its own, and the parent's reach their ends."""
    assert programs.run(
        """
        c = client()
        user = f"user-iterate-{os.getpid()}"
        ended, errors = {}, []
        streams = {
            "watch": c.watch_job_status(user, "pending-60", initial_delay=0.01, max_delay=0.01),
            "many": c.poll_many([(user, f"pending-{n}") for n in (40, 41, 42)], initial_delay=0.01, max_delay=0.01),
        }

        def consume(name):
            try:
                ended[name] = list(streams[name])
            except BaseException as error:
                errors.append(repr(error))

        threads = [threading.Thread(target=consume, args=(name,)) for name in streams]
        for thread in threads:
            thread.start()
        while streams["many"].progress.waiting < 3:
            time.sleep(0.001)
        for number in range(6):
            time.sleep(0.01)
            pid = os.fork()
            if pid == 0:
                signal.alarm(10)
                refused = 0
                for stream in streams.values():
                    try:
                        next(stream)
                    except smileid_jobs.ClientClosedError:
                        refused += 1
                mine = f"{user}-{number}"
                own = [len(list(c.watch_job_status(mine, "pending-1", initial_delay=0.005)))]
                own += [outcome.error for outcome in c.poll_many([(mine, "complete")])]
                status = c.wait_until_complete(mine, "pending-2", initial_delay=0.005)
                c.close()
                os._exit(0 if refused == 2 and own == [2, None] and status.job_complete else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        for thread in threads:
            thread.join(10)
        assert errors == [], errors
        assert [update.attempt for update in ended["watch"]] == list(range(1, 62))
        assert len(ended["many"]) == 3 and all(outcome.error is None for outcome in ended["many"])
        """
    ) == (0, "", "")


def test_async_streams_belong_to_their_process(programs: Programs) -> None:
    assert programs.run(
        """
        a = async_client()
        user = f"user-async-{os.getpid()}"

        async def refused(stream):
            try:
                await stream.__anext__()
            except smileid_jobs.ClientClosedError:
                return True

        async def child(streams):
            found = [await refused(stream) for stream in streams]
            for stream in streams:
                await stream.aclose()
            own = [outcome.error async for outcome in a.poll_many([(user, "complete")])]
            return found == [True, True] and own == [None]

        async def main():
            updates = a.watch_job_status(user, "pending-3", initial_delay=0.005)
            outcomes = a.poll_many([(user, "complete"), (user, "pending-4")], initial_delay=0.005)
            await updates.__anext__(), await outcomes.__anext__()
            pid = os.fork()
            if pid == 0:
                signal.alarm(10)
                asyncio.events._set_running_loop(None)
                os._exit(0 if asyncio.run(child([updates, outcomes])) else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            assert [update.attempt async for update in updates] == [2, 3, 4]
            assert [outcome.error async for outcome in outcomes] == [None]

        asyncio.run(main())
        """
    ) == (0, "", "")


def test_no_descriptor_is_left_for_the_librarys_thread(programs: Programs) -> None:
    """What the system has no room for now, it may have later."""
    assert programs.run(
        """
        import resource
        c = client()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        left = os.open(os.devnull, os.O_RDONLY)
        os.close(left)

        def ask():
            return [outcome.status.job_complete for outcome in c.poll_many([("user", "complete")])]

        for spare in range(3):
            resource.setrlimit(resource.RLIMIT_NOFILE, (left + spare, hard))
            try:
                ask()
            except smileid_jobs.InternalError as error:
                assert "no thread or no event queue" in error.message, error
                assert "Too many open files" in str(error.__cause__), error.__cause__
            else:
                raise AssertionError(spare)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert ask() == [True]
        """
    ) == (0, "", "")
