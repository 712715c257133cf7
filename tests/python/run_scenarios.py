"""Plays every case with both Python clients: the columns `python` and `asyncio`."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness import Outcome, Play, Results, Sandbox, play_all, text
from smileid_jobs import AsyncClient, Client, JobStatus, Signature, SmileIDError

if TYPE_CHECKING:
    from collections.abc import Callable

TOKENS: dict[str, Any] = {
    "null": None,
    "no_limit": None,
    "text": "2",
    "bool": True,
    "list": [],
    "map": {},
    "bytes": b"abc",
    "nan": float("nan"),
    "infinity": float("inf"),
    "bigint": 10**30,
    "nul_byte": "a\0b",
    "lone_surrogate": "a\ud800b",
}
CALL_ARGUMENTS = {
    name for verb in (Client.get_job_status, Client.poll_job_status) for name in inspect.signature(verb).parameters
}


def argument(name: str, value: Any) -> tuple[str, Any]:
    """A case's argument as Python spells it: seconds, and no unit in the name."""
    if isinstance(value, dict):
        token = value["$"]
        value = TOKENS[token] if token in TOKENS else text(value)
    elif name.endswith("_ms") and value is not None:
        value = value / 1000
    return name.removesuffix("_ms"), value


def arguments(given: dict[str, Any]) -> dict[str, Any]:
    return dict(argument(name, value) for name, value in given.items())


def view(status: JobStatus) -> dict[str, Any]:
    """The typed view, read from the attributes; `to_dict` must say the same."""
    nested = (status.result, status.image_links)
    result, image_links = (None if value is None else value.to_dict() for value in nested)
    history = [entry.to_dict() for entry in status.history]
    seen = {name: getattr(status, name) for name in status.to_dict()}
    seen |= {"result": result, "image_links": image_links, "history": history}
    if seen != status.to_dict():
        raise AssertionError("the attributes and to_dict() differ")
    return seen


def error_outcome(error: SmileIDError) -> Outcome:
    retry_after = error.retry_after
    return {
        "error": {
            "code": error.code,
            "number": error.number,
            "class": type(error).__name__,
            "argument": error.argument,
            "phase": error.phase,
            "http_status": error.http_status,
            "api_code": error.api_code,
            "retry_after_ms": None if retry_after is None else round(retry_after * 1000),
            "attempts": error.attempts,
            "last_status": None if error.last_status is None else view(error.last_status),
            "last_error": None if error.last_error is None else error.last_error.code,
        }
    }


def drive_signature(play: Play) -> Outcome:
    entry = play.case.vector
    signature = Signature(entry["partner_id"], entry["api_key"])
    confirmed = signature.confirm_signature(entry["timestamp"], entry["signature"])
    if "signature" not in play.case.expect["outcome"]:
        return {"confirmed": confirmed}
    return {"signature": signature.generate_signature(entry["timestamp"]).signature, "confirmed": confirmed}


def split(play: Play) -> tuple[dict[str, Any], dict[str, Any]]:
    """The client's arguments of a case, and the call's."""
    if play.case.kind == "arguments":
        given = arguments(play.arguments)
        call = {name: given.pop(name) for name in list(given) if name in CALL_ARGUMENTS}
        return given, call
    call = {name: value for name, value in play.case.call.items() if name != "verb"}
    return arguments(play.client), {"user_id": play.user_id, "job_id": play.job_id, **arguments(call)}


def verb_of(play: Play) -> str:
    verb: str = play.case.call.get("verb") or play.case.vector["where"]
    return verb


def settled(play: Play, status: JobStatus | None) -> Outcome:
    if play.case.kind == "arguments" or status is None:
        return {"accepted": True}
    return {"status": view(status)}


def drive(play: Play) -> Outcome:
    try:
        if play.case.kind == "signing":
            return drive_signature(play)
        settings, call = split(play)
        if verb_of(play) == "signature":
            timestamp = settings.pop("timestamp", None)
            Signature(**settings).generate_signature(timestamp)
            return settled(play, None)
        with Client(**settings) as client:
            if verb_of(play) == "client":
                return settled(play, None)
            return drive_call(play, client, getattr(client, verb_of(play)), call)
    except SmileIDError as error:
        return error_outcome(error)
    except KeyboardInterrupt:
        return {"cancelled": True}


def drive_call(play: Play, client: Client, verb: Callable[..., JobStatus], call: dict[str, Any]) -> Outcome:
    plan = play.case.interrupt or {}
    if plan.get("when") == "before":
        client.close()
    # Ctrl-C is how a user cancels a call that blocks.
    interrupt = client.close if plan.get("by") == "close" else lambda: os.kill(os.getpid(), signal.SIGINT)
    with play.interrupting(interrupt):
        return settled(play, verb(**call))


async def drive_async(play: Play) -> Outcome:
    settings, call = split(play)
    loop = asyncio.get_running_loop()
    try:
        async with AsyncClient(**settings) as client:
            if verb_of(play) == "client":
                return settled(play, None)
            plan = play.case.interrupt or {}
            if plan.get("when") == "before":
                await client.aclose()
            task = asyncio.ensure_future(getattr(client, verb_of(play))(**call))
            closing: list[asyncio.Task[None]] = []

            def interrupt() -> None:
                if plan["by"] == "close":
                    closing.append(loop.create_task(client.aclose()))
                else:
                    task.cancel()

            with play.interrupting(lambda: loop.call_soon_threadsafe(interrupt)):
                return settled(play, await task)
    except SmileIDError as error:
        return error_outcome(error)
    except asyncio.CancelledError:
        return {"cancelled": True}


def drive_asyncio(play: Play) -> Outcome:
    # Signing is the same class for both; so are a signature's arguments.
    is_signature = play.case.kind == "signing" or play.case.vector.get("where") == "signature"
    return drive(play) if is_signature else asyncio.run(drive_async(play))


def main() -> None:
    # A runner may be started with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Sandbox.from_environment() as sandbox:
        play_all("python", drive, sandbox, Results.from_environment())
        play_all("asyncio", drive_asyncio, sandbox, Results.from_environment())


if __name__ == "__main__":
    main()
