"""The version of the package and of the library in it."""

from . import _native

__version__ = _native.VERSION
