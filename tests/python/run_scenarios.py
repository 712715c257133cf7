"""Plays every case with both Python clients: the columns `python` and `asyncio`."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness import Outcome, Play, Results, Sandbox, play_all, text
from smileid_jobs import (
    AsyncClient,
    Callback,
    Client,
    Image,
    JobOutcome,
    JobStatus,
    PollStep,
    Signature,
    SmileIDError,
    StatusUpdate,
)

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
    Client.get_job_status,
    Client.poll_job_status,
    Client.wait_until_complete,
    Client.watch_job_status,
    Client.poll_step,
    Client.poll_many,
    Client.download_images,
    Client.verify_callback,
)
CALL_ARGUMENTS = {name for verb in VERBS for name in inspect.signature(verb).parameters}


def argument(name: str, value: Any) -> tuple[str, Any]:
    """A case's argument as Python spells it: seconds, pairs, and no unit in the name."""
    if name == "jobs" and isinstance(value, list):
        value = [job_argument(entry) for entry in value]
    elif isinstance(value, dict) and "$" in value:
        token = value["$"]
        value = TOKENS[token] if token in TOKENS else text(value)
    elif name.endswith("_ms") and value is not None:
        value = value / 1000
    return name.removesuffix("_ms"), value


def job_argument(entry: Any) -> Any:
    if isinstance(entry, dict):
        return TOKENS[entry["$"]] if "$" in entry else (entry["user_id"], entry["job_id"])
    return entry


def arguments(given: dict[str, Any]) -> dict[str, Any]:
    return dict(argument(name, value) for name, value in given.items())


def view(status: JobStatus) -> dict[str, Any]:
    """The typed view, read from the attributes; `to_dict` must say the same."""
    nested = (status.result, status.image_links)
    result, image_links = (None if value is None else value.to_dict() for value in nested)
    history = [entry.to_dict() for entry in status.history]
    seen = {name: getattr(status, name) for name in status.to_dict()}
    if "callback_delivery" in seen:
        seen["callback_delivery"] = seen["callback_delivery"]._asdict()
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
            "message": error.message,
            "phase": error.phase,
            "reason": error.reason,
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
    return arguments(play.client), arguments(play.call)


def verb_of(play: Play) -> str:
    verb: str = play.case.call.get("verb") or play.case.vector["where"]
    return verb


def settled(play: Play, outcome: Outcome | None) -> Outcome:
    if play.case.kind == "arguments" or outcome is None:
        return {"accepted": True}
    return outcome


def of_status(status: JobStatus) -> Outcome:
    return {"status": view(status)}


def of_update(update: StatusUpdate) -> dict[str, Any]:
    complete, has_next = update.status.job_complete, update.next_delay is not None
    return {"attempt": update.attempt, "changed": update.changed, "job_complete": complete, "has_next": has_next}


def of_job(outcome: JobOutcome) -> dict[str, Any]:
    complete = None if outcome.status is None else outcome.status.job_complete
    error = None if outcome.error is None else outcome.error.code
    return {"job_id": outcome.job_id, "status_complete": complete, "error": error}


def of_image(image: Image) -> dict[str, Any]:
    size = None if image.data is None else len(image.data)
    name = None if image.path is None else Path(image.path).name
    return {"key": image.key, "content_type": image.content_type, "bytes": size, "file": name}


def tampered(token: str | None) -> str:
    assert token is not None
    return token[:-1] + ("B" if token.endswith("A") else "A")


def other_job(play: Play) -> tuple[str, str]:
    """Whose wait `notify` wakes: this case's job, the first of many, or nobody's."""
    first = play.call["jobs"][0] if play.case.jobs is not None else {"user_id": play.user_id, "job_id": play.job_id}
    suffix = "-other" if play.case.interrupt and play.case.interrupt["by"] == "notify_other" else ""
    return first["user_id"], first["job_id"] + suffix


class Steps:
    """A wait in steps: what each is given."""

    def __init__(self, call: dict[str, Any]) -> None:
        self.tamper, self.finish = call.pop("tamper", False), call.pop("finish", None)
        self.then = arguments(call.pop("then", {}))
        self.given, self.steps = call, 0

    def next(self, step: PollStep) -> None:
        token = tampered(step.token) if self.tamper else step.token
        self.given = {**self.given, **self.then, "token": token}

    def outcome(self, status: JobStatus) -> Outcome:
        return {"steps": self.steps, **of_status(status)}


def play_verb(play: Play, client: Client, call: dict[str, Any]) -> Outcome:
    verb = verb_of(play)
    if verb == "watch_job_status":
        return watch(client, call)
    if verb == "poll_step":
        return steps(client, Steps(call))
    if verb == "poll_many":
        with client.poll_many(**call) as outcomes:
            seen = [of_job(outcome) for outcome in outcomes]
            return {"outcomes": seen, "progress": outcomes.progress._asdict()}
    if verb == "download_images":
        status = client.get_job_status(call.pop("user_id"), call.pop("job_id"), return_image_links=True)
        return {"images": [of_image(image) for image in client.download_images(status, **call)]}
    if verb == "verify_callback":
        return of_callback(client.verify_callback(**call))
    return of_status(getattr(client, verb)(**call))


def of_callback(callback: Callback) -> Outcome:
    seen = callback.to_dict()
    for name in ("result", "image_links"):
        value = getattr(callback, name)
        if (None if value is None else value.to_dict()) != seen[name]:
            raise AssertionError("the attributes and to_dict() differ")
    return {"callback": seen}


def watch(client: Client, call: dict[str, Any]) -> Outcome:
    pause, most = call.pop("pause", 0), call.pop("stop_after", None)
    updates: list[dict[str, Any]] = []
    error: dict[str, Any] | None = None
    try:
        with client.watch_job_status(**call) as stream:
            for update in stream:
                updates.append(of_update(update))
                time.sleep(pause)
                if len(updates) == most:
                    break
    except SmileIDError as raised:
        if raised.argument is not None:
            raise
        error = error_outcome(raised)["error"]
    return {"updates": updates, "error": error}


def steps(client: Client, plan: Steps) -> Outcome:
    while True:
        plan.steps += 1
        step = client.poll_step(**plan.given)
        if step.status is not None:
            return plan.outcome(step.status)
        time.sleep(step.after or 0)
        plan.next(step)
        if plan.finish:
            return plan.outcome(client.wait_until_complete(**plan.given))


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

    def interrupt() -> None:
        if plan["by"] == "close":
            client.close()
        elif plan["by"] == "cancel":
            # Ctrl-C is how a user cancels a call that blocks.
            os.kill(os.getpid(), signal.SIGINT)
        else:
            client.notify(*other_job(play))

    with play.interrupting(interrupt):
        return settled(play, play_verb(play, client, call))


async def play_async(play: Play, client: AsyncClient, call: dict[str, Any]) -> Outcome:
    verb = verb_of(play)
    if verb == "watch_job_status":
        return await watch_async(client, call)
    if verb == "poll_step":
        return await steps_async(client, Steps(call))
    if verb == "poll_many":
        async with client.poll_many(**call) as outcomes:
            seen = [of_job(outcome) async for outcome in outcomes]
            return {"outcomes": seen, "progress": outcomes.progress._asdict()}
    if verb == "download_images":
        status = await client.get_job_status(call.pop("user_id"), call.pop("job_id"), return_image_links=True)
        return {"images": [of_image(image) for image in await client.download_images(status, **call)]}
    if verb == "verify_callback":
        return of_callback(client.verify_callback(**call))
    return of_status(await getattr(client, verb)(**call))


async def watch_async(client: AsyncClient, call: dict[str, Any]) -> Outcome:
    pause, most = call.pop("pause", 0), call.pop("stop_after", None)
    updates: list[dict[str, Any]] = []
    error: dict[str, Any] | None = None
    try:
        async with client.watch_job_status(**call) as stream:
            async for update in stream:
                updates.append(of_update(update))
                await asyncio.sleep(pause)
                if len(updates) == most:
                    break
    except SmileIDError as raised:
        if raised.argument is not None:
            raise
        error = error_outcome(raised)["error"]
    return {"updates": updates, "error": error}


async def steps_async(client: AsyncClient, plan: Steps) -> Outcome:
    while True:
        plan.steps += 1
        step = await client.poll_step(**plan.given)
        if step.status is not None:
            return plan.outcome(step.status)
        await asyncio.sleep(step.after or 0)
        plan.next(step)
        if plan.finish:
            return plan.outcome(await client.wait_until_complete(**plan.given))


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
            task = asyncio.ensure_future(play_async(play, client, call))
            closing: list[asyncio.Task[None]] = []

            def interrupt() -> None:
                if plan["by"] == "close":
                    closing.append(loop.create_task(client.aclose()))
                elif plan["by"] == "cancel":
                    task.cancel()
                else:
                    client.notify(*other_job(play))

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
