"""The interpreter ends while work is in flight: status 0, nothing printed, whatever the threads are doing."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Programs

PROGRAMS = {
    "daemon threads in blocking calls": """
        c = client()
        def block(job):
            while True:
                try:
                    c.get_job_status("user-exit", job)
                except smileid_jobs.SmileIDError:
                    pass
        for job in ["stall"] * 4 + ["slow-1ms"] * 4 + ["complete"] * 8:
            threading.Thread(target=block, args=(job,), daemon=True).start()
        time.sleep(0.02 + 0.01 * int(os.environ["ROUND"]))
    """,
    "daemon threads that expect no error": """
        c = client()
        for job in ["stall", "never", "stall-body"] * 4:
            threading.Thread(target=c.poll_job_status, args=("user-exit", job), daemon=True).start()
        time.sleep(0.02 + 0.01 * int(os.environ["ROUND"]))
    """,
    "daemon threads with event loops": """
        c = async_client()
        def serve():
            loop = asyncio.new_event_loop()
            async def hammer(job):
                while True:
                    await c.get_job_status("user-exit", job)
            tasks = [loop.create_task(hammer(job)) for job in ["stall"] * 4 + ["complete"] * 8]
            loop.run_forever()
        for _ in range(3):
            threading.Thread(target=serve, daemon=True).start()
        time.sleep(0.02 + 0.01 * int(os.environ["ROUND"]))
    """,
    "daemon threads with event loops that also wait": """
        c = async_client()
        async def hammer(job):
            while True:
                await c.get_job_status("user-exit", job)
        async def many():
            async for _ in c.poll_many([("user-exit", f"never-{n}") for n in range(100)], timeout=None):
                pass
        async def serve():
            wait = c.wait_until_complete("user-exit", "never")
            await asyncio.gather(hammer("complete"), hammer("stall"), many(), wait)
        threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
        time.sleep(0.02 + 0.01 * int(os.environ["ROUND"]))
    """,
    "daemon threads with loops that have no readers": """
        class Loop(asyncio.SelectorEventLoop):
            def add_reader(self, *_):
                raise NotImplementedError
        c = async_client()
        def serve():
            loop = Loop()
            async def hammer(job):
                while True:
                    await c.get_job_status("user-exit", job)
            tasks = [loop.create_task(hammer(job)) for job in ["stall"] * 4 + ["complete"] * 8]
            loop.run_forever()
        for _ in range(3):
            threading.Thread(target=serve, daemon=True).start()
        time.sleep(0.02 + 0.01 * int(os.environ["ROUND"]))
    """,
    "a loop that was left": """
        loop = asyncio.new_event_loop()
        c = async_client()
        tasks = [loop.create_task(c.get_job_status("user-exit", job)) for job in ["stall", "slow-1ms"] * 8]
        for task in tasks:
            task._log_destroy_pending = False
        loop.run_until_complete(asyncio.sleep(0.005 * int(os.environ["ROUND"])))
    """,
    "clients that were never closed": """
        keep = [client(), async_client()]
        keep[0].get_job_status("user-exit", "complete")
        asyncio.run(keep[1].get_job_status("user-exit", "complete"))
    """,
    "a thread that is waited for": """
        c = client()
        threading.Thread(target=c.get_job_status, args=("user-exit", "slow-50ms")).start()
    """,
    "large callbacks, read by daemon threads and after ours": """
        import atexit
        c = client()
        body = '{"timestamp": "t", "signature": "s", "x": [' + "1," * 200_000 + "0]}"
        def read(c=c, body=body, expected=smileid_jobs.SmileIDError):
            try:
                c.verify_callback(body)
            except expected:
                pass
        def read_on():
            while True:
                read()
        class Late:
            # Until Python 3.12, `atexit` lets go of it after all else.
            def __del__(self, read=read):
                read()
        atexit.register(lambda late: read(), Late())
        for _ in range(4):
            threading.Thread(target=read_on, daemon=True).start()
        time.sleep(0.02 + 0.01 * int(os.environ["ROUND"]))
    """,
    "daemon threads that look at answers": """
        from smileid_jobs.status import _restore
        result = '{"ResultCode": "0810", "FullData": {%s}}' % ", ".join('"%s": 1' % n for n in range(500))
        body = '{"job_complete": true, "result": %s, "x": %s, "timestamp": "t", "signature": "s"}' % (result, result)
        def look_on():
            while True:
                status = _restore("user-exit", "job", body.encode())
                status.result, status.extras, status.to_dict()
        for _ in range(4):
            threading.Thread(target=look_on, daemon=True).start()
        time.sleep(0.05 + 0.01 * int(os.environ["ROUND"]))
    """,
    "handlers that come after ours": """
        import atexit
        c = client()
        def late():
            try:
                c.get_job_status("user-exit", "complete")
            except smileid_jobs.ClientClosedError:
                pass
        class Late:
            def __del__(self):
                late()
        atexit.register(late)
        keep = Late()
        c.get_job_status("user-exit", "complete")
    """,
}


@pytest.mark.parametrize("made", ["Client('1', 'k', environment='sandbox')", "Signature('1', 'k')"])
def test_the_errors_come_with_what_can_fail(made: str) -> None:
    """Not before, for they cost more than the rest; not later, for when the interpreter ends it is too late."""
    program = f"""
        import sys
        import smileid_jobs
        from smileid_jobs import Client, Signature
        assert "smileid_jobs.errors" not in sys.modules
        {made}
        assert "smileid_jobs.errors" in sys.modules
        assert "ClientClosedError" in vars(smileid_jobs)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", PROGRAMS)
def test_exit_is_clean(programs: Programs, name: str) -> None:
    # Two rounds side by side: the machine has few cores, and contention is what finds races.
    for pair in range(5):
        processes = [programs.start(PROGRAMS[name], ROUND=str(2 * pair + part)) for part in range(2)]
        for process in processes:
            assert programs.finish(process) == (0, "", "")


def test_a_loop_after_the_end_starts_no_thread(programs: Programs) -> None:
    source = """
        import atexit
        c = async_client()
        atexit._run_exitfuncs()
        async def main():
            try:
                await c.get_job_status("user-exit", "complete")
            except smileid_jobs.ClientClosedError:
                return len(os.listdir("/proc/self/task"))
        print(asyncio.run(main()))
    """
    assert programs.run(source) == (0, "1\n", "")


def test_loops_of_daemon_threads_that_expect_no_error(programs: Programs) -> None:
    """What ends their calls is not told to them: nobody is there for their tracebacks."""
    source = """
        c = async_client()
        for verb in (c.wait_until_complete, c.poll_job_status):
            wait = lambda verb=verb: verb("user-exit", "never")
            async def main(wait=wait):
                await wait()
            threading.Thread(target=lambda main=main: asyncio.run(main()), daemon=True).start()
        time.sleep(0.3)
    """
    for _ in range(10):
        for process in [programs.start(source) for _ in range(2)]:
            assert programs.finish(process) == (0, "", "")


def test_a_handler_from_before_the_first_use_may_wait_for_a_thread(programs: Programs) -> None:
    programs.prelude = ""
    source = """
        import atexit, signal, threading, time
        import smileid_jobs
        signal.alarm(10)
        atexit.register(lambda: (thread.join(), print(ended)))
        c = smileid_jobs.Client.from_env()
        ended = []

        def ask():
            ended.append(c.get_job_status("user-exit", "slow-250ms").job_complete)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        time.sleep(0.05)
    """
    assert programs.run(source) == (0, "[True]\n", "")


# Registered before the import, so that they run when all calls were ended.
LATE_HANDLER = """
import atexit, os, signal, sys, threading, time
atexit.register(lambda: late())
import asyncio
import smileid_jobs
signal.alarm(15)
ended = []

def ask(job="stall"):
    try:
        smileid_jobs.Client.from_env().get_job_status("user-exit", job)
    except smileid_jobs.ClientClosedError:
        ended.append("closed")
"""

ASKS_EVERYTHING = """
async def main():
    c = smileid_jobs.AsyncClient.from_env()

    async def all_of(stream):
        return [one async for one in stream]

    calls = [c.get_job_status("user-exit", job) for job in ("stall", "slow-5000ms")]
    calls += [c.wait_until_complete("user-exit", "never"), c.poll_job_status("user-exit", "never")]
    calls += [all_of(c.watch_job_status("user-exit", "never"))]
    calls += [all_of(c.poll_many([("user-exit", "stall"), ("user-exit", "never")]))]
    for end in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(end, smileid_jobs.ClientClosedError), end
    try:
        await c.get_job_status("user-exit", "complete")
    except smileid_jobs.ClientClosedError:
        ended.append("closed")
"""

JOINED = {
    "a blocking call": "work = ask",
    "asyncio": ASKS_EVERYTHING + "work = lambda: asyncio.run(main())",
    "uvloop": ASKS_EVERYTHING + "import uvloop\nwork = lambda: uvloop.run(main())",
    "a loop that has no readers": ASKS_EVERYTHING
    + """
class Loop(asyncio.SelectorEventLoop):
    def add_reader(self, *_):
        raise NotImplementedError

work = lambda: Loop().run_until_complete(main())
""",
}


@pytest.mark.parametrize("name", JOINED)
def test_a_handler_from_before_the_import_may_wait_for_a_thread(programs: Programs, name: str) -> None:
    """Its call was ended, but it is told so while the interpreter is there."""
    programs.prelude = LATE_HANDLER + JOINED[name]
    source = """
        late = lambda: (thread.join(), print(ended))
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        time.sleep(0.3)
    """
    assert programs.run(source) == (0, "['closed']\n", "")


def test_a_thread_that_comes_back_is_waited_for(programs: Programs) -> None:
    """A handler holds the interpreter until threads have run out of patience: they are let in before it goes down."""
    programs.prelude = LATE_HANDLER
    source = """
        def late():
            sys.setswitchinterval(60)
            until = time.monotonic() + 1.3
            while time.monotonic() < until:
                pass

        class Goes:
            def __del__(self, ended=ended, write=os.write):
                write(1, str(ended).encode())

        goes = Goes()
        for _ in range(2):
            threading.Thread(target=ask, daemon=True).start()
        time.sleep(0.1)
    """
    assert programs.run(source) == (0, "['closed', 'closed']", "")


def test_a_program_may_clear_the_handlers(programs: Programs) -> None:
    source = """
        import atexit
        c = client()
        c.get_job_status("user-exit", "complete")
        atexit._clear()
        print(c.get_job_status("user-exit", "complete").job_complete)
    """
    assert programs.run(source) == (0, "True\n", "")


def test_another_interpreter_of_the_process_is_refused(programs: Programs) -> None:
    """And its end ends nothing here."""
    source = """
        try:
            import _interpreters as interpreters
            other = interpreters.create("legacy")
        except ImportError:
            import _xxsubinterpreters as interpreters
            other = interpreters.create(isolated=False)
        c = client()
        c.get_job_status("user-exit", "complete")
        told = '''if True:
            import smileid_jobs
            try:
                smileid_jobs.Client
            except ImportError as error:
                print(error, flush=True)
        '''
        interpreters.run_string(other, told)
        interpreters.destroy(other)
        print(c.get_job_status("user-exit", "complete").job_complete)
    """
    refused = "smileid_jobs works in one interpreter of a process, and another one has imported it already"
    assert programs.run(source) == (0, f"{refused}\nTrue\n", "")
