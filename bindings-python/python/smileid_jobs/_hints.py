"""Types that annotations name, loaded when somebody resolves one: no program needs them to start with."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta
    from pathlib import Path
    from typing import Any, NoReturn, Union

    from typing_extensions import Self

    from .callback import Callback
    from .outcomes import CallbackDelivery, Image, PollStep
    from .results import ImageLinks, JobResult
    from .streams import JobOutcomes, OnProgress, StatusUpdates

    Seconds = Union[float, timedelta]
    """A duration: seconds as a number, or a timedelta."""

__all__ = [
    "Any",
    "Callback",
    "CallbackDelivery",
    "Image",
    "ImageLinks",
    "Iterable",
    "JobOutcomes",
    "JobResult",
    "Mapping",
    "NoReturn",
    "OnProgress",
    "Path",
    "PollStep",
    "Seconds",
    "Self",
    "StatusUpdates",
]

if not TYPE_CHECKING:
    _HOMES = {
        "collections.abc": ("Iterable", "Mapping"),
        "pathlib": ("Path",),
        "typing": ("Any", "NoReturn", "Self"),
        f"{__package__}.callback": ("Callback",),
        f"{__package__}.outcomes": ("CallbackDelivery", "Image", "PollStep"),
        f"{__package__}.results": ("ImageLinks", "JobResult"),
        f"{__package__}.streams": ("JobOutcomes", "OnProgress", "StatusUpdates"),
    }

    def __getattr__(name: str) -> object:
        if name == "Seconds":
            from datetime import timedelta
            from typing import Union

            return Union[float, timedelta]
        for home, names in _HOMES.items():
            if name in names:
                # `Self` is of Python 3.11.
                return getattr(__import__(home, fromlist=["*"]), name, object)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
