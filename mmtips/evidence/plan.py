# Copyright (c) mmtips authors. All rights reserved.
"""The plan of the evidence: what is trained and measured, as data, checked before anything runs.

A plan is a config of mmengine (``configs/evidence/plans``) with ``networks``, ``operators``, ``studies`` and
``protocol``; the tables below say what each entry may hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmtips.downsampling import operator_class
from mmtips.evaluation.probe import LOSSLESS

SPLITS = ('val', 'test')
PADDINGS = ('zeros', 'circular')
#: Where a study has its learning rates from: every one of the grid, or the one that the search chose.
RATES = ('grid', 'search')
#: How long a study trains: as the plan says, or as long as the reference takes for that.
ITERATIONS = ('equal', 'equal_time')


@dataclass(frozen=True)
class Network:
    """One network with its recipe.

    Attributes:
        recipe: Path of the recipe, from the root of the repository.
        task: ``'segmentation'`` or ``'classification'``.
        iterations: How long it trains.
        learning_rates: The grid of the search.
        images: Of how many images of the split everything is measured, spread evenly over it.
        paddings: In which paddings it is measured; what is common to them is searched for in the first.
        options: What overrides the recipe, as a dict of dicts.
        search_iterations: How long it trains in the search; as long as ever if not given.
    """

    recipe: str
    task: str
    iterations: int
    learning_rates: tuple[float, ...]
    images: int
    paddings: tuple[str, ...] = PADDINGS
    options: Mapping[str, Any] = field(default_factory=dict)
    search_iterations: int | None = None

    def iterations_of(self, study: str) -> int:
        """How long it trains in a study."""
        return self.search_iterations or self.iterations if study == 'search' else self.iterations


@dataclass(frozen=True)
class Operator:
    """One row of the tables.

    Attributes:
        config: Config of the downsampler; None for the network as the host builds it.
        sites: Other choices for some sites, as in recipes.
        hooks: Hooks of its training.
        networks: The networks that it is measured in; all if not given.
        paddings: The paddings that it is measured in; all if not given.
        rate_of: The operator whose learning rate it trains with; one of its own is searched for if not given.
        control: The operator beside it that has the same additions, or differs in one thing: a gain over it is its own.
    """

    config: Mapping[str, Any] | None = None
    sites: Mapping[str, Any] | None = None
    hooks: tuple[Mapping[str, Any], ...] = ()
    networks: tuple[str, ...] | None = None
    paddings: tuple[str, ...] | None = None
    rate_of: str | None = None
    control: str | None = None

    @property
    def plain(self) -> bool:
        """Whether it samples, and is an operator and nothing else, rather than another one with an addition."""
        lossless = self.config is not None and issubclass(operator_class(self.config), LOSSLESS)
        return not lossless and self.sites is None and self.rate_of is None


@dataclass(frozen=True)
class Study:
    """Which cells a study has: every operator in every network and padding, with every seed.

    Attributes:
        split: On which split it is measured: ``'val'`` or ``'test'``.
        seeds: Of the trainings.
        rates: One of :data:`RATES`.
        iterations: One of :data:`ITERATIONS`.
        length: How much of these a training has: 1 is all, less is a shorter training with the whole of its schedule.
        networks: Some of the plan's; all if not given.
        paddings: Some of each network's; all if not given. A search needs each operator once: in the first padding.
        operators: Names of the plan's operators; all if not given.
        extra: Operators of this study alone, by name.
        reference: The operator whose training time the others get, with ``iterations='equal_time'``.
        map_images: Of how many images shift maps are made, which take a view for every shift; of none by default.
    """

    split: str
    seeds: tuple[int, ...]
    rates: str = 'search'
    iterations: str = 'equal'
    length: float = 1.0
    networks: tuple[str, ...] | None = None
    paddings: tuple[str, ...] | None = None
    operators: tuple[str, ...] | None = None
    extra: Mapping[str, Operator] = field(default_factory=dict)
    reference: str = 'stock'
    map_images: int = 0


@dataclass(frozen=True)
class Protocol:
    """How a cell is measured.

    Attributes:
        max_shift: Largest shift in pixels, standard and circular.
        pairs: Pairs of views per image.
        shift_seed: Seed of the shifts.
        border: Width of the band along borders in pixels on each side.
        sampling_images: Of how many of the images sampling bias is measured.
        curve_images: Of how many images of the validation split the curve is made.
        curve_points: How many points the curve has.
    """

    max_shift: int
    pairs: int
    border: int
    sampling_images: int
    curve_images: int
    curve_points: int
    shift_seed: int = 0


@dataclass(frozen=True)
class Plan:
    """Everything that is trained and measured.

    Attributes:
        networks: By name.
        operators: By name.
        studies: By name.
        protocol: How cells are measured.
    """

    networks: Mapping[str, Network]
    operators: Mapping[str, Operator]
    studies: Mapping[str, Study]
    protocol: Protocol

    def study(self, name: str) -> Study:
        """Look a study up.

        Raises:
            ValueError: If there is none of that name.
        """
        if name not in self.studies:
            raise ValueError(f'study: expected one of {list(self.studies)}, got {name!r}')
        return self.studies[name]

    def of_study(self, study: Study) -> dict[str, Operator]:
        """The operators of a study, by name: of all, if it names none; a search leaves out who has a rate_of."""
        names = list(self.operators) if study.operators is None else study.operators
        every = {name: self.operators[name] for name in names} | dict(study.extra)
        return every if study.rates != 'grid' else {name: of for name, of in every.items() if of.rate_of is None}


def load_plan(path: Path) -> Plan:
    """Read and check a plan.

    Args:
        path: A config file.

    Returns:
        The plan.

    Raises:
        FileNotFoundError: If there is no such file, or a recipe that it names is none.
        ValueError: If an entry is missing, unknown or out of its range.
    """
    from mmtips.evidence.checks import check_plan
    if not path.is_file():
        raise FileNotFoundError(f'plan: no file {path}')
    content = Config.fromfile(path, lazy_import=False).to_dict()
    unknown = sorted(set(content) ^ {entry.name for entry in fields(Plan)})
    if unknown:
        raise ValueError(f'{path}: expected the entries {[entry.name for entry in fields(Plan)]} and no other, see to '
                         f'{unknown}')
    plan = Plan({name: _entry(Network, of, f'networks.{name}') for name, of in content['networks'].items()},
                _operators(content['operators'], 'operators'),
                {name: _study(of, name) for name, of in content['studies'].items()},
                _entry(Protocol, content['protocol'], 'protocol'))
    check_plan(plan)
    return plan


def _operators(content: Mapping[str, Any], place: str) -> dict[str, Operator]:
    return {name: _entry(Operator, of, f'{place}.{name}') for name, of in content.items()}


def _study(content: Mapping[str, Any], name: str) -> Study:
    extra = _operators(content.get('extra', {}), f'studies.{name}.extra')
    return _entry(Study, dict(content, extra=extra), f'studies.{name}')


def _entry(kind: Any, content: Any, place: str) -> Any:
    """An entry of a plan as what it is; lists become tuples."""
    names = [entry.name for entry in fields(kind)]
    if not isinstance(content, Mapping) or set(content) - set(names):
        raise ValueError(f'{place}: expected a dict with some of {names}, got {content!r}')
    try:
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in content.items()})
    except TypeError as error:
        raise ValueError(f'{place}: {error}: expected {names}') from error
