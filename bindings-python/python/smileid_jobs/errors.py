"""The exceptions. One base, :class:`SmileIDError`; the classes follow the table of error codes.

Messages are one line and hold no ids, keys or personal data, so that they can be logged. ``raw``, ``last_status`` and
the ids are attributes only.
"""

from __future__ import annotations

from .status import JobStatus

__all__ = [
    "APIError",
    "AuthenticationError",
    "CallbackExpiredError",
    "CancelledError",
    "Cause",
    "ClientClosedError",
    "ConnectError",
    "FileError",
    "ImageLinkExpiredError",
    "ImageRefusedError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidResponseError",
    "JSONCause",
    "JobIncompleteError",
    "LegacySignatureError",
    "NetworkError",
    "PollTokenError",
    "RateLimitError",
    "RequestRejectedError",
    "RequestTimeoutError",
    "ResponseMismatchError",
    "ResponseTooLargeError",
    "ServerError",
    "SignatureError",
    "SmileIDError",
    "TLSError",
]


class SmileIDError(Exception):
    """The base of everything this package raises on its own account.

    Attributes that do not apply are None. ``str()`` and ``repr()`` show the message only. Can be pickled.
    """

    code: str = ""
    """The stable text of the error code, such as ``"timeout"``."""
    number: int = 0
    """The stable number of the error code, such as 2003."""

    argument: str | None = None
    """The argument that was refused."""
    phase: str | None = None
    """Where time ran out: ``queue``, ``connect``, ``response``, ``body``, ``server`` or ``overall``."""
    reason: str | None = None
    """Why a wait ended before its job: ``deadline``, ``attempts`` or ``retry_after_beyond_deadline``."""
    http_status: int | None = None
    """The HTTP status of the answer, if there was one."""
    api_code: str | None = None
    """Smile ID's own error code, such as ``"2205"``."""
    retry_after: float | None = None
    """How many seconds the server asked to wait."""
    user_id: str | None = None
    """The user asked about."""
    job_id: str | None = None
    """The job asked about."""
    attempts: int | None = None
    """How many attempts were made; HTTP retries inside one do not count."""
    elapsed: float | None = None
    """Seconds since the start of the call."""
    last_status: JobStatus | None = None
    """The last status that a polling verb saw before it failed."""
    last_error: SmileIDError | None = None
    """The failure before this one, where a polling verb went on; of a call whose own time was up, what it ended in."""
    raw: bytes | None = None
    """The body of the answer that was refused. It can hold personal data and a signature: do not log it."""

    _is_transient: bool = False

    def __init__(self, message: str = "", *, is_transient: bool = False, **fields: object) -> None:
        super().__init__(message)
        self._is_transient = is_transient
        for name, value in fields.items():
            setattr(self, name, value)

    @property
    def message(self) -> str:
        """One line that says what happened and what to do."""
        return str(self.args[0]) if self.args else ""

    @property
    def is_transient(self) -> bool:
        """Whether the same call may well succeed when it is made again later."""
        return self._is_transient

    def __reduce__(self) -> tuple[object, ...]:
        state = dict(self.__dict__)
        if self.__cause__ is not None:
            state["__cause__"] = self.__cause__
        return type(self), self.args, state


class InvalidArgumentError(SmileIDError, ValueError, TypeError):
    """An argument is outside of its limits; ``argument`` names it. Nothing was sent."""

    code = "invalid_argument"
    number = 1001


class ClientClosedError(SmileIDError):
    """The client was closed before or during the call."""

    code = "client_closed"
    number = 1002


class PollTokenError(SmileIDError):
    """A poll token is for another question, another key or another version, or was changed."""

    code = "token_mismatch"
    number = 1003


class FileError(SmileIDError):
    """A file of yours could not be read or written."""

    code = "io"
    number = 1004


class NetworkError(SmileIDError):
    """The connection broke before the whole answer had arrived; also the base of the other network failures."""

    code = "network"
    number = 2004


class ConnectError(NetworkError):
    """No connection: the name was not found, or the server refused or could not be reached."""

    code = "connect"
    number = 2001


class TLSError(NetworkError):
    """The TLS handshake failed, for example because the certificate is not trusted."""

    code = "tls"
    number = 2002


class RequestTimeoutError(NetworkError, TimeoutError):
    """Time ran out; ``phase`` says where."""

    code = "timeout"
    number = 2003


class APIError(SmileIDError):
    """Smile ID answered with a refusal; the base of the four classes that say which."""


class AuthenticationError(APIError):
    """Smile ID refused the credentials or the signature: check the key, the partner id and the environment."""

    code = "authentication"
    number = 3001


class RateLimitError(APIError):
    """Smile ID asked to slow down (HTTP 429); ``retry_after`` says how long, if it said so."""

    code = "rate_limited"
    number = 3002


class RequestRejectedError(APIError):
    """Smile ID refused the request (another 4xx, or an error in place of a status)."""

    code = "rejected"
    number = 3003


class ServerError(APIError):
    """The server failed (5xx)."""

    code = "server"
    number = 3004


class InvalidResponseError(SmileIDError):
    """The answer is not a job status."""

    code = "invalid_response"
    number = 4001


class ResponseTooLargeError(SmileIDError):
    """The answer is larger than ``max_response_bytes``."""

    code = "response_too_large"
    number = 4002


class SignatureError(SmileIDError):
    """The answer's signature is wrong, missing or malformed."""

    code = "signature_mismatch"
    number = 4003


class LegacySignatureError(SignatureError):
    """The answer carries the old unkeyed hash, which proves nothing."""

    code = "legacy_signature"
    number = 4004


class ResponseMismatchError(SmileIDError):
    """The answer is about another user or job than the one asked for."""

    code = "response_mismatch"
    number = 4005


class CallbackExpiredError(SmileIDError):
    """A callback is older than ``max_age`` or further than that in the future, or its age cannot be told."""

    code = "callback_expired"
    number = 4006


class ImageLinkExpiredError(SmileIDError):
    """An image link is no longer valid; ask for new ones."""

    code = "image_link_expired"
    number = 4101


class ImageRefusedError(SmileIDError):
    """An image was refused because of its host, its type or its size."""

    code = "image_refused"
    number = 4102


class JobIncompleteError(SmileIDError, TimeoutError):
    """The wait ended before the job did; ``reason`` says why, ``last_status`` how it stands."""

    code = "job_incomplete"
    number = 5001


class CancelledError(SmileIDError):
    """The call was cancelled through its token. Only C and C++ have tokens: here it stands for completeness.

    A cancelled asyncio task gets :class:`asyncio.CancelledError`, Ctrl-C gets :class:`KeyboardInterrupt`.
    """

    code = "cancelled"
    number = 5002


class InternalError(SmileIDError):
    """A bug in this library; please report it."""

    code = "internal"
    number = 9001


class Cause(Exception):  # noqa: N818
    """The ``__cause__`` of an error: what the HTTP, TLS or operating-system layer said, without a URL."""


class JSONCause(Cause):
    """What is wrong with a body that is not JSON."""

    category: str = ""
    """``syntax``, ``data`` or ``eof``."""
    line: int = 0
    column: int = 0


CLASSES = {
    error.code: error
    for error in list(vars().values())
    if isinstance(error, type) and issubclass(error, SmileIDError) and error.code
}
"""By their codes."""
