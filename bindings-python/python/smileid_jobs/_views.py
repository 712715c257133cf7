"""The classes that native code makes the parts of an answer of; loaded when somebody first looks at one."""

from __future__ import annotations

from dataclasses import fields

from . import _native
from .outcomes import CallbackDelivery
from .results import Antifraud, IdResponse, ImageLinks, JobResult, PartnerParams, SuspectUser

_VIEWS = (Antifraud, CallbackDelivery, IdResponse, ImageLinks, JobResult, PartnerParams, SuspectUser)
_native.use_classes([(cls, [field.name for field in fields(cls)]) for cls in _VIEWS])
