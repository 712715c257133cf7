"""The classes that native code makes the parts of an answer of; loaded when somebody first looks at one."""

from __future__ import annotations

from . import _native
from .results import Antifraud, IdResponse, ImageLinks, JobResult, PartnerParams, SuspectUser, View

_native.use_classes(
    [Antifraud, IdResponse, ImageLinks, JobResult, PartnerParams, SuspectUser], vars(View)["__dict__"].__set__
)
