"""The two headers: that they compile anywhere, say what the library does, and agree with the core's tables."""

import ctypes
import json
import re
import unittest
from pathlib import Path
from typing import Any

from support import BINDING, HERE, OUT, PREFIX, ROOT, WARNINGS, SandboxTest, build, must, program

HEADER = (BINDING / "include" / "smileid_jobs.h").read_text(encoding="utf-8")
_PARTS = [BINDING / "include" / "smileid_jobs.hpp", *sorted((BINDING / "include" / "smileid_jobs").glob("*.hpp"))]
WRAPPER = "".join(part.read_text(encoding="utf-8") for part in _PARTS)
NO_LIMIT = 2**64 - 1
STRUCTS = {
    "client": "client",
    "get_job_status": "status",
    "poll_job_status": "poll",
    "wait_until_complete": "wait",
    "watch_job_status": "wait",
    "poll_step": "wait",
    "poll_many": "many",
    "download_images": "download",
}
_IN_WORDS = {1 << 30: "1 GiB", 30 * 24 * 60 * 60 * 1000: "30 days"}


def vectors(name: str) -> Any:
    return json.loads((HERE.parent / "vectors" / name).read_text(encoding="utf-8"))


def functions() -> set[str]:
    return set(re.findall(r"^[a-z].*?\b(smileid_\w+)\(", HEADER, re.MULTILINE))


class Compiles(unittest.TestCase):
    def compile(self, compiler: str, standard: str, header: str, times: int) -> None:
        language = "c++" if compiler == "g++" else "c"
        OUT.mkdir(parents=True, exist_ok=True)
        source = OUT / f"include-{times}.{'cpp' if language == 'c++' else 'c'}"
        source.write_text(f"#include <{header}>\n" * times + "int nothing;\n", encoding="utf-8")
        must([compiler, f"-std={standard}", *WARNINGS, f"-I{BINDING / 'include'}", "-fsyntax-only", source])

    def test_alone_and_twice(self) -> None:
        for times in (1, 2):
            for standard in ("c99", "c11", "c17"):
                self.compile("gcc", standard, "smileid_jobs.h", times)
            for standard in ("c++11", "c++17", "c++20"):
                self.compile("g++", standard, "smileid_jobs.h", times)
            for standard in ("c++17", "c++20"):
                self.compile("g++", standard, "smileid_jobs.hpp", times)


class SaysWhatTheLibraryDoes(unittest.TestCase):
    def test_exactly_the_api_is_exported(self) -> None:
        table = must(["nm", "-D", "--defined-only", PREFIX / "lib" / "libsmileid_jobs.so"])
        self.assertEqual({line.split()[-1] for line in table.splitlines()}, functions())

    def test_every_function_is_documented(self) -> None:
        documented = re.findall(r"\*/\n[a-z][^;{}]*?\b(smileid_\w+)\(", HEADER)
        self.assertEqual(set(documented), functions())

    def test_every_function_is_in_the_wrapper(self) -> None:
        missing = {name for name in functions() if not re.search(rf"\b{name}\b", WRAPPER)}
        self.assertEqual(missing, set())

    def test_version(self) -> None:
        manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
        version = re.search(r'^version = "(.*)"', manifest, re.MULTILINE)
        assert version
        library = ctypes.CDLL(str(PREFIX / "lib" / "libsmileid_jobs.so"))
        library.smileid_version.restype = ctypes.c_char_p
        parts = [re.search(rf"SMILEID_VERSION_{part} (\d+)", HEADER) for part in ("MAJOR", "MINOR", "PATCH")]
        self.assertEqual(".".join(part[1] for part in parts if part), version[1])
        self.assertIn(f'#define SMILEID_VERSION "{version[1]}"', HEADER)
        self.assertEqual(library.smileid_version().decode(), version[1])


class SaysWhatProgramsSee(SandboxTest):
    """What the documentation has to say of a function, because programs see it do so."""

    def seen(self, *command: str | Path) -> dict[str, set[str]]:
        seen: dict[str, set[str]] = {}
        for function, thing in map(str.split, self.plays(command).splitlines()):
            seen.setdefault(function, set()).add(thing)
        return seen

    def test_errors(self) -> None:
        bad = ("status-403", "status-429", "status-503", "page")
        for job in bad:
            image_links = {"selfie_image": f"{{{{origin}}}}/images/{job}/a.jpg"}
            self.sandbox.post_story("user-errors", job, [{"body": {"job_complete": True, "image_links": image_links}}])
        for function, names in self.seen(build("errors", program("errors.c")), *bad).items():
            listed = set(re.findall(r"SMILEID_ERROR_(\w+)", _doc(function)))
            self.assertLessEqual({name.upper() for name in names}, listed, function)

    def test_environment(self) -> None:
        known = r"SMILEID_\w+|SSL_CERT_(FILE|DIR)|(HTTPS?|ALL|NO)_PROXY|REQUEST_METHOD"
        for function, names in self.seen(build("environment", program("environment.c"))).items():
            # What Rust's threads begin with is said for all calls, at the top of the header.
            names = {name.upper() for name in names if not name.startswith(("RUST_", "TOKIO_"))}
            for name in names:
                self.assertRegex(name, f"^({known})$", function)
            self.assertEqual(bool(names), "the environment (setenv) during the call" in _doc(function), function)
        self.assertIn("no other thread may change it (setenv) during a call", _words(HEADER.partition("*/")[0]))


class AgreesWithTheCore(unittest.TestCase):
    def test_defaults(self) -> None:
        found = json.loads(must([build("options", program("options.c"))]))
        # An argument of its own, in no struct: max_age_ms.
        table = [entry for entry in vectors("defaults.json")["arguments"] if entry["used_by"] != "verify_callback"]
        listed = {f"{entry['used_by']}.{_field(entry)}": _value(entry) for entry in table}
        shown = {f"{verb}.{name}": value for verb, fields in found.items() for name, value in fields.items()}
        self.assertEqual(shown, listed)

    def test_documented_defaults_and_limits(self) -> None:
        for entry in vectors("defaults.json")["arguments"]:
            if entry["used_by"] == "verify_callback":
                continue
            struct = STRUCTS[entry["used_by"]]
            text = _field_doc(struct, _field(entry))
            if "As in smileid_poll_options_t" in text:
                text = _field_doc("poll", _field(entry))
            default = "SMILEID_NO_LIMIT, the default" if entry["default"] is None else f"default {_value(entry)}"
            self.assertIn(default, text, f"{struct}.{_field(entry)}")
            limits = (
                "0 or 1"
                if entry["kind"] == "flag"
                else f"{entry['min']} to {_IN_WORDS.get(entry['max'], entry['max'])}"
            )
            self.assertIn(limits, text, f"{struct}.{_field(entry)}")

    def test_error_numbers(self) -> None:
        listed = {f"SMILEID_ERROR_{entry['code'].upper()}": entry["number"] for entry in vectors("errors.json")}
        found = {name: int(number) for name, number in re.findall(r"^#define (SMILEID_ERROR_\w+) (\d+)", HEADER, re.M)}
        self.assertEqual(found, listed)

    def test_error_names(self) -> None:
        library = ctypes.CDLL(str(PREFIX / "lib" / "libsmileid_jobs.so"))
        library.smileid_error_code_name.restype = ctypes.c_char_p
        names = {number: library.smileid_error_code_name(number) for number in range(-10, 10_000)}
        known = {number: name.decode() for number, name in names.items() if name}
        self.assertEqual(known, {0: "ok", **{entry["number"]: entry["code"] for entry in vectors("errors.json")}})

    def test_exception_classes(self) -> None:
        bases = dict(re.findall(r"^SMILEID_CLASS\((\w+), (\w+)\)", WRAPPER, re.MULTILINE))
        thrown = dict(re.findall(r"case SMILEID_ERROR_(\w+): throw (\w+)\(", WRAPPER))
        table = vectors("errors.json")
        self.assertEqual(thrown, {entry["code"].upper(): entry["class"] for entry in table})
        # The classes in between: of the table's bases, those that no code has.
        between = {entry["base"] for entry in table} - {entry["class"] for entry in table} - {"SmileIDError"}
        expected = {entry["class"]: entry["base"] for entry in table} | dict.fromkeys(between, "SmileIDError")
        self.assertEqual(bases, expected)


def _field(entry: dict[str, Any]) -> str:
    return str(entry["argument"]) + ("_ms" if entry["kind"] == "duration_ms" else "")


def _value(entry: dict[str, Any]) -> int:
    return NO_LIMIT if entry["default"] is None else int(entry["default"])


def _words(comment: str) -> str:
    return re.sub(r"\s+\*\s+", " ", comment)


def _doc(function: str) -> str:
    doc = re.search(rf"/\*\*((?:(?!\*/).)*)\*/\n[a-z][^;{{}}]*?\b{function}\(", HEADER, re.DOTALL)
    assert doc, function
    return _words(doc[1])


def _field_doc(struct: str, field: str) -> str:
    body = re.search(rf"typedef struct \{{([^}}]*)\}} smileid_{struct}_options_t;", HEADER)
    assert body, struct
    doc = re.search(rf"/\*\*((?:(?!\*/).)*)\*/\s+\w+ {field};", body[1], re.DOTALL)
    assert doc, field
    return _words(doc[1])
