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
from .client import Client
from .errors import (
    APIError,
    AuthenticationError,
    CancelledError,
    Cause,
    ClientClosedError,
    ConnectError,
    InternalError,
    InvalidArgumentError,
    InvalidResponseError,
    JSONCause,
    LegacySignatureError,
    NetworkError,
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
from .results import Antifraud, IdResponse, ImageLinks, JobResult, PartnerParams, SuspectUser
from .signature import Signature, SignedTimestamp
from .status import JobStatus

__version__ = _native.VERSION
__all__ = [
    "APIError",
    "Antifraud",
    "AsyncClient",
    "AuthenticationError",
    "CancelledError",
    "Cause",
    "Client",
    "ClientClosedError",
    "ConnectError",
    "IdResponse",
    "ImageLinks",
    "InternalError",
    "InvalidArgumentError",
    "InvalidResponseError",
    "JSONCause",
    "JobResult",
    "JobStatus",
    "LegacySignatureError",
    "NetworkError",
    "PartnerParams",
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
    "SuspectUser",
    "TLSError",
    "__version__",
]

# Native threads must be gone, and waiting ones stay away, before the interpreter is taken down.
_atexit.register(_native.shutdown)
