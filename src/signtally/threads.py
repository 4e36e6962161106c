"""Threads that work in the context of whoever gives them work: its log fields and its trace are theirs too."""

import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class ContextThreads(ThreadPoolExecutor):
    """A pool of threads; each call has a copy of the context (`contextvars`) in which it was submitted."""

    def submit(
        self, function: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        return super().submit(functools.partial(contextvars.copy_context().run, function, *args, **kwargs))
