# Copyright (c) mmtips authors. All rights reserved.
"""What a plan has to be, with errors that say what to do."""

import inspect
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from mmtips.arguments import check_integer
from mmtips.downsampling import operator_class
from mmtips.evidence.plan import ITERATIONS, PADDINGS, RATES, SPLITS, Network, Operator, Plan, Protocol, Study

TASKS = ('segmentation', 'classification')
#: What the surgery reads of a downsampler's config, beside the operator's own options.
SURGERY = ('type', 'placement')


def slug(name: str) -> str:
    """A name as a part of a path: small letters, digits and dashes."""
    return re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')


def check_plan(plan: Plan) -> None:
    """Check a plan, before hours are spent on it.

    Args:
        plan: The plan.

    Raises:
        FileNotFoundError: If a recipe is missing.
        ValueError: If an entry is none of those that are expected.
    """
    for name, network in plan.networks.items():
        _check_network(f'networks.{name}', network)
    _check_protocol(plan.protocol)
    _check_operators('operators', plan.operators, plan, plan.operators)
    if 'search' not in plan.studies:
        raise ValueError('studies: expected a study named search, from which the others have their learning rates')
    for name, study in plan.studies.items():
        _check_study(f'studies.{name}', name, study, plan)


def _check_network(place: str, network: Network) -> None:
    if not Path(network.recipe).is_file():
        raise FileNotFoundError(f'{place}: recipe: no file {network.recipe}: name it from the root of the repository, '
                                'and run from there')
    _require(f'{place}.task', [network.task], TASKS)
    _require(f'{place}.paddings', network.paddings, PADDINGS)
    if not network.paddings:
        raise ValueError(f'{place}.paddings: expected at least one of {PADDINGS}, got none')
    check_integer(f'{place}.iterations', network.iterations, 1)
    if network.search_iterations is not None:
        check_integer(f'{place}.search_iterations', network.search_iterations, 1)
    check_integer(f'{place}.images', network.images, 1)
    rates = network.learning_rates
    numbers = all(isinstance(rate, float) and 0 < rate < 10 for rate in rates)
    if not rates or not numbers or len(set(rates)) < len(rates):
        raise ValueError(f'{place}.learning_rates: expected different numbers above 0, such as [0.001, 0.003], got '
                         f'{list(rates)}')


def _check_protocol(protocol: Protocol) -> None:
    for name, value in vars(protocol).items():
        check_integer(f'protocol.{name}', value, 0 if name == 'shift_seed' else 1)


def _check_operators(place: str, operators: Mapping[str, Operator], plan: Plan, known: Collection[str]) -> None:
    for name, operator in operators.items():
        _require(f'{place}.{name}.networks', operator.networks or (), plan.networks)
        _require(f'{place}.{name}.paddings', operator.paddings or (), PADDINGS)
        _require(f'{place}.{name}.rate_of', [operator.rate_of] if operator.rate_of else (), known)
        if operator.config is not None:
            _check_config(f'{place}.{name}.config', operator)


def _check_config(place: str, operator: Operator) -> None:
    config = operator.config or {}
    parameters = list(inspect.signature(operator_class(config, place)).parameters.values())[2:]
    _require(f'{place}: options', config, [*SURGERY, *(parameter.name for parameter in parameters)])


def _check_study(place: str, name: str, study: Study, plan: Plan) -> None:
    _require(f'{place}.split', [study.split], SPLITS)
    _require(f'{place}.rates', [study.rates], RATES)
    _require(f'{place}.iterations', [study.iterations], ITERATIONS)
    _require(f'{place}.networks', study.networks or (), plan.networks)
    _require(f'{place}.paddings', study.paddings or (), PADDINGS)
    _require(f'{place}.operators', study.operators or (), plan.operators)
    if study.extra and set(study.extra) & set(plan.operators):
        raise ValueError(f'{place}.extra: {sorted(set(study.extra) & set(plan.operators))} are names of operators of '
                         'the plan: name them in operators, or call the extra ones otherwise')
    if not isinstance(study.length, int | float) or not 0 < study.length <= 10:
        raise ValueError(f'{place}.length: expected a number above 0 and up to 10, got {study.length!r}')
    check_integer(f'{place}.map_images', study.map_images, 0)
    _check_operators(f'{place}.extra', study.extra, plan, plan.operators)
    if not study.seeds or len(set(study.seeds)) < len(study.seeds) or not all(
            isinstance(seed, int) and seed >= 0 for seed in study.seeds):
        raise ValueError(f'{place}.seeds: expected different integers >= 0, got {list(study.seeds)}')
    if name == 'search' and (study.split, study.rates, study.iterations) != ('val', 'grid', 'equal'):
        raise ValueError(f"{place}: expected split='val', rates='grid' and iterations='equal': what is chosen must not "
                         f'have seen the test split, got {(study.split, study.rates, study.iterations)}')
    if name != 'search' and study.rates == 'search':
        _require_searched(place, study, plan)
    for row, operator in plan.of_study(study).items():
        _require(f'{place}: control of {row!r}', [operator.control] if operator.control else (), plan.of_study(study))
    slugs = [slug(row) for row in plan.of_study(study)]
    if len(set(slugs)) < len(slugs) or not all(slugs):
        raise ValueError(f'{place}: two operators have names that differ in signs only: {sorted(slugs)}')


def _require_searched(place: str, study: Study, plan: Plan) -> None:
    searched = set(plan.of_study(plan.studies['search']))
    for name, operator in plan.of_study(study).items():
        if (operator.rate_of or name) not in searched:
            raise ValueError(f'{place}: {name!r} has no learning rate: let the search have it, or name an operator of '
                             f'the search in its rate_of: {sorted(searched)}')
    if study.iterations == 'equal_time' and study.reference not in searched:
        raise ValueError(f'{place}.reference: expected an operator of the search, whose time is known, one of '
                         f'{sorted(searched)}, got {study.reference!r}')


def _require(place: str, values: Iterable[object], known: Collection[str]) -> None:
    unknown = [value for value in values if value not in known]
    if unknown:
        raise ValueError(f'{place}: expected some of {list(known)}, got {unknown}')
