# Copyright (c) mmtips authors. All rights reserved.
"""Where the time of a training iteration goes."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmtips import cli
from mmtips.benchmark.shares.meter import REST, Meter, profile_row
from mmtips.wrappers import unwrap

READING, COLLATING = 'reading and decoding', 'collating and preprocessing'
FORWARD, BACKWARD, OPTIMIZER = 'forward and losses', 'backward', 'optimizer and clipping'
HOOKS = 'hooks and logging'
PARTS = (READING, COLLATING, FORWARD, BACKWARD, OPTIMIZER, HOOKS, REST)
#: Iterations of the demo's recipe, an epoch of which has 75: no image twice, and every image seen before.
PHASES = {'first epoch': range(10, 70), 'later epochs': range(80, 140)}


def training_rows(config: Config, name: str, phases: Mapping[str, range] = PHASES) -> list[dict[str, Any]]:
    """Train for a few iterations and say where their time went.

    Both losses of TIPS are on from the first iteration, as they are in most of a training.

    Args:
        config: A config with an ``IterBasedTrainLoop`` and ``num_workers=0``: other processes are not seen. It trains
            as long as the phases need, without validations.
        name: What the model is called.
        phases: Iterations by what they are called, from 1 on.

    Returns:
        A row of a profile for each phase, in milliseconds of one iteration.

    Raises:
        ValueError: If the images are loaded by other processes.
    """
    if config.train_dataloader.num_workers != 0:
        raise ValueError('train_dataloader.num_workers: expected 0, since the time of other processes is not seen, got '
                         f'{config.train_dataloader.num_workers}')
    config = copy.deepcopy(config)
    config.val_dataloader = config.val_evaluator = config.val_cfg = None
    # One more than is counted: the last one saves a checkpoint.
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=max(of.stop for of in phases.values()) + 1)
    for hook in config.get('custom_hooks', []):
        if hook.type == 'TIPSLossHook':
            hook.undo_start = 0
    runner = cli.build_runner(config)
    shares = TrainingSharesHook(phases)
    runner.register_hook(shares)
    runner.train()
    return [profile_row('training', name, phase, 'iteration', len(of), shares.seconds[phase])
            for phase, of in phases.items()]


class TrainingSharesHook(Hook):
    """Takes the time of an iteration apart.

    Args:
        phases: Iterations by what they are called, from 1 on.

    Attributes:
        seconds: By phase and part, all of :data:`PARTS`.
    """

    priority = 'VERY_HIGH'

    def __init__(self, phases: Mapping[str, range]) -> None:
        self.phases, self.seconds = phases, {phase: dict.fromkeys(PARTS, 0.) for phase in phases}
        self._meter = Meter()

    def before_train(self, runner: Runner) -> None:
        """Watch what an iteration of mmengine consists of."""
        meter, model, loop, wrapper = self._meter, unwrap(runner.model), runner.train_loop, runner.optim_wrapper
        meter.replace(loop, 'dataloader_iterator', _Watched(loop.dataloader_iterator, meter))
        meter.watch(loop.dataloader.dataset, 'prepare_data', READING)
        # What of these two is neither preprocessing nor the update is the forward; of the update, the optimizer.
        meter.watch(model, 'train_step', FORWARD)
        meter.watch(wrapper, 'update_params', OPTIMIZER)
        meter.watch(wrapper, 'backward', BACKWARD)
        meter.watch(model.data_preprocessor, 'forward', COLLATING)
        meter.watch(runner, 'call_hook', HOOKS)

    def after_train_iter(self, runner: Runner, batch_idx: int, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Read the clock where a phase begins or ends."""
        for phase, of in self.phases.items():
            if batch_idx in (of.start - 1, of.stop - 1):
                sign = 1 if batch_idx == of.stop - 1 else -1
                for part, value in self._meter.so_far().items():
                    self.seconds[phase][part] += sign * value

    def after_train(self, runner: Runner) -> None:  # noqa: ARG002
        """Leave everything as it was."""
        self._meter.release()


class _Watched:
    """Batches; what of making them is not reading is collating."""

    def __init__(self, batches: Iterator[Any], meter: Meter) -> None:
        self._batches, self._meter = batches, meter

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        with self._meter.part(COLLATING):
            return next(self._batches)
