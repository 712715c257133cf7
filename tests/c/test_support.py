"""What the other tests of C and C++ rely on."""

import contextlib
import io
import unittest

from support import needs


class Needs(unittest.TestCase):
    def test_what_lacks_its_tool_does_not_count(self) -> None:
        with contextlib.redirect_stderr(io.StringIO()) as said:

            class Case(unittest.TestCase):
                @needs("no-such-tool")
                def test_without(self) -> None: ...

                @needs("gcc")
                def test_with(self) -> None: ...

        self.assertEqual(unittest.TestLoader().getTestCaseNames(Case), ["test_with"])
        self.assertRegex(said.getvalue(), r"^no no-such-tool on this machine: without .*test_without\n$")
