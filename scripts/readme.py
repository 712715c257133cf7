#!/usr/bin/env python3
"""Keeps the programs that READMEs show equal to the programs that run.

    readme.py [--check]

A README marks a program with `<!-- program: path -->` on the line before its code block.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
READMES = ("README.md", "bindings-python/README.md", "bindings-node/README.md", "bindings-c/README.md")
MARK = re.compile(r"(<!-- program: (?P<path>\S+) -->\n```(?P<language>\w+)\n)(?P<body>.*?)(?P<end>\n```\n)", re.DOTALL)
MOST_LINES = 30


def filled(text: str) -> str:
    def program(match: re.Match[str]) -> str:
        body = (REPOSITORY / match["path"]).read_text(encoding="utf-8").rstrip("\n")
        if len(body.splitlines()) > MOST_LINES:
            raise SystemExit(f"{match['path']}: a quick start has at most {MOST_LINES} lines")
        return match[1] + body + match["end"]

    return MARK.sub(program, text)


def main() -> int:
    drifted = []
    for name in READMES:
        path = REPOSITORY / name
        text = path.read_text(encoding="utf-8")
        if not MARK.search(text):
            raise SystemExit(f"{name}: shows no program")
        if filled(text) == text:
            continue
        if "--check" in sys.argv:
            drifted.append(name)
        else:
            path.write_text(filled(text), encoding="utf-8")
    if drifted:
        print(f"{', '.join(drifted)}: not the programs in examples/; run scripts/readme.py", file=sys.stderr)
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main())
