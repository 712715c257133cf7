#!/usr/bin/env python3
"""Keeps what READMEs show equal to what runs.

    readme.py [--check]

A README marks a program with `<!-- program: path -->` on the line before its code block, and the table of errors with
`<!-- errors -->` on the line before it. What cannot be filled in is an error: a program without a README, and a binding's
README with other headings than the others.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ERRORS = json.loads((REPOSITORY / "tests" / "vectors" / "errors.json").read_text(encoding="utf-8"))
# Each README, and how a code is spelled there.
READMES = {
    "README.md": "{code}",
    "bindings-python/README.md": "{code}",
    "bindings-node/README.md": "SMILEID_{CODE}",
    "bindings-c/README.md": "SMILEID_ERROR_{CODE}",
}
HEADINGS = ["Install", "Use", "Errors", "Develop"]
PROGRAM = re.compile(r"(<!-- program: (?P<path>\S+) -->\n```\w+\n)(?P<body>.*?)(?P<end>\n?```\n)", re.DOTALL)
TABLE = re.compile(r"(<!-- errors -->\n)(\|.*?\n)*")
MOST_LINES = 30
# Durations among the names that the table mentions: Node spells them with their unit.
DURATIONS = ("retry_after", "max_age")


def filled(name: str, text: str) -> str:
    def program(match: re.Match[str]) -> str:
        body = (REPOSITORY / match["path"]).read_text(encoding="utf-8").rstrip("\n")
        if len(body.splitlines()) > MOST_LINES:
            raise SystemExit(f"{match['path']}: a quick start has at most {MOST_LINES} lines")
        return f"{match[1]}{body}\n```\n"

    return TABLE.sub(lambda match: match[1] + errors(name), PROGRAM.sub(program, text))


def errors(name: str) -> str:
    lines = ["| no. | code | class (its base) | what it means, and what to do | retried |", "|---|---|---|---|---|"]
    for row in ERRORS:
        is_node = name.startswith("bindings-node/")
        # Cancelling rejects with the signal's own reason there.
        if is_node and row["code"] == "cancelled":
            continue
        code = READMES[name].format(code=row["code"], CODE=row["code"].upper())
        base = "" if row["base"] == "SmileIDError" else f" ({row['base']})"
        text = f"{row['summary']} {row['advice']}"
        text = re.sub(r"`(\w+)`", nodes_spelling, text) if is_node else text
        lines.append(f"| {row['number']} | `{code}` | `{row['class']}`{base} | {text} | {row['retried']} |")
    return "\n".join(lines) + "\n"


def nodes_spelling(name: re.Match[str]) -> str:
    unit = "_ms" if name[1] in DURATIONS else ""
    return re.sub(r"_(\w)", lambda letter: letter[1].upper(), name[0].replace(name[1], name[1] + unit))


def check_layout(texts: dict[str, str]) -> None:
    """What has no place to be filled in."""
    for name, text in texts.items():
        if not TABLE.search(text):
            raise SystemExit(f"{name}: shows no table of errors")
        if name.startswith("bindings-") and re.findall(r"^## (.*)", text, re.MULTILINE) != HEADINGS:
            raise SystemExit(f"{name}: the headings are not {', '.join(HEADINGS)}")
    for path in (*REPOSITORY.glob("core/examples/*.*"), *REPOSITORY.glob("bindings-*/examples/*.*")):
        program = str(path.relative_to(REPOSITORY))
        for name in sorted({"README.md", f"{program.partition('/')[0]}/README.md"} & set(texts)):
            if f"<!-- program: {program} -->" not in texts[name]:
                raise SystemExit(f"{name}: does not show {program}")


def main() -> int:
    texts = {name: (REPOSITORY / name).read_text(encoding="utf-8") for name in READMES}
    check_layout(texts)
    drifted = [name for name, text in texts.items() if filled(name, text) != text]
    if "--check" in sys.argv:
        if drifted:
            print(f"{', '.join(drifted)}: differs from examples/ or tests/vectors/errors.json; run scripts/readme.py", file=sys.stderr)
        return 1 if drifted else 0
    for name in drifted:
        (REPOSITORY / name).write_text(filled(name, texts[name]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
