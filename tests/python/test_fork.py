"""Clients that were made, and used, before a fork."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Programs


def test_children_of_a_busy_parent(programs: Programs) -> None:
    """Eight threads poll in the parent; children ask, close or drop the client and exit in every way."""
    assert programs.run(
        """
        c, a = client(), async_client()
        stop, errors, answered = threading.Event(), [], []

        def poll():
            while not stop.is_set():
                try:
                    assert c.poll_job_status("user-fork", "slow-1ms", retry_count=2, initial_delay=0.001).job_complete
                    answered.append(1)
                except BaseException as error:
                    errors.append(repr(error))

        threads = [threading.Thread(target=poll) for _ in range(8)]
        for thread in threads:
            thread.start()
        asyncio.run(a.get_job_status("user-fork", "complete"))

        async def several():
            return await asyncio.gather(*(a.get_job_status("user-child", "complete") for _ in range(4)))

        children = []
        for number in range(16):
            pid = os.fork()
            if pid == 0:
                ok = c.get_job_status("user-child", "complete").job_complete and len(asyncio.run(several())) == 4
                if number % 2:
                    c.close()
                else:
                    del c, a
                if number % 4 < 2:
                    os._exit(0 if ok else 1)
                sys.exit(0 if ok else 1)
            children.append(pid)
        ended = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        before = len(answered)
        time.sleep(0.1)
        assert len(answered) > before, "the parent's polls stopped"
        stop.set()
        for thread in threads:
            thread.join(5)
        assert ended == [0] * 16, ended
        assert not errors, errors[0]
        assert asyncio.run(a.get_job_status("user-fork", "complete")).job_complete
        """
    ) == (0, "", "")


def test_a_child_of_a_child(programs: Programs) -> None:
    assert programs.run(
        """
        c = client()

        def descend(depth):
            assert c.get_job_status("user-fork", "complete").job_complete
            if depth:
                pid = os.fork()
                if pid == 0:
                    descend(depth - 1)
                    os._exit(0)
                assert os.waitpid(pid, 0)[1] == 0
                assert c.get_job_status("user-fork", "complete").job_complete

        descend(3)
        """
    ) == (0, "", "")


def test_a_fork_inside_a_running_loop(programs: Programs) -> None:
    """What tasks of the parent hold is left alone by the child, which runs a loop of its own."""
    assert programs.run(
        """
        import gc
        a = async_client()

        async def child():
            return (await a.get_job_status("user-child", "complete")).job_complete

        async def main():
            task = asyncio.create_task(a.get_job_status("user-fork", "slow-250ms"))
            await asyncio.sleep(0.05)
            pid = os.fork()
            if pid == 0:
                asyncio.events._set_running_loop(None)
                task._log_destroy_pending = False
                del task
                gc.collect()
                os._exit(0 if asyncio.run(child()) else 1)
            while os.waitpid(pid, os.WNOHANG) == (0, 0):
                await asyncio.sleep(0.005)
            assert (await task).job_complete

        asyncio.run(main())
        """
    ) == (0, "", "")


def test_a_loop_from_before_the_fork_runs_in_both(programs: Programs) -> None:
    """Parent and child share the loop's descriptors; neither may take the other's wake-ups."""
    assert programs.run(
        """
        a = async_client()
        loop = asyncio.new_event_loop()

        async def several():
            for _ in range(40):
                statuses = await asyncio.gather(*(a.get_job_status("user-fork", "complete") for _ in range(4)))
                assert all(status.job_complete for status in statuses)

        loop.run_until_complete(several())
        pid = os.fork()
        loop.run_until_complete(several())
        if pid == 0:
            os._exit(4)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4
        loop.close()
        """
    ) == (0, "", "")


def test_pre_forking_server(programs: Programs) -> None:
    """As `gunicorn --preload`: the client is a global of the application; workers are signalled to end."""
    assert programs.run(
        """
        c = client()
        assert c.get_job_status("user-fork", "complete").job_complete
        workers = []
        for number in range(3):
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
                for _ in range(5):
                    assert c.get_job_status(f"user-worker-{number}", "complete").job_complete
                os.kill(os.getpid(), signal.SIGTERM)
                c.get_job_status(f"user-worker-{number}", "stall")
            workers.append(pid)
        ended = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in workers]
        assert ended == [3, 3, 3], ended
        assert c.get_job_status("user-fork", "complete").job_complete
        """
    ) == (0, "", "")


def test_multiprocessing(programs: Programs) -> None:
    assert programs.run(
        """
        import multiprocessing
        c = client()

        def ask(number):
            return c.get_job_status(f"user-{number}", "complete")

        if __name__ == "__main__":
            first = ask(0)
            with multiprocessing.get_context("fork").Pool(3) as pool:
                statuses = pool.map(ask, range(12))
            assert [status.user_id for status in statuses] == [f"user-{number}" for number in range(12)]
            assert all(status.result == first.result or status.result.result_code == "0810" for status in statuses)
            assert ask(0).job_complete
        """
    ) == (0, "", "")


def test_a_client_closed_before_the_fork_stays_closed(programs: Programs) -> None:
    assert programs.run(
        """
        c = client()
        c.get_job_status("user-fork", "complete")
        c.close()
        if os.fork() == 0:
            try:
                c.get_job_status("user-fork", "complete")
            except smileid_jobs.ClientClosedError:
                os._exit(5)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 5
        """
    ) == (0, "", "")


def test_the_thread_that_forks_hears_signals_in_the_child(programs: Programs) -> None:
    """Signal handlers run on a process's main thread, which is another one in a child that a thread has forked."""
    assert programs.run(
        """
        c = client()
        assert c.get_job_status("user-fork", "complete").job_complete  # the parent's main thread is known now
        ended = []

        def fork():
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGALRM, lambda *_: os._exit(7))
                signal.setitimer(signal.ITIMER_REAL, 0.2)
                c.get_job_status("user-child", "stall", timeout=5)
                os._exit(1)
            ended.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

        thread = threading.Thread(target=fork)
        thread.start()
        thread.join(10)
        assert ended == [7], ended
        """
    ) == (0, "", "")
