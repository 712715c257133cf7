#!/usr/bin/env python3
"""Keeps what READMEs show equal to what runs.

    readme.py [--check]

A README marks a program with `<!-- program: path -->` on the line before its code block, and the table of errors with
`<!-- errors -->` on the line before it.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
READMES = ("README.md", "bindings-python/README.md", "bindings-node/README.md", "bindings-c/README.md")
MARK = re.compile(r"(<!-- program: (?P<path>\S+) -->\n```(?P<language>\w+)\n)(?P<body>.*?)(?P<end>\n?```\n)", re.DOTALL)
ERRORS = re.compile(r"(<!-- errors -->\n)(\|.*?\n)*")
MOST_LINES = 30


def filled(text: str) -> str:
    def program(match: re.Match[str]) -> str:
        body = (REPOSITORY / match["path"]).read_text(encoding="utf-8").rstrip("\n")
        if len(body.splitlines()) > MOST_LINES:
            raise SystemExit(f"{match['path']}: a quick start has at most {MOST_LINES} lines")
        return f"{match[1]}{body}\n```\n"

    return ERRORS.sub(lambda match: match[1] + errors(), MARK.sub(program, text))


def errors() -> str:
    rows = json.loads((REPOSITORY / "tests" / "vectors" / "errors.json").read_text(encoding="utf-8"))
    lines = ["| no. | code | class | means | retried |", "|---|---|---|---|---|"]
    for row in rows:
        base = "" if row["base"] == "SmileIDError" else f" ({row['base']})"
        lines.append(f"| {row['number']} | `{row['code']}` | `{row['class']}`{base} | {row['summary']} | {row['retried']} |")
    return "\n".join(lines) + "\n"


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
