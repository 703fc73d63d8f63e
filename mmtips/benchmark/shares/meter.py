# Copyright (c) mmtips authors. All rights reserved.
"""CPU time by part: each moment of a run belongs to the innermost part that is open then."""

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

REST = 'rest'
_ABSENT = object()


class Meter:
    """A stopwatch with parts, of which one runs at any moment.

    CPU time of the process (``time.process_time``, all threads) says the same on a machine that others use too; what
    waits for a disk or a GPU costs nothing in it.

    Args:
        start: What the clock said when the run began: 0 for the start of the process, now if not given.
        first: What was running until now.
        clock: Gives seconds.
    """

    def __init__(self, start: float | None = None, first: str = REST,
                 clock: Callable[[], float] = time.process_time) -> None:
        self._clock = clock
        self._since = clock() if start is None else start
        self._seconds: dict[str, float] = {}
        self._open = [first]
        self._undivided = False
        self._watched: list[tuple[Any, str, Any]] = []
        self._turn()
        self._open = [REST]

    def _turn(self) -> None:
        now = self._clock()
        self._seconds[self._open[-1]] = self._seconds.get(self._open[-1], 0.) + now - self._since
        self._since = now

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What runs inside is this part's, and not that of the part around it."""
        if self._undivided:
            yield
            return
        self._turn()
        self._open.append(name)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    @contextmanager
    def undivided(self, name: str) -> Iterator[None]:
        """As :meth:`part`, and parts inside it are not told apart."""
        with self.part(name):
            before, self._undivided = self._undivided, True
            try:
                yield
            finally:
                self._undivided = before

    def so_far(self) -> dict[str, float]:
        """Seconds by part up to now, each without its inner parts."""
        self._turn()
        return dict(self._seconds)

    def watch(self, holder: Any, attribute: str, name: str, *, undivided: bool = False) -> None:
        """Count the calls of a function or method as a part, until :meth:`release`.

        Args:
            holder: An object, class or module.
            attribute: The name of the function there.
            name: The part.
            undivided: Whether parts inside it are not told apart.

        Raises:
            AttributeError: If ``holder`` has none such: then a library has changed, and what is watched has to as well.
        """
        function = getattr(holder, attribute)
        enter = self.undivided if undivided else self.part

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with enter(name):
                return function(*args, **kwargs)

        self.replace(holder, attribute, timed)

    def replace(self, holder: Any, attribute: str, value: Any) -> None:
        """Put something else in a place until :meth:`release`."""
        self._watched.append((holder, attribute, vars(holder).get(attribute, _ABSENT)))
        setattr(holder, attribute, value)

    def release(self) -> None:
        """Put back all that was watched."""
        while self._watched:
            holder, attribute, before = self._watched.pop()
            if before is _ABSENT:
                delattr(holder, attribute)
            else:
                setattr(holder, attribute, before)


def profile_row(section: str, name: str, condition: str, unit: str, count: int, seconds: dict[str, float]
                ) -> dict[str, Any]:
    """A row of a profile.

    Args:
        section: ``'training'``, ``'evaluation'`` or ``'operations'``.
        name: What was profiled.
        condition: Under which condition.
        unit: What ``count`` counts.
        count: How many of them the seconds are of.
        seconds: By part; of all units together.

    Returns:
        The row, in milliseconds of one unit.
    """
    return dict(section=section, name=name, condition=condition, unit=unit, count=count,
                parts={part: round(1000 * value / count, 6) for part, value in seconds.items()})
