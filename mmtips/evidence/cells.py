# Copyright (c) mmtips authors. All rights reserved.
"""The cells of a study: one training and one evaluation each, with an id that stays."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmtips.cli import config_files
from mmtips.evidence.checks import slug
from mmtips.evidence.plan import Network, Operator, Plan, Protocol

#: Of (network, operator, iterations of the plan): the rates and the iterations of a study.
Rates = Callable[[str, str], tuple[float, ...]]
Length = Callable[[str, str], int]


@dataclass(frozen=True)
class Cell:
    """All that decides what comes out, beside the versions.

    Attributes:
        study: Name of the study.
        split: What it is measured on.
        network: Name of the network.
        padding: One of :data:`mmtips.evidence.plan.PADDINGS`.
        task: ``'segmentation'`` or ``'classification'``.
        recipe: Path of the recipe.
        options: What overrides it.
        images: Of how many images it is measured.
        name: Name of the operator in the plan.
        operator: What it is.
        learning_rate: The largest of the schedule.
        seed: Of the training.
        iterations: Of the training.
        map_images: Of how many images a shift map is made; of none if 0.
        protocol: How it is measured.
    """

    study: str
    split: str
    network: str
    padding: str
    task: str
    recipe: str
    options: Mapping[str, Any]
    images: int
    name: str
    operator: Operator
    learning_rate: float
    seed: int
    iterations: int
    map_images: int
    protocol: Protocol

    @property
    def setting(self) -> str:
        """Network and padding."""
        return f'{self.network}-{self.padding}'

    @property
    def id(self) -> str:
        """Its name among the cells of its study."""
        return f'{self.setting}_{slug(self.name)}_lr{self.learning_rate:g}_seed{self.seed}'

    def fingerprint(self) -> str:
        """A hash of all that decides what comes out: of the cell, and of the recipe with what it inherits from."""
        content = asdict(self)
        # Where else an operator is measured does not change this cell.
        content['operator'] = {key: content['operator'][key] for key in ('config', 'sites', 'hooks')}
        content['recipe'] = [_statements(path) for path in sorted(set(config_files(Path(self.recipe))))]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _statements(path: Path) -> list[str]:
    """The lines of a config that are no comments."""
    return [line for line in path.read_text().splitlines() if line.strip() and not line.lstrip().startswith('#')]


def study_cells(plan: Plan, name: str, rates: Rates, length: Length) -> list[Cell]:
    """The cells of a study, network by network and there seed by seed: what is there early is a whole of its own.

    Args:
        plan: The plan.
        name: Name of the study.
        rates: Gives the learning rates of an operator in a network.
        length: Gives the iterations of an operator in a network.

    Returns:
        The cells, in the order in which they are run.

    Raises:
        ValueError: If the plan has no such study.
    """
    study, rows = plan.study(name), list(study_rows(plan, name))
    ordered = [(row, seed) for network in dict.fromkeys(row[0] for row in rows) for seed in study.seeds
               for row in rows if row[0] == network]
    return [
        Cell(name, study.split, network_name, padding, network.task, network.recipe, network.options, network.images,
             operator_name, operator, rate, seed,
             max(1, round(length(network_name, operator_name) * study.length)), study.map_images, plan.protocol)
        for (network_name, network, padding, operator_name, operator), seed in ordered
        for rate in rates(network_name, operator_name)]


def study_rows(plan: Plan, name: str) -> Iterator[tuple[str, Network, str, str, Operator]]:
    """The rows of a study's tables: network, padding and operator, by name and as they are."""
    study = plan.study(name)
    for network_name in plan.networks if study.networks is None else study.networks:
        network = plan.networks[network_name]
        for operator_name, operator in plan.of_study(study).items():
            if operator.networks is not None and network_name not in operator.networks:
                continue
            paddings = [padding for padding in network.paddings
                        if padding in (study.paddings or network.paddings)
                        and padding in (operator.paddings or network.paddings)]
            # The search is shared by the paddings: it runs in the first one.
            for padding in paddings[:1] if name == 'search' else paddings:
                yield network_name, network, padding, operator_name, operator


def describe(cell: Cell) -> dict[str, Any]:
    """The fields of a row of results that are known before anything runs."""
    return dict(setting=cell.setting, task=cell.task, operator=cell.name, config=cell.operator.config,
                learning_rate=cell.learning_rate, seed=cell.seed, iterations=cell.iterations)


def grid(plan: Plan) -> Rates:
    """The whole grid of the network."""
    return lambda network, operator: plan.networks[network].learning_rates  # noqa: ARG005


def as_planned(plan: Plan, study: str) -> Length:
    """The iterations of the network in a study."""
    return lambda network, operator: plan.networks[network].iterations_of(study)  # noqa: ARG005

