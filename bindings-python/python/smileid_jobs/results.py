"""The verdict and what comes with it: frozen classes without behaviour.

Native code makes them field by field, without ``__init__``.

Field names and types follow the official server SDKs' models and Smile ID's result pages. Every field is optional,
because products differ: a value of another type than expected is absent here, and stands in ``fields`` as received.
``repr()`` shows codes and flags only: no ids, links, photos, names or signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field, fields
from typing import Any, ClassVar, NoReturn, TypeVar, cast

_C = TypeVar("_C")

__all__ = ["Antifraud", "IdResponse", "ImageLinks", "JobResult", "PartnerParams", "SuspectUser"]


class View:
    """The base of the classes in this module."""

    __slots__ = ()

    _shown: ClassVar[tuple[str, ...]] = ()
    """The fields that ``repr()`` may show."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as new dicts, lists and scalars. Holds personal data."""
        return {name: _plain(getattr(self, name)) for name in _names(self)}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in _names(self))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")


def _names(view: Any) -> tuple[str, ...]:
    return tuple(entry.name for entry in fields(view))


def _slotted(cls: type[_C]) -> type[_C]:
    """The dataclass with slots in place of a ``__dict__``, which costs half: ``slots=True`` is of Python 3.10."""
    names = _names(cls)
    # What dataclasses write to refuse an assignment knows only the class it was written for: `View` has it.
    left_out = {*names, "__dict__", "__weakref__", "__setattr__", "__delattr__"}
    body = {name: value for name, value in vars(cls).items() if name not in left_out}
    return cast("type[_C]", type(cls.__name__, cls.__bases__, {**body, "__slots__": names}))


def _plain(value: Any) -> Any:
    if isinstance(value, View):
        return value.to_dict()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


@_slotted
@dataclass(frozen=True, repr=False)
class PartnerParams(View):
    """What the app sent along with the job, and got back."""

    user_id: str | None = None
    """The app's id of the user."""
    job_id: str | None = None
    """The app's id of the job."""
    job_type: int | None = None
    """The product as a number: 1 Biometric KYC, 5 Basic and Enhanced KYC, 6 Document Verification and so on."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """The app's own keys."""

    _shown = ("job_type",)


@_slotted
@dataclass(frozen=True, repr=False)
class SuspectUser(View):
    """A user whom Smile Secure suspects."""

    user_id: str | None = None
    """The app's id of that user."""
    reasons: tuple[str, ...] = ()
    """Why, such as ``"same-person"``."""

    _shown = ("reasons",)


@_slotted
@dataclass(frozen=True, repr=False)
class Antifraud(View):
    """What Smile Secure found: users who look like the same person. One view of both shapes that servers send."""

    fraud_detected: bool | None = None
    """Whether fraud was detected."""
    fraud_sources: tuple[str, ...] = ()
    """Which checks detected it."""
    result_code: str | None = None
    """Smile Secure's code, such as ``"5211"``."""
    result_text: str | None = None
    """Smile Secure's words."""
    suspect_users: tuple[SuspectUser, ...] = ()
    """The users found."""

    _shown = ("fraud_detected", "result_code")


@_slotted
@dataclass(frozen=True, repr=False)
class IdResponse(View):
    """What an id authority or a document says about the person: Enhanced KYC, KYC with SmartSelfie, and documents.

    Texts stand as received, ``Not Available`` and the like included. Which fields are there depends on the authority;
    all others are in :attr:`JobResult.fields`.
    """

    country: str | None = None
    id_type: str | None = None
    id_number: str | None = None
    secondary_id_number: str | None = None
    expiration_date: str | None = None
    issuance_date: str | None = None
    full_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    other_name: str | None = None
    dob: str | None = None
    gender: str | None = None
    address: str | None = None
    phone_number: str | None = None
    phone_number2: str | None = None
    email: str | None = None
    nationality: str | None = None
    photo: str | None = None
    """The portrait, in base64."""
    document: str | None = None
    is_alive: bool | None = None
    id_number_previously_registered: bool | None = None
    user_ids_of_previous_registrants: tuple[str, ...] = ()
    full_data: Mapping[str, Any] | None = None
    """The authority's own record; its values are not only texts."""


@_slotted
@dataclass(frozen=True, repr=False)
class JobResult(View):
    """One result of a job: the verdict of a product."""

    smile_job_id: str | None = None
    """Smile ID's own id of the job."""
    result_code: str | None = None
    """The verdict's code, such as ``"0810"``; what it means depends on the product."""
    result_text: str | None = None
    """The verdict in words. Not stable: decide by the code."""
    result_type: str | None = None
    """Who decided: ``SAIA`` for a machine, ``DIVA`` for human review, or a product's name."""
    is_final_result: bool | None = None
    """Whether no later result will follow."""
    is_machine_result: bool | None = None
    """Whether a machine decided."""
    confidence_value: float | None = None
    """How alike the faces are, in percent."""
    source: str | None = None
    """Where the job came from, such as ``WebAPI``."""
    json_version: str | None = None
    """The version of this format."""
    actions: Mapping[str, Any] = field(default_factory=dict)
    """What was done and how it went; an open list with Smile ID's own keys."""
    partner_params: PartnerParams | None = None
    """What the app sent along."""
    antifraud: Antifraud | None = None
    """What Smile Secure found."""
    id_response: IdResponse | None = None
    """The person's data from the id authority or document, if the product returns any."""
    timestamp: str | None = None
    """The result's own signed text, beside the envelope's."""
    signature: str | None = None
    """The result's own signature. As secret as the key while it is fresh."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Every key as received."""

    _shown = ("result_code", "result_type", "is_final_result")


@_slotted
@dataclass(frozen=True, repr=False)
class ImageLinks(View):
    """Links to the job's images. They are signed and short-lived: fetch at once, never log them.

    No official source names the liveness keys or says how long a link lives, so ``fields`` has all that came.
    """

    selfie_image: str | None = None
    """The selfie."""
    liveness_images: tuple[str, ...] = ()
    """The liveness images, in order."""
    error: str | None = None
    """Why there are no links."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Every key as received."""

    def __repr__(self) -> str:
        return f"ImageLinks(liveness_images={len(self.liveness_images)})"
