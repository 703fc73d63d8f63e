# Copyright (c) mmtips authors. All rights reserved.
"""A progress bar with the time left, for long evaluations."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.utils import ProgressBar

Item = TypeVar('Item')


def with_progress(items: Iterable[Item], total: int) -> Iterator[Item]:
    """Hand items on and show how many of them are done.

    Args:
        items: What is gone through.
        total: How many there are.

    Yields:
        The items.
    """
    bar = ProgressBar(total, file=sys.stdout)
    for item in items:
        yield item
        bar.update()
    print()


@HOOKS.register_module()
class TestProgressHook(Hook):
    """Show how many batches of a test are done and how long the rest will take."""

    priority = 'VERY_LOW'

    def before_test_epoch(self, runner: Runner) -> None:
        """Draw the empty bar."""
        loop = runner.test_loop
        self.bar = ProgressBar(len(loop.dataloader)) if is_main_process() else None
        measured = int(getattr(loop, 'measured', 0))  # of an evaluation that goes on
        if self.bar is not None and measured:
            self.bar.update(measured)

    def after_test_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Advance it."""
        if self.bar is not None:
            self.bar.update()

    def after_test_epoch(self, runner: Runner, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """End its line."""
        if self.bar is not None:
            print()
