#!/usr/bin/env python3
"""Writes THIRD-PARTY-NOTICES: every crate that the built libraries contain, with its licence text.

    notices.py [--check]
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TARGET = REPOSITORY / "THIRD-PARTY-NOTICES"
SHIPPED = ("smileid-jobs-python", "smileid-jobs-node", "smileid-jobs-c")
LICENCE_NAMES = ("license", "licence", "copying", "notice", "unlicense")
# Crates that carry no licence file, and where their text is: in `licences/`, as their repository has it (napi-rs/napi-rs
# at 8681902c, of napi-sys in crates/sys; jni-rs/jni-rs at 0cff1c66), or with another crate of their repository.
LICENCES = Path(__file__).resolve().parent / "licences"
WITHOUT_FILE = {
    "jni": "jni-rs.txt",
    "jni-macros": "jni-rs.txt",
    "jni-sys-macros": "jni-sys",
    "napi": "napi-rs.txt",
    "napi-derive": "napi-rs.txt",
    "napi-derive-backend": "napi-rs.txt",
    "napi-sys": "napi-sys.txt",
    "rustls-platform-verifier-android": "rustls-platform-verifier",
}


def shipped_packages() -> list[dict]:
    """The third-party packages that end up in a library, on any platform."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    metadata = json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting = [package["id"] for package in metadata["packages"] if package["name"] in SHIPPED]
    seen: set[str] = set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        for dependency in nodes[current]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    third_party = (packages[one] for one in seen if packages[one]["source"] is not None)
    return sorted(third_party, key=lambda package: (package["name"], package["version"]))


def carried_files(package: dict) -> list[Path]:
    """The licence files that a package carries."""
    folder = Path(package["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().startswith(LICENCE_NAMES))
    return [path for path in files if path.suffix not in (".rs", ".toml")]


def licence_files(package: dict, packages: list[dict]) -> list[Path]:
    """The files with a package's licence, its own or the ones that stand for them."""
    name, files = package["name"], carried_files(package)
    place = WITHOUT_FILE.get(name)
    if place and files:
        raise SystemExit(f"{name} carries a licence file by now: take it out of WITHOUT_FILE")
    if place and place.endswith(".txt"):
        files = [LICENCES / place]
    elif place:
        files = [path for other in packages if other["name"] == place for path in carried_files(other)]
    if not files:
        raise SystemExit(f"{name} carries no licence file: WITHOUT_FILE must say where its text is")
    return files


def licence_texts(package: dict, packages: list[dict]) -> list[str]:
    """The licence texts of a package, normalised so that equal ones are equal."""
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in licence_files(package, packages))
    return ["\n".join(line.rstrip() for line in text.strip().splitlines()) for text in texts]


def notices() -> str:
    users: dict[str, list[str]] = {}
    listing = []
    packages = shipped_packages()
    if gone := WITHOUT_FILE.keys() - {package["name"] for package in packages}:
        raise SystemExit(f"no longer shipped, but in WITHOUT_FILE: {', '.join(sorted(gone))}")
    for package in packages:
        name = f"{package['name']} {package['version']}"
        texts = licence_texts(package, packages)
        listing.append(f"{name}: {package['license'] or 'see its licence file'}")
        for text in texts:
            users.setdefault(text, []).append(name)
    parts = [
        "The libraries built from this repository contain the following third-party packages.",
        "Written by scripts/notices.py; do not edit.",
        "",
        *listing,
    ]
    for text, names in sorted(users.items(), key=lambda item: item[1]):
        parts += ["", "=" * 80, "Licence of " + ", ".join(names), "", text]
    return "\n".join(parts) + "\n"


def main() -> int:
    text = notices()
    if "--check" not in sys.argv:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    print("THIRD-PARTY-NOTICES is not what the dependencies say; run scripts/notices.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
