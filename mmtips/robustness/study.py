# Copyright (c) mmtips authors. All rights reserved.
"""A study of robustness: the host's score on clean, attacked and corrupted images, one test run for each cell."""

import copy
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.registry import DATASETS, LOOPS
from mmengine.runner import Runner

from mmtips.evaluation.adapters import SCORES, find_score, percentage
from mmtips.evaluation.images import data_digest
from mmtips.installed import commit, installed_versions
from mmtips.robustness.attacks import Attack
from mmtips.robustness.corruptions import check_corruption
from mmtips.robustness.libraries import require_library
from mmtips.robustness.pipelines import corrupt_pipeline
from mmtips.robustness.store import CellStore
from mmtips.runners import build_tester

Section = dict[str, Any]
#: Entries of a config that do not change a score.
_IDLE = ('work_dir', 'launcher', 'load_from', 'resume', 'filename', 'log_level', 'visualizer', 'vis_backends')


@dataclass(frozen=True)
class _Cell:
    """One test run: on clean images, or attacked, or corrupted ones."""

    attack: Attack | None = None
    corruption: str = ''
    severity: int = 0
    seed: int = 0
    after: str = ''

    @property
    def cost(self) -> int:
        """About how many passes through the network it takes for each image: a gradient is worth three."""
        return 1 + 3 * (0 if self.attack is None else self.attack.steps)

    @property
    def key(self) -> str:
        """Its name in the store and on the screen."""
        if self.attack is not None:
            attack = self.attack
            seed = '' if attack.name == 'FGSM' else f', seed {attack.seed}'
            return f'{attack.name}, epsilon {attack.epsilon:g}, steps {attack.steps}{seed}'
        after = f', after {self.after}' if self.after else ''
        return f'{self.corruption}, severity {self.severity}, seed {self.seed}{after}' if self.corruption else 'clean'


def robustness_study(config: Config, checkpoint: Path, attacks: Sequence[Attack], corruptions: Sequence[str],
                     severities: Sequence[int], store: Path, seed: int = 0, corrupt_after: str = '',
                     report: Callable[[str], object] = print) -> Section:
    """Measure, or go on measuring.

    The model is built once. Each finished cell is written to ``store``; what is there already is not measured again.

    Args:
        config: A config of either host; it is not changed.
        checkpoint: See :func:`mmtips.runners.build_tester`.
        attacks: What to attack with.
        corruptions: Names, of :data:`mmtips.robustness.CORRUPTIONS`.
        severities: 1 to 5, of each corruption.
        store: A JSON-lines file of finished cells, see :class:`mmtips.robustness.CellStore`.
        seed: Seed of the corruptions; attacks have their own.
        corrupt_after: See :func:`mmtips.robustness.corrupt_pipeline`.
        report: Called with a line when a cell is finished, in the main process.

    Returns:
        The section ``robustness`` of a result: ``metric``, ``clean``, ``images``, ``seed``, ``dataset`` and its
        ``digest``, ``corrupt_after``, ``attacks`` and ``corruptions``.

    Raises:
        ValueError: If an argument is unknown, a cell is named twice, the store is of another measurement, or the host's
            metrics hold none of :data:`mmtips.evaluation.adapters.SCORES`.
        ImportError: If a library is absent that a cell needs.
    """
    cells = list(_cells(attacks, corruptions, severities, seed, corrupt_after))
    keys = [cell.key for cell in cells]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f'attacks, corruptions, severities: named twice: {twice}')
    for cell in cells:  # what is wrong, or absent, is found before the run
        _loop(config, cell)
    runner = build_tester(copy.deepcopy(config), str(checkpoint))  # which makes the processes know each other
    data = _data(config)
    kept = CellStore(store, _fingerprint(config, checkpoint, data), f'{Path(config.filename or "config").name} with '
                     f'{checkpoint.name}') if is_main_process() else None
    finished = [kept.cells if kept is not None else {}]
    broadcast_object_list(finished)
    scores = dict(finished[0])
    rest = [cell for cell in cells if cell.key not in scores]
    for cell, measured in _measure(runner, config, rest, report if is_main_process() else str):
        scores[cell.key] = measured
        if kept is not None:
            kept.add(cell.key, measured)
    return dict(_section(cells, scores, seed), corrupt_after=corrupt_after, **data)


def _cells(attacks: Sequence[Attack], corruptions: Sequence[str], severities: Sequence[int], seed: int,
           after: str) -> Iterator[_Cell]:
    yield _Cell()
    for attack in attacks:
        yield _Cell(attack)
    for corruption in corruptions:
        for severity in severities:
            check_corruption(corruption, severity)
            yield _Cell(None, corruption, severity, seed, after)


def _loop(config: Config, cell: _Cell) -> dict[str, Any]:
    """The config of the cell's test loop, with its data."""
    loop = dict(type='TestLoop', fp16=(config.get('test_cfg') or {}).get('fp16', False))
    if cell.attack is not None:
        attack = cell.attack
        require_library('foolbox', f'the attack {attack.name}')
        loop |= dict(type='AttackTestLoop', attack=attack.name, epsilon=attack.epsilon, steps=attack.steps,
                     seed=attack.seed)
    if cell.corruption:
        require_library('imagecorruptions', 'corrupting images')
        config = corrupt_pipeline(config, cell.corruption, cell.severity, cell.seed, cell.after)
    return dict(loop, dataloader=config.test_dataloader, evaluator=config.test_evaluator)


def _measure(runner: Runner, config: Config, cells: Sequence[_Cell],
             report: Callable[[str], object]) -> Iterator[tuple[_Cell, dict[str, Any]]]:
    runner.call_hook('before_run')
    runner.load_or_resume()
    begin, done, total = time.monotonic(), 0, sum(cell.cost for cell in cells)
    for number, cell in enumerate(cells, 1):
        measured = _run(runner, _loop(config, cell))
        yield cell, measured  # to be stored before it is announced
        done += cell.cost
        left = (time.monotonic() - begin) / done * (total - done)
        report(f"[{number}/{len(cells)}] {cell.key}: {measured['metric']} {measured['score']:.2f} "
               f'(about {left:.0f} s left)')
    runner.call_hook('after_run')


def _run(runner: Runner, loop: dict[str, Any]) -> dict[str, Any]:
    # Hooks ask the runner for the loop, which it builds only once: it is handed the loop of each cell.
    runner._test_loop = LOOPS.build(loop, default_args=dict(runner=runner))
    metrics = runner._test_loop.run()
    name = find_score(metrics)
    if name is None:
        raise ValueError(f'test_evaluator: expected a metric that gives one of {SCORES}, got {sorted(metrics)}')
    return dict(metric=name, score=percentage(name, metrics[name]), images=len(runner._test_loop.dataloader.dataset))


def _section(cells: Sequence[_Cell], scores: dict[str, dict[str, Any]], seed: int) -> Section:
    attacks: list[dict[str, Any]] = []
    corruptions: dict[str, dict[str, float]] = {}
    for cell in cells:
        score = scores[cell.key]['score']
        if cell.attack is not None:
            attacks.append(dict(attack=cell.attack.name, epsilon=cell.attack.epsilon, steps=cell.attack.steps,
                                accuracy=score))
        elif cell.corruption:
            corruptions.setdefault(cell.corruption, {})[str(cell.severity)] = score
    clean = scores['clean']
    return dict(metric=clean['metric'], clean=clean['score'], images=clean['images'], seed=seed, attacks=attacks,
                corruptions=corruptions)


def _data(config: Config) -> dict[str, str | None]:
    """The type of the data set that is tested, and a digest of what is in it."""
    settings = config.test_dataloader.dataset
    return dict(dataset=str(settings.type), digest=data_digest(DATASETS.build(copy.deepcopy(settings))))


def _fingerprint(config: Config, checkpoint: Path, data: dict[str, str | None]) -> str:
    """A hash of everything that a score depends on, beside what its cell says."""
    entries = {key: value for key, value in config.to_dict().items() if key not in _IDLE}
    weights = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    text = json.dumps([entries, weights, data, commit(), installed_versions()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
