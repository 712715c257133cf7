"""What `make install` leaves behind, used as users use it: pkg-config, CMake, plain flags; shared and static."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import (
    BINDING,
    HERE,
    OUT,
    PREFIX,
    ROOT,
    STATIC_LIBS,
    WARNINGS,
    SandboxTest,
    compiler,
    install,
    is_there,
    must,
    needs,
)

EXAMPLES = [BINDING / "examples" / f"poll_job_status.{kind}" for kind in ("c", "cpp")]
CMAKE = """cmake_minimum_required(VERSION 3.13)
project(user C CXX)
find_package(smileid_jobs {version} CONFIG REQUIRED)
foreach(kind smileid_jobs static)
  add_executable(c-${{kind}} {c})
  add_executable(cpp-${{kind}} {cpp})
  target_compile_features(cpp-${{kind}} PRIVATE cxx_std_17)
  target_link_libraries(c-${{kind}} smileid_jobs::${{kind}})
  target_link_libraries(cpp-${{kind}} smileid_jobs::${{kind}})
endforeach()
"""


class Installed(unittest.TestCase):
    def test_files_and_soname(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            install(Path(f"{folder}/plain"))
            found = {str(path.relative_to(f"{folder}/plain")) for path in Path(folder).rglob("*") if not path.is_dir()}
            self.assertEqual(
                found,
                {
                    "include/smileid_jobs.h",
                    "include/smileid_jobs.hpp",
                    "include/smileid_jobs/base.hpp",
                    "include/smileid_jobs/client.hpp",
                    "include/smileid_jobs/error.hpp",
                    "include/smileid_jobs/event_loop.hpp",
                    "include/smileid_jobs/options.hpp",
                    "include/smileid_jobs/results.hpp",
                    "include/smileid_jobs/status.hpp",
                    "include/smileid_jobs/streams.hpp",
                    "lib/libsmileid_jobs.a",
                    "lib/libsmileid_jobs.so",
                    "lib/libsmileid_jobs.so.0.1",
                    "lib/libsmileid_jobs.so.0.1.0",
                    "lib/pkgconfig/smileid_jobs.pc",
                    "lib/cmake/smileid_jobs/smileid_jobs-config.cmake",
                    "lib/cmake/smileid_jobs/smileid_jobs-config-version.cmake",
                    "share/doc/smileid-jobs/LICENSE",
                    "share/doc/smileid-jobs/THIRD-PARTY-NOTICES",
                },
            )
            library = Path(folder) / "plain" / "lib" / "libsmileid_jobs.so"
            self.assertEqual(os.readlink(library), "libsmileid_jobs.so.0.1")
            self.assertIn("[libsmileid_jobs.so.0.1]", must(["readelf", "-d", library]))
            must(["make", "-s", "-C", BINDING, "uninstall", f"PREFIX={folder}/plain"])
            self.assertEqual([path for path in Path(folder).rglob("*") if not path.is_dir()], [])
            ours = {path.name for path in Path(folder).rglob("*smileid*")}
            self.assertEqual(ours, set(), "a folder of ours is left")

    def test_uninstall_leaves_what_is_not_ours(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            prefix = Path(folder, "plain")
            install(prefix)
            folders = ("docs", "include/smileid_jobs", "lib/cmake/smileid_jobs", "share/doc/smileid-jobs", "lib")
            kept = {prefix / name / "libsmileid_jobs.mine" for name in folders}
            for path in kept:
                path.parent.mkdir(exist_ok=True)
                path.write_text("mine", encoding="utf-8")
            uninstall = ["make", "-s", "-C", str(BINDING), "uninstall"]
            must([*uninstall, f"PREFIX={prefix}", f"DOCDIR={prefix}/docs"])
            self.assertTrue((prefix / "share/doc/smileid-jobs/LICENSE").exists(), "another DOCDIR was named")
            must([*uninstall, f"PREFIX={prefix}"])
            self.assertEqual({path for path in prefix.rglob("*") if not path.is_dir()}, kept)
            # A second time, and where nothing ever was.
            must([*uninstall, f"PREFIX={prefix}"])
            must([*uninstall, f"PREFIX={folder}/elsewhere"])

    def test_destdir_stays_out_of_the_files(self) -> None:
        with tempfile.TemporaryDirectory() as stage:
            profile = f"PROFILE={os.environ.get('PROFILE', 'dev')}"
            must(["make", "-s", "-C", BINDING, "install", f"DESTDIR={stage}", "PREFIX=/usr", profile])
            for name in ("pkgconfig/smileid_jobs.pc", "cmake/smileid_jobs/smileid_jobs-config.cmake"):
                text = (Path(stage) / "usr" / "lib" / name).read_text(encoding="utf-8")
                self.assertNotIn(stage, text)
                self.assertIsNone(re.search(r"@[A-Z_]+@", text), "a placeholder is left")

    def test_static_libs_are_what_rustc_says(self) -> None:
        command = ["cargo", "rustc", "-q", "-p", "smileid-jobs-c", "--lib", "--crate-type", "staticlib", "--"]
        command += ["--print", "native-static-libs"]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=True).stderr
        note = re.search(r"native-static-libs: (.*)", said)
        assert note, said
        self.assertEqual(set(note[1].split()), set(STATIC_LIBS))


def flags_of_the_file() -> dict[str, list[str]]:
    """What pkg-config would answer, read out of its file without it."""
    fields: dict[str, str] = {}
    for line in (PREFIX / "lib" / "pkgconfig" / "smileid_jobs.pc").read_text(encoding="utf-8").splitlines():
        if named := re.match(r"([\w.]+)(?:=|: )(.*)", line):
            fields[named[1]] = re.sub(r"\$\{(\w+)\}", lambda name: fields[name[1]], named[2])
    asked = {
        "--cflags": fields["Cflags"],
        "--libs": fields["Libs"],
        "--static --libs": f"{fields['Libs']} {fields['Libs.private']}",
        "--variable=static_link": fields["static_link"],
        "--modversion": fields["Version"],
    }
    return {option: flags.split() for option, flags in asked.items()}


class Used(SandboxTest):
    """The two quick-start programs, built and run in each of the documented ways."""

    def asks(self, *command: str | Path) -> None:
        printed = self.plays(command)
        self.assertRegex(
            printed, r"^succeeded: true \(code 0810, .+\)\nhistory: \d+ results\nimages: selfie and \d+ liveness\n$"
        )

    def build(self, example: Path, name: str, flags: list[str]) -> Path:
        target = OUT / f"{name}-{example.suffix[1:]}"
        OUT.mkdir(parents=True, exist_ok=True)
        must([*compiler(example), *WARNINGS, example, "-o", target, *flags])
        return target

    def test_plain_flags(self) -> None:
        shared = [f"-I{PREFIX}/include", f"-L{PREFIX}/lib", f"-Wl,-rpath,{PREFIX}/lib", "-lsmileid_jobs"]
        static = [f"-I{PREFIX}/include", f"{PREFIX}/lib/libsmileid_jobs.a", *STATIC_LIBS]
        for example in EXAMPLES:
            self.asks(self.build(example, "example-shared", shared))
            alone = self.build(example, "example-static", static)
            self.asks(alone)
            self.assertNotIn("smileid", must(["ldd", alone]))

    def test_pkg_config(self) -> None:
        flags = flags_of_the_file()
        if is_there("pkg-config"):
            env = {**os.environ, "PKG_CONFIG_PATH": str(PREFIX / "lib" / "pkgconfig")}
            for asked, words in flags.items():
                said = must(["pkg-config", *asked.split(), "smileid_jobs"], env).split()
                self.assertEqual(set(said), set(words), asked)
        self.assertLessEqual(set(STATIC_LIBS), set(flags["--static --libs"]))
        cflags, shared = flags["--cflags"], [*flags["--libs"], f"-Wl,-rpath,{PREFIX}/lib"]
        for example in EXAMPLES:
            self.asks(self.build(example, "example-pc-shared", [*cflags, *shared]))
            self.asks(self.build(example, "example-pc-static", [*cflags, *flags["--variable=static_link"]]))

    def test_cmake_package_names_what_is_installed(self) -> None:
        text = (PREFIX / "lib/cmake/smileid_jobs/smileid_jobs-config.cmake").read_text(encoding="utf-8")
        locations = re.findall(r'(?:IMPORTED_LOCATION|INTERFACE_INCLUDE_DIRECTORIES) "(.*)"', text)
        lib = PREFIX / "lib"
        self.assertEqual(locations, [f"{lib}/libsmileid_jobs.a", f"{lib}/libsmileid_jobs.so", str(PREFIX / "include")])
        for location in locations:
            self.assertTrue(Path(location).exists(), location)
        libraries = re.search(r'INTERFACE_LINK_LIBRARIES "(.*)"', text)
        assert libraries
        self.assertEqual(libraries[1].split(), STATIC_LIBS)

    @needs("cmake")
    def test_cmake(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.configure(Path(folder), "0.1")
            must(["cmake", "--build", f"{folder}/build"])
            for name in ("c-smileid_jobs", "cpp-smileid_jobs", "c-static", "cpp-static"):
                self.asks(f"{folder}/build/{name}")

    @needs("cmake")
    def test_cmake_versions(self) -> None:
        cases = {"0": True, "0.1": True, "0.1.0": True, "0.1.9": False, "0.0.9": False, "0.2": False, "1.0": False}
        for version, fits in cases.items():
            with self.subTest(version), tempfile.TemporaryDirectory() as folder:
                if fits:
                    self.configure(Path(folder), version)
                else:
                    with self.assertRaisesRegex(AssertionError, "compatible|version"):
                        self.configure(Path(folder), version)

    def configure(self, folder: Path, version: str) -> None:
        text = CMAKE.format(version=version, c=EXAMPLES[0], cpp=EXAMPLES[1])
        (folder / "CMakeLists.txt").write_text(text, encoding="utf-8")
        must(["cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={PREFIX}"])


class Readme(unittest.TestCase):
    def test_develop_builds_what_the_tests_start(self) -> None:
        sources = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("*.py"))
        started = set(re.findall(r'"target" / "debug" / "([\w-]+)"', sources))
        listed = json.loads(must(["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=ROOT))
        programs = {target["name"]: package["name"] for package in listed["packages"] for target in package["targets"]}
        develop = (BINDING / "README.md").read_text(encoding="utf-8").partition("## Develop")[2]
        self.assertEqual(set(re.findall(r"cargo build -p (\S+)", develop)), {programs[name] for name in started})
