"""Programs that use the library in the ways that only C and C++ can get wrong."""

import subprocess
import tempfile
from pathlib import Path
from unittest import mock

import bare_machine
from support import (
    PREFIX,
    PROGRAMS,
    ROOT,
    TESTING_PREFIX,
    SandboxTest,
    build,
    install,
    needs,
    program,
    run,
)

VALGRIND = [
    "valgrind", "-q", "--leak-check=full", "--show-leak-kinds=definite,indirect",
    "--errors-for-leak-kinds=definite,indirect", "--error-exitcode=9",
]  # fmt: skip
WRAPPER = [PROGRAMS / "wrapper_other.cpp", PROGRAMS / "wrapper.cpp"]


class Programs(SandboxTest):
    def setUp(self) -> None:
        self.post_stories()

    def test_environment_of_the_shell(self) -> None:
        with mock.patch.dict("os.environ", SMILEID_ENVIRONMENT="sandbox"):
            self.plays([build("ownership", program("ownership.c"))])

    def test_ownership(self) -> None:
        self.plays([build("ownership", program("ownership.c"))])

    def test_options(self) -> None:
        self.plays([build("options", program("options.c"))])

    def test_wrapper(self) -> None:
        self.plays([build("wrapper", WRAPPER)])
        self.assertTrue(self.sandbox.log("user-cpp").none_open)

    def test_threads(self) -> None:
        self.plays([build("threads", program("threads.c"))])
        self.assertEqual(self.sandbox.log("user-threads", "before").requests, 0, "a cancelled token sent a request")
        self.assertTrue(self.sandbox.log("user-threads", "stall").none_open)

    def test_event_loop(self) -> None:
        self.plays([build("event_loop", program("event_loop.c"))])
        self.assertEqual(self.sandbox.log("user-loop", "before").requests, 0, "what ended at once sent a request")
        for user in ("user-loop", "user-freed-loop"):
            self.assertTrue(self.sandbox.log(user).none_open)

    def test_event_loop_in_cpp(self) -> None:
        self.plays([build("event_loop-cpp", program("event_loop.cpp"))])

    def test_fork(self) -> None:
        self.plays([build("fork", program("fork.c"))])

    def test_gone_server(self) -> None:
        gone = build("gone_server", program("gone_server.c"))
        with tempfile.TemporaryDirectory() as folder, subprocess.Popen(
            [ROOT / "target" / "debug" / "close-unread", Path(folder, "ca.pem")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as server:  # fmt: skip
            self.addCleanup(server.kill)
            assert server.stdin and server.stdout
            self.plays([gone, server.stdout.readline().strip(), Path(folder, "ca.pem")])
            server.stdin.close()

    def test_exit_with_calls_in_flight(self) -> None:
        ending = build("exit", program("exit.c"))
        for way in ("return", "exit", "quick", "main-thread"):
            with self.subTest(way):
                self.assertEqual(self.plays([ending, way]), "")

    def test_streams_and_their_log(self) -> None:
        log = self.plays([build("streams", program("streams.c"))])
        self.assertTrue(self.sandbox.log("user-streams", "stall").none_open)
        self.assertRegex(log, r"(?m)^log [1-5] ")
        for secret in (self.sandbox.api_key, "user-streams", "stall", "never", "signature", "http", "=="):
            self.assertNotIn(secret, log)
        self.assertEqual(self.sandbox.log("user-streams-ended").requests, 0, "an ended stream sent a request")

    def test_streams_in_cpp(self) -> None:
        self.plays([build("streams-cpp", program("streams.cpp"))])
        self.assertEqual(self.sandbox.log("user-streams-ended").requests, 0, "an ended stream sent a request")

    def test_waits(self) -> None:
        self.plays([build("waits", program("waits.c"))])
        for user in ("user-waits", "user-freed"):
            self.assertTrue(self.sandbox.log(user).none_open)

    def test_log_of_every_verb(self) -> None:
        with tempfile.TemporaryDirectory(prefix="CANARY") as folder:
            self.plays([build("log", program("log.c")), self.sandbox.url, folder])

    def test_log_levels_of_a_warning(self) -> None:
        log = build("log", program("log.c"))
        warning = f"2 {bare_machine.WARNING}\n"
        for level, told in ((1, ""), (2, warning), (5, warning)):
            self.assertEqual(bare_machine.run(log, str(level)), (0, told, ""))

    def test_unload(self) -> None:
        loading = build("unload", program("unload.c"), libs=["-ldl"])
        self.plays([loading, PREFIX / "lib" / "libsmileid_jobs.so.0.1"])


class Sanitized(SandboxTest):
    """The same with AddressSanitizer, its leak check, and UBSan; static, so that all of the heap is watched."""

    def setUp(self) -> None:
        self.post_stories()

    def test_ownership(self) -> None:
        self.plays([build("ownership-asan", program("ownership.c"), sanitized=True)])

    def test_options(self) -> None:
        self.plays([build("options-asan", program("options.c"), sanitized=True)])

    def test_wrapper(self) -> None:
        self.plays([build("wrapper-asan", WRAPPER, sanitized=True)])

    def test_threads(self) -> None:
        self.plays([build("threads-asan", program("threads.c"), sanitized=True)])

    def test_streams(self) -> None:
        self.plays([build("streams-asan", program("streams.c"), sanitized=True)])
        self.plays([build("streams-cpp-asan", program("streams.cpp"), sanitized=True)])

    def test_waits(self) -> None:
        self.plays([build("waits-asan", program("waits.c"), sanitized=True)])

    def test_event_loop(self) -> None:
        self.plays([build("event_loop-asan", program("event_loop.c"), sanitized=True)])
        self.plays([build("event_loop-cpp-asan", program("event_loop.cpp"), sanitized=True)])

    def test_log(self) -> None:
        with tempfile.TemporaryDirectory(prefix="CANARY") as folder:
            self.plays([build("log-asan", program("log.c"), sanitized=True), self.sandbox.url, folder])


class Valgrind(SandboxTest):
    """Some of those that run with sanitizers, too."""

    @needs("valgrind")
    def test_no_leak_and_no_wild_access(self) -> None:
        self.post_stories()
        self.plays([*VALGRIND, build("ownership", program("ownership.c"))])
        self.post_stories()
        self.plays([*VALGRIND, build("wrapper", WRAPPER)])
        self.plays([*VALGRIND, build("event_loop", program("event_loop.c"))])
        self.plays([*VALGRIND, build("event_loop-cpp", program("event_loop.cpp"))])


class Panic(SandboxTest):
    """The shipped library has no way to panic on purpose; this one is built with the feature `testing`."""

    def test_panic_is_an_error(self) -> None:
        install(TESTING_PREFIX, features="testing")
        done = run([build("panic", program("panic.c"), prefix=TESTING_PREFIX)], self.env)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertNotIn(self.sandbox.api_key, done.stderr)
        self.assertIn(b"injected by a test", (TESTING_PREFIX / "lib" / "libsmileid_jobs.so").read_bytes())

    def test_shipped_library_cannot(self) -> None:
        for library in ("libsmileid_jobs.so", "libsmileid_jobs.a"):
            self.assertNotIn(b"injected by a test", (PREFIX / "lib" / library).read_bytes())
