"""What only the asyncio client can get wrong."""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import os
import select
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from conftest import TRIES, wait_until

from smileid_jobs import AsyncClient, ClientClosedError, InvalidArgumentError, RequestTimeoutError, _bridge

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from conftest import Programs

    from sandbox_client import Sandbox

NewLoop = "Callable[[], asyncio.AbstractEventLoop]"


def run(new_loop: Any, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """As asyncio.run, on a loop of a given kind."""
    loop = new_loop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(asyncio.wait_for(coroutine, 10))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_verbs_are_coroutine_functions() -> None:
    assert inspect.iscoroutinefunction(AsyncClient.get_job_status)
    assert inspect.iscoroutinefunction(AsyncClient.poll_job_status)


def test_many_at_once(new_loop: Any, async_client: AsyncClient, user: str) -> None:
    async def main() -> None:
        tasks = [asyncio.create_task(async_client.get_job_status(f"{user}-{n}", "complete")) for n in range(100)]
        statuses = await asyncio.gather(*tasks)
        assert [status.user_id for status in statuses] == [f"{user}-{n}" for n in range(100)]

    run(new_loop, main())


def test_one_client_serves_loops_one_after_the_other(new_loop: Any, async_client: AsyncClient, user: str) -> None:
    for _ in range(5):
        assert run(new_loop, async_client.get_job_status(user, "complete")).job_complete


def test_one_client_serves_loops_in_several_threads(async_client: AsyncClient, user: str) -> None:
    found: list[bool] = []

    async def main() -> None:
        statuses = await asyncio.gather(*(async_client.get_job_status(user, "slow-20ms") for _ in range(10)))
        found.extend(status.job_complete for status in statuses)

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [True] * 40


def test_cancelling_drops_the_request(new_loop: Any, async_client: AsyncClient, sandbox: Sandbox, user: str) -> None:
    async def cancelled() -> tuple[float, float]:
        task = asyncio.ensure_future(async_client.get_job_status(user, "stall"))
        while sandbox.log(user, "stall").none_open:
            await asyncio.sleep(0.005)
        start = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        took = time.monotonic() - start
        return took, wait_until(lambda: sandbox.log(user, "stall").none_open)

    async def main() -> None:
        took, closed = zip(*[await cancelled() for _ in range(TRIES)])
        assert min(took) < 0.05
        assert min(closed) < 0.2

    run(new_loop, main())


def test_wait_for_cancels(async_client: AsyncClient, sandbox: Sandbox, user: str) -> None:
    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(async_client.get_job_status(user, "stall"), 0.1)

    def closed() -> float:
        asyncio.run(main())
        return wait_until(lambda: sandbox.log(user, "stall").none_open)

    assert min(closed() for _ in range(TRIES)) < 0.2


def test_cancelled_before_its_first_step_sends_nothing(async_client: AsyncClient, sandbox: Sandbox, user: str) -> None:
    async def main() -> None:
        task = asyncio.create_task(async_client.get_job_status(user, "complete"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert sandbox.log(user, "complete").requests == 0


def test_a_late_completion_leaves_a_closed_loop_alone(
    new_loop: Any, async_client: AsyncClient, sandbox: Sandbox, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def sent() -> None:
        while not sandbox.log(user, "slow-250ms").requests:
            await asyncio.sleep(0.005)

    loop = new_loop()
    task = loop.create_task(async_client.get_job_status(user, "slow-250ms"))
    loop.run_until_complete(sent())
    loop.close()
    # Dropped where the loop could watch descriptors, answered where a thread stands in.
    wait_until(lambda: sandbox.log(user, "slow-250ms").none_open)
    time.sleep(0.05)
    assert not task.done()
    # Asyncio itself complains about a task that is still pending when it goes.
    task._log_destroy_pending = False
    del task, loop
    gc.collect()
    assert caplog.records == []


def test_a_forgotten_coroutine_drops_its_request(async_client: AsyncClient, sandbox: Sandbox, user: str) -> None:
    async def sent() -> None:
        while sandbox.log(user, "stall").none_open:
            await asyncio.sleep(0.005)

    def dropped() -> float:
        loop = asyncio.new_event_loop()
        task = loop.create_task(async_client.get_job_status(user, "stall"))
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        loop.run_until_complete(sent())
        loop.close()
        del task, loop
        gc.collect()
        return wait_until(lambda: sandbox.log(user, "stall").none_open)

    assert min(dropped() for _ in range(TRIES)) < 0.3


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_a_loop_that_is_closed_leaves_its_connections_to_others(
    kind: str, settings: dict[str, Any], sandbox: Sandbox, user: str
) -> None:
    client = AsyncClient(**settings, max_connections=1)

    async def main() -> asyncio.Task[Any]:
        task = asyncio.ensure_future(client.get_job_status(user, "stall"))
        while sandbox.log(user, "stall").none_open:
            await asyncio.sleep(0.005)
        return task

    def left() -> float:
        loop = importlib.import_module(kind).new_event_loop()
        task = loop.run_until_complete(main())
        task._log_destroy_pending = False
        loop.close()
        # Somebody holds the task, and with it the loop.
        assert asyncio.run(client.get_job_status(user, "complete", timeout=5)).job_complete
        closed = wait_until(lambda: sandbox.log(user, "stall").none_open)
        assert not task.done()
        return closed

    assert min(left() for _ in range(TRIES)) < 0.3


def test_a_task_that_nobody_holds_is_not_collected(new_loop: Any, async_client: AsyncClient, user: str) -> None:
    done: list[bool] = []

    async def fire() -> None:
        done.append((await async_client.get_job_status(user, "slow-50ms")).job_complete)

    async def main() -> None:
        asyncio.ensure_future(fire())  # noqa: RUF006
        while not done:
            gc.collect()
            await asyncio.sleep(0.01)

    run(new_loop, main())
    assert done == [True]


def current_bridge() -> _bridge.Bridge:
    bridge = _bridge._bridges[asyncio.get_running_loop()]()
    assert bridge is not None
    return bridge


def test_bridges_go_with_their_loops(new_loop: Any, async_client: AsyncClient, user: str) -> None:
    bridges: list[weakref.ref[Any]] = []

    async def main() -> None:
        await async_client.get_job_status(user, "complete")
        bridges.append(weakref.ref(current_bridge()))

    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    run(new_loop, main())
    gc.collect()
    before = open_files()
    for _ in range(5):
        run(new_loop, main())
    wait_until(lambda: gc.collect() >= 0 and all(bridge() is None for bridge in bridges))
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "smileid-jobs-bridge"])
    assert open_files() <= before


def test_one_bridge_per_loop(async_client: AsyncClient, settings: dict[str, Any], user: str) -> None:
    async def main() -> None:
        async with AsyncClient(**settings) as other:
            await async_client.get_job_status(user, "complete")
            first = current_bridge()
            await asyncio.gather(async_client.get_job_status(user, "complete"), other.get_job_status(user, "complete"))
            assert current_bridge() is first

    asyncio.run(main())


def test_closing_ends_calls(new_loop: Any, settings: dict[str, Any], sandbox: Sandbox, user: str) -> None:
    async def closed(user: str) -> float:
        async with AsyncClient(**settings) as client:
            task = asyncio.ensure_future(client.get_job_status(user, "stall"))
            while sandbox.log(user, "stall").none_open:
                await asyncio.sleep(0.005)
        start = time.monotonic()
        with pytest.raises(ClientClosedError):
            await task
        took = time.monotonic() - start
        with pytest.raises(ClientClosedError):
            await client.get_job_status(user, "complete")
        return took

    async def main() -> None:
        assert min([await closed(f"{user}-{n}") for n in range(TRIES)]) < 0.05

    run(new_loop, main())


def test_closing_many_waits_leaves_others_on_the_loop_their_turns(
    new_loop: Any, settings: dict[str, Any], user: str
) -> None:
    count, told, turns = 5000, 0, 0

    async def wait(client: AsyncClient, number: int) -> None:
        nonlocal told
        with pytest.raises(ClientClosedError):
            await client.wait_until_complete(user, f"never-{number}")
        told += 1

    async def take_turns() -> None:
        nonlocal turns
        while told < count:
            turns += told > 0
            await asyncio.sleep(0)

    async def main() -> None:
        async with AsyncClient(**settings) as client:
            waits = [asyncio.ensure_future(wait(client, number)) for number in range(count)]
            await asyncio.sleep(0)
        await asyncio.gather(take_turns(), *waits)
        assert turns >= 5

    run(new_loop, main())


def test_errors_come_out_of_await(async_client: AsyncClient, user: str) -> None:
    async def main() -> None:
        with pytest.raises(RequestTimeoutError):
            await async_client.get_job_status(user, "stall", timeout=0.05)
        with pytest.raises(InvalidArgumentError):
            await async_client.get_job_status(user, "complete", timeout=-1)

    asyncio.run(main())


def test_no_descriptor_is_left_for_a_bridge(programs: Programs) -> None:
    assert programs.run(
        """
        import resource
        a = async_client()

        async def main():
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            left = os.open(os.devnull, os.O_RDONLY)
            os.close(left)
            for spare in range(3):
                resource.setrlimit(resource.RLIMIT_NOFILE, (left + spare, hard))
                try:
                    await a.get_job_status("user", "complete", timeout=1)
                except smileid_jobs.InternalError as error:
                    assert "no thread or no event queue" in error.message, error
                    assert isinstance(error.__cause__, smileid_jobs.Cause)
                else:
                    raise AssertionError(spare)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert (await a.get_job_status("user", "complete")).job_complete

        asyncio.run(main())
        """
    ) == (0, "", "")


def test_a_nested_run_does_not_block_the_loop(async_client: AsyncClient, user: str) -> None:
    """A reader that is called once more than there are wake-ups must not wait for one."""

    async def main() -> None:
        await async_client.get_job_status(user, "complete")
        current_bridge()._drain(False)

    asyncio.run(asyncio.wait_for(main(), 5))


def test_an_idle_loop_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, new_loop: Any, async_client: AsyncClient, user: str
) -> None:
    drained: list[bool] = []
    drain = _bridge.Bridge._drain

    def counted(bridge: _bridge.Bridge, waited: bool) -> None:
        drained.append(waited)
        drain(bridge, waited)

    monkeypatch.setattr(_bridge.Bridge, "_drain", counted)

    async def main() -> None:
        await asyncio.gather(*(async_client.get_job_status(f"{user}-{n}", "complete") for n in range(20)))
        with pytest.raises(RequestTimeoutError):
            await async_client.get_job_status(user, "stall", timeout=0.05)
        before = len(drained)
        assert before > 0
        await asyncio.sleep(0.3)
        # A connection that is let go of may still be told of.
        assert len(drained) <= before + 2

    run(new_loop, main())


def test_a_wake_up_that_comes_while_others_are_taken_is_taken_too(settings: dict[str, Any], user: str) -> None:
    """One that stayed would call the loop for ever. Of so many, one comes at such a moment now and then."""

    async def main() -> None:
        async with AsyncClient(**settings, max_connections=256) as client:
            for _ in range(5):
                # The library's thread ends each of them at a moment of its own.
                calls = [client.wait_until_complete(user, f"slow-{ms}ms") for ms in range(60, 260)]
                tasks = [asyncio.ensure_future(call) for call in calls]
                await asyncio.sleep(0.03)
                bridge, ends_at = current_bridge(), time.monotonic() + 0.25
                while time.monotonic() < ends_at:
                    bridge._drain(False)
                await asyncio.gather(*tasks)
                assert select.select([bridge._native.fileno()], [], [], 0) == ([], [], [])

    asyncio.run(main())
