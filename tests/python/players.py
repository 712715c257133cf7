"""Each verb, called as a case says, with both clients."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any

from views import error_view, image_view, many_outcome, update_view, view

from smileid_jobs import SmileIDError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from views import Outcome

    from smileid_jobs import AsyncClient, Client

Call = dict[str, Any]


def play_status(client: Client, verb: str, call: Call) -> Outcome:
    return {"status": view(getattr(client, verb)(**call))}


async def play_status_async(client: AsyncClient, verb: str, call: Call) -> Outcome:
    return {"status": view(await getattr(client, verb)(**call))}


def watch(client: Client, verb: str, call: Call) -> Outcome:
    most, pause = call.pop("stop_after", math.inf), call.pop("pause", 0)
    updates: list[dict[str, Any]] = []
    try:
        for update in client.watch_job_status(**call):
            updates.append(update_view(update))
            if len(updates) >= most:
                break
            time.sleep(pause)
    except SmileIDError as error:
        return {"updates": updates, "error": error_view(error)}
    return {"updates": updates, "error": None}


async def watch_async(client: AsyncClient, verb: str, call: Call) -> Outcome:
    most, pause = call.pop("stop_after", math.inf), call.pop("pause", 0)
    updates: list[dict[str, Any]] = []
    try:
        async for update in client.watch_job_status(**call):
            updates.append(update_view(update))
            if len(updates) >= most:
                break
            await asyncio.sleep(pause)
    except SmileIDError as error:
        return {"updates": updates, "error": error_view(error)}
    return {"updates": updates, "error": None}


def next_step(call: Call, told: Call, token: str) -> tuple[Call, bool]:
    """The next step's call, and whether a wait is to finish the steps."""
    if told.get("tamper"):
        token = token[:-1] + ("B" if token[-1] == "A" else "A")
    return {**call, **told.get("then", {}), "token": token}, "finish" in told


def told_of(call: Call) -> Call:
    return {name: call.pop(name) for name in ("then", "tamper", "finish") if name in call}


def steps(client: Client, verb: str, call: Call) -> Outcome:
    told, count = told_of(call), 1
    step = client.poll_step(**call)
    while step.status is None:
        time.sleep(step.after or 0)
        call, is_last = next_step(call, told, step.token or "")
        if is_last:
            return {"steps": count, "status": view(client.wait_until_complete(**call))}
        step, count = client.poll_step(**call), count + 1
    return {"steps": count, "status": view(step.status)}


async def steps_async(client: AsyncClient, verb: str, call: Call) -> Outcome:
    told, count = told_of(call), 1
    step = await client.poll_step(**call)
    while step.status is None:
        await asyncio.sleep(step.after or 0)
        call, is_last = next_step(call, told, step.token or "")
        if is_last:
            return {"steps": count, "status": view(await client.wait_until_complete(**call))}
        step, count = await client.poll_step(**call), count + 1
    return {"steps": count, "status": view(step.status)}


def many(client: Client, verb: str, call: Call) -> Outcome:
    stream = client.poll_many(**call)
    outcomes = list(stream)
    return many_outcome(outcomes, stream.progress)


async def many_async(client: AsyncClient, verb: str, call: Call) -> Outcome:
    stream = client.poll_many(**call)
    outcomes = [outcome async for outcome in stream]
    return many_outcome(outcomes, stream.progress)


def images(client: Client, verb: str, call: Call) -> Outcome:
    status = client.get_job_status(call.pop("user_id"), call.pop("job_id"), return_image_links=True)
    return {"images": [image_view(image) for image in client.download_images(status, **call)]}


async def images_async(client: AsyncClient, verb: str, call: Call) -> Outcome:
    status = await client.get_job_status(call.pop("user_id"), call.pop("job_id"), return_image_links=True)
    return {"images": [image_view(image) for image in await client.download_images(status, **call)]}


def callback(client: Client | AsyncClient, verb: str, call: Call) -> Outcome:
    return {"callback": client.verify_callback(**call).to_dict()}


async def callback_async(client: AsyncClient, verb: str, call: Call) -> Outcome:
    return callback(client, verb, call)


PLAYERS: dict[str, Callable[[Any, str, Call], Outcome]] = {
    "watch_job_status": watch,
    "poll_step": steps,
    "poll_many": many,
    "download_images": images,
    "verify_callback": callback,
}
ASYNC_PLAYERS: dict[str, Callable[[Any, str, Call], Awaitable[Outcome]]] = {
    "watch_job_status": watch_async,
    "poll_step": steps_async,
    "poll_many": many_async,
    "download_images": images_async,
    "verify_callback": callback_async,
}
