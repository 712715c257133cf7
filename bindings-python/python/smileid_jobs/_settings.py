"""What both clients share: their settings, how they show themselves, and the spelling of durations."""

from __future__ import annotations

import os
from _thread import _local

from . import _hints, _logging, _native
from ._failures import load_errors, value_of

_making = _local()
"""The class that ``from_env`` makes an instance of now, on this thread. Not an argument: subclasses would
not pass it on from their constructors."""

DEFAULT_CAP = float("30")
"""The default of ``max_delay``. An object of its own, to tell it from a 30 that the caller gave: a default cap gives
way to a longer ``initial_delay``, a given one does not."""


def seconds(value: object) -> object:
    """A timedelta as seconds; native code judges everything else."""
    if value is None or isinstance(value, (float, int)):
        return value
    from datetime import timedelta

    return value.total_seconds() if isinstance(value, timedelta) else value


class Settings:
    """The base of both clients."""

    __slots__ = ("__weakref__", "_native")

    _native: _native.Client

    def __init__(
        self,
        partner_id: str,
        api_key: str,
        *,
        environment: str | int | None = None,
        base_url: str | None = None,
        request_timeout: _hints.Seconds = 15.0,
        connect_timeout: _hints.Seconds = 5.0,
        max_retries: int = 2,
        max_connections: int = 64,
        max_response_bytes: int = 33554432,
        ca_bundle: str | os.PathLike[str] | None = None,
        bundled_roots: bool = True,
        trust_env: bool = True,
        proxy: str | None = None,
    ) -> None:
        """Checks the settings; opens no connection and starts no thread.

        Args:
            partner_id: As the portal shows it, zeros kept: 1 to 64 printable ASCII characters.
            api_key: As text: 1 to 4096 bytes of UTF-8 without control characters.
            environment: ``"sandbox"`` or ``"production"``, or the official SDKs' ``0`` and ``1``.
            base_url: In place of an environment, the server's root, to which ``/v1/job_status`` is appended: https, or
                plain http on this machine.
            request_timeout: The bound of one HTTP request, headers and body, in seconds or as a timedelta: 0 to 30
                days.
            connect_timeout: The bound of making one connection, in seconds or as a timedelta: 0 to 30 days.
            max_retries: How often one attempt repeats a request after a transient failure: 0 to 100.
            max_connections: How many requests may be in flight, over all calls: 1 to 1024. Others queue fairly. An
                eighth of them, and one at least, is not for ``poll_many`` and asyncio's waits, so that jobs that stall
                keep no single call waiting.
            max_response_bytes: The largest body that is read, after content decoding: up to 1 GiB.
            ca_bundle: A PEM file of the certificates to trust, in place of the platform's store.
            bundled_roots: Whether bundled roots stand in where the platform has none.
            trust_env: Whether ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` count. Loopback hosts
                never go through a proxy. One that counts for the server and is not the URL of an HTTP proxy is refused.
            proxy: An HTTP proxy's URL, in place of the environment's.

        Raises:
            InvalidArgumentError: A setting is missing or out of its limits; ``argument`` names it.
            FileError: This machine's CA certificates cannot be read.
        """
        settings = dict(locals())  # their own dict is a frame's, which a tracer has written anew
        # What records a traceback may record each frame's variables: none keeps the key, nor a text that may be it in
        # the wrong place.
        del partner_id, api_key, environment, base_url, ca_bundle, proxy
        self._make(settings)

    @classmethod
    def from_env(
        cls,
        *,
        partner_id: str | None = None,
        api_key: str | None = None,
        environment: str | int | None = None,
        base_url: str | None = None,
        request_timeout: _hints.Seconds = 15.0,
        connect_timeout: _hints.Seconds = 5.0,
        max_retries: int = 2,
        max_connections: int = 64,
        max_response_bytes: int = 33554432,
        ca_bundle: str | os.PathLike[str] | None = None,
        bundled_roots: bool = True,
        trust_env: bool = True,
        proxy: str | None = None,
    ) -> _hints.Self:
        """Makes a client from the environment; an argument given here wins. Calls the class with all of them.

        Reads ``SMILEID_PARTNER_ID``, ``SMILEID_API_KEY``, and ``SMILEID_ENVIRONMENT`` or ``SMILEID_BASE_URL``. The
        arguments are the constructor's.

        Raises:
            InvalidArgumentError: A setting is missing or out of its limits; ``argument`` names it.
            FileError: This machine's CA certificates cannot be read.
        """
        settings = dict(locals())
        del partner_id, api_key, environment, base_url, ca_bundle, proxy
        outer, _making.cls = getattr(_making, "cls", None), settings.pop("cls")
        try:
            return cls(**settings)
        finally:
            settings.clear()
            _making.cls = outer

    def _make(self, settings: dict[str, object]) -> None:
        """Takes a copy of a caller's local variables and clears it; native code reads those that are settings."""
        try:
            from_env = getattr(_making, "cls", None) is type(self)
            if from_env:
                _making.cls = None  # others that the same constructor makes are none of it
            for name in ("request_timeout", "connect_timeout"):
                settings[name] = seconds(settings[name])
            if isinstance(settings["ca_bundle"], os.PathLike):
                settings["ca_bundle"] = os.fspath(settings["ca_bundle"])
            load_errors()
            wanted = _logging.is_wanted()
            try:
                made = _native.Client.make(settings, from_env)
            finally:
                if wanted:
                    _logging.flush()
        finally:
            settings.clear()
        self._native = value_of(made)

    @property
    def is_closed(self) -> bool:
        """Whether the client was closed."""
        return self._native.is_closed

    def __repr__(self) -> str:
        native = getattr(self, "_native", None)
        if native is None:  # its constructor has failed
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}(partner_id={native.partner_id!r}, server={native.server!r})"

    def __reduce__(self) -> _hints.NoReturn:
        raise TypeError(f"cannot pickle a {type(self).__name__}: it holds an API key; make one in each process")
