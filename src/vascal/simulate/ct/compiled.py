"""The one door through which numba enters: loops over voxels and rays, compiled.

A compiled function takes arrays and numbers only, and is kept small enough to
read as the loop it is. Compiled code is cached beside the source or in the
user's cache folder, so only the first run on a machine waits for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar, cast

from vascal.errors import MissingExtraError

Loop = TypeVar("Loop", bound=Callable[..., object])

try:
    import numba
except ImportError as error:  # pragma: no cover
    raise MissingExtraError(
        "the simulator needs numba, which is not installed; `pip install 'vascal[simulate]'` brings it"
    ) from error


def compiled(loop: Loop) -> Loop:
    """Compile a function of arrays and numbers, on first use."""
    # Shape checks of the tests wrap every function; numba needs the bare one. Division follows numpy:
    # a check against zero in every step would keep a loop from working on many pixels at once.
    compile_loop = numba.njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
    return cast(Loop, compile_loop(inspect.unwrap(loop)))
