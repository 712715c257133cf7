"""How did this Smile ID job end? Signed, verified, bounded job-status queries; unofficial.

>>> from smileid_jobs import Client
>>> with Client("001", "api-key", environment="sandbox") as client:  # doctest: +SKIP
...     status = client.poll_job_status("user-1", "job-1")

Complete is not approved: ``job_complete`` says that the job is over, ``job_success`` and ``result`` say how. See the
README for what else people get wrong.
"""

import atexit as _atexit

from . import _native
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

__version__ = _native.VERSION
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

# Native threads must be gone, and waiting ones stay away, before the interpreter is taken down.
_atexit.register(_native.shutdown)
