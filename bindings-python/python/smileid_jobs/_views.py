"""The classes that native code makes the parts of an answer of; loaded when somebody first looks at one."""

from __future__ import annotations

from . import _native
from .results import Antifraud, IdResponse, ImageLinks, JobResult, PartnerParams, SuspectUser

_native.use_classes([Antifraud, IdResponse, ImageLinks, JobResult, PartnerParams, SuspectUser])
