"""How did this Smile ID job end? Signed, verified, bounded job-status queries; unofficial.

>>> from smileid_jobs import Client
>>> with Client("001", "api-key", environment="sandbox") as client:  # doctest: +SKIP
...     status = client.poll_job_status("user-1", "job-1")

Complete is not approved: ``job_complete`` says that the job is over, ``job_success`` and ``result`` say how. See the
README for what else people get wrong.
"""

import atexit
import sys

# What is used is loaded when it is first used: a program that asks once needs neither asyncio nor dataclasses.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .aio import AsyncClient
    from .callback import Callback
    from .client import Client
    from .errors import (
        APIError,
        AuthenticationError,
        CallbackExpiredError,
        CancelledError,
        Cause,
        ClientClosedError,
        ConnectError,
        FileError,
        ImageLinkExpiredError,
        ImageRefusedError,
        InternalError,
        InvalidArgumentError,
        InvalidResponseError,
        JobIncompleteError,
        JSONCause,
        LegacySignatureError,
        NetworkError,
        PollTokenError,
        RateLimitError,
        RequestRejectedError,
        RequestTimeoutError,
        ResponseMismatchError,
        ResponseTooLargeError,
        ServerError,
        SignatureError,
        SmileIDError,
        TLSError,
    )
    from .outcomes import CallbackDelivery, Image, JobOutcome, ManyProgress, PollStep, StatusUpdate
    from .results import Antifraud, IdResponse, ImageLinks, JobResult, PartnerParams, SuspectUser
    from .signature import Signature, SignedTimestamp
    from .status import JobStatus
    from .streams import AsyncJobOutcomes, AsyncStatusUpdates, JobOutcomes, StatusUpdates

    __version__: str

__all__ = [
    "APIError",
    "Antifraud",
    "AsyncClient",
    "AsyncJobOutcomes",
    "AsyncStatusUpdates",
    "AuthenticationError",
    "Callback",
    "CallbackDelivery",
    "CallbackExpiredError",
    "CancelledError",
    "Cause",
    "Client",
    "ClientClosedError",
    "ConnectError",
    "FileError",
    "IdResponse",
    "Image",
    "ImageLinkExpiredError",
    "ImageLinks",
    "ImageRefusedError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidResponseError",
    "JSONCause",
    "JobIncompleteError",
    "JobOutcome",
    "JobOutcomes",
    "JobResult",
    "JobStatus",
    "LegacySignatureError",
    "ManyProgress",
    "NetworkError",
    "PartnerParams",
    "PollStep",
    "PollTokenError",
    "RateLimitError",
    "RequestRejectedError",
    "RequestTimeoutError",
    "ResponseMismatchError",
    "ResponseTooLargeError",
    "ServerError",
    "Signature",
    "SignatureError",
    "SignedTimestamp",
    "SmileIDError",
    "StatusUpdate",
    "StatusUpdates",
    "SuspectUser",
    "TLSError",
    "__version__",
]


class _Exit:
    """Ends native work in its place among the handlers of ``atexit``, and seals it when all of them have run."""

    def __call__(self) -> None:
        self._tell("shutdown")

    def __del__(self) -> None:
        # `atexit` alone has it, and lets go of all handlers after the last one, while the interpreter is still whole.
        self._tell("seal")

    def _tell(self, what: str) -> None:
        native = sys.modules.get(f"{__name__}._native")
        if native is not None:
            getattr(native, what)()


# Native threads must be gone, and waiting ones stay away, before the interpreter is taken down. Registered before a
# program has used the package, so that what it registers itself runs earlier: that may join a thread that waits. What
# runs later may too: it gets that thread back, without an answer.
atexit.register(_Exit())

# Where each public name is at home.
_HOMES = {
    "_version": ("__version__",),
    "aio": ("AsyncClient",),
    "callback": ("Callback",),
    "client": ("Client",),
    "outcomes": ("CallbackDelivery", "Image", "JobOutcome", "ManyProgress", "PollStep", "StatusUpdate"),
    "results": ("Antifraud", "IdResponse", "ImageLinks", "JobResult", "PartnerParams", "SuspectUser"),
    "signature": ("Signature", "SignedTimestamp"),
    "status": ("JobStatus",),
    "streams": ("AsyncJobOutcomes", "AsyncStatusUpdates", "JobOutcomes", "StatusUpdates"),
}
# All others are errors.
_HOMES["errors"] = tuple(name for name in __all__ if not any(name in names for names in _HOMES.values()))
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # to a type checker, a misspelt name would be an object

    def __getattr__(name: str) -> object:
        home = name if name in _HOMES else _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        loaded = __import__(f"{__name__}.{home}", fromlist=["*"])
        # And what came with it: a handler that runs when the interpreter ends can import no more.
        here = globals()
        for home, names in _HOMES.items():
            module = here.get(home)
            if module is not None:
                here.update({name: getattr(module, name) for name in names if hasattr(module, name)})
        return loaded if name in _HOMES else here[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
