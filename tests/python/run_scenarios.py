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

from players import ASYNC_PLAYERS, PLAYERS, play_status, play_status_async
from views import error_outcome

from harness import Outcome, Play, Results, Sandbox, play_all, text
from smileid_jobs import AsyncClient, Client, Signature, SmileIDError

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
VERBS = (
    *(Client.get_job_status, Client.poll_job_status, Client.wait_until_complete, Client.watch_job_status),
    *(Client.poll_step, Client.poll_many, Client.download_images, Client.verify_callback),
)
CALL_ARGUMENTS = {name for verb in VERBS for name in inspect.signature(verb).parameters} - {"self"}


def argument(name: str, value: Any) -> tuple[str, Any]:
    """A case's argument as Python spells it: seconds, and no unit in the name."""
    if name == "then":
        value = arguments(value)
    elif isinstance(value, dict):
        token = value["$"]
        value = TOKENS[token] if token in TOKENS else text(value)
    elif name.endswith("_ms") and value is not None:
        value = value / 1000
    elif name == "jobs" and isinstance(value, list):
        value = [pair(entry) for entry in value]
    return name.removesuffix("_ms"), value


def pair(entry: Any) -> Any:
    """A job as Python has it; what is none is passed as it is."""
    if isinstance(entry, dict):
        return TOKENS[entry["$"]] if "$" in entry else (text(entry["user_id"]), text(entry["job_id"]))
    return entry


def arguments(given: dict[str, Any]) -> dict[str, Any]:
    return dict(argument(name, value) for name, value in given.items())


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
    return arguments(play.client), arguments(play.call)


def verb_of(play: Play) -> str:
    verb: str = play.case.call.get("verb") or play.case.vector["where"]
    return verb


def settled(play: Play, outcome: Outcome | None) -> Outcome:
    """An arguments case says no more than that all went well, unless a stream ended badly."""
    if outcome is None or play.case.kind == "arguments":
        error = None if outcome is None else outcome.get("error")
        return {"accepted": True} if error is None else {"error": error}
    return outcome


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
            return drive_call(play, client, call)
    except SmileIDError as error:
        return error_outcome(error)
    except KeyboardInterrupt:
        return {"cancelled": True}


def drive_call(play: Play, client: Client, call: dict[str, Any]) -> Outcome:
    plan = play.case.interrupt or {}
    if plan.get("when") == "before":
        client.close()
    # Ctrl-C is how a user cancels a call that blocks.
    interrupts: dict[str, Callable[[], object]] = {
        "close": client.close,
        "cancel": lambda: os.kill(os.getpid(), signal.SIGINT),
        **notifying(play, client),
    }
    with play.interrupting(interrupts[plan.get("by", "cancel")]):
        return settled(play, PLAYERS.get(verb_of(play), play_status)(client, verb_of(play), call))


def notifying(play: Play, client: Client | AsyncClient) -> dict[str, Callable[[], object]]:
    first = (play.call.get("jobs") or [{}])[0] if play.case.kind == "story" else {}
    user_id, job_id = first.get("user_id", play.user_id), first.get("job_id", play.job_id)
    return {
        "notify": lambda: client.notify(user_id, job_id),
        "notify_other": lambda: client.notify(user_id, f"{job_id}-other"),
    }


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
            player = ASYNC_PLAYERS.get(verb_of(play), play_status_async)
            task = asyncio.ensure_future(player(client, verb_of(play), call))
            notifies = notifying(play, client)
            closing: list[asyncio.Task[None]] = []

            def interrupt() -> None:
                if plan["by"] == "close":
                    closing.append(loop.create_task(client.aclose()))
                elif plan["by"] in notifies:
                    notifies[plan["by"]]()
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
