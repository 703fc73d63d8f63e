# Copyright (c) mmtips authors. All rights reserved.
"""Adversarial attacks on models of either host, by foolbox, on the images as the network gets them.

Sources: FGSM is Goodfellow et al., ICLR 2015; PGD is Madry et al., ICLR 2018.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmtips.draws import generator_of
from mmtips.robustness.libraries import require_library
from mmtips.robustness.victims import Victim

#: Name -> the class in foolbox, and by what an epsilon is multiplied to be one of pixels in [0, 1].
ATTACKS = {
    'FGSM': ('LinfFastGradientAttack', 1 / 255),
    'PGD-linf': ('LinfProjectedGradientDescentAttack', 1 / 255),
    'PGD-l2': ('L2ProjectedGradientDescentAttack', 1.),
}
STEPS = 10


@dataclass(frozen=True)
class Attack:
    """What an attack may do.

    Args:
        name: One of :data:`ATTACKS`.
        epsilon: The largest perturbation. FGSM and PGD-linf: of each value, in units of 1/255. PGD-l2: the Euclidean
            norm of the whole perturbation of pixels in [0, 1].
        steps: Gradient steps of PGD, each ``2.5 * epsilon / steps`` long; FGSM takes one.
        seed: Seed of PGD's random starts.

    Raises:
        ValueError: If an argument is out of range.
    """

    name: str
    epsilon: float
    steps: int = STEPS
    seed: int = 0

    def __post_init__(self) -> None:
        if self.name not in ATTACKS:
            raise ValueError(f'attack: expected one of {tuple(ATTACKS)}, got {self.name!r}')
        if not 0 <= self.epsilon < float('inf'):
            raise ValueError(f'epsilon: expected a finite number >= 0, got {self.epsilon}')
        if self.steps < 1:
            raise ValueError(f'steps: expected at least 1, got {self.steps}')
        if self.name == 'FGSM':
            object.__setattr__(self, 'steps', 1)

    @property
    def radius(self) -> float:
        """Epsilon for pixels in [0, 1]."""
        return self.epsilon * ATTACKS[self.name][1]


def attack_images(attack: Attack, victim: Victim, labels: Tensor, indices: Sequence[int]) -> Tensor:
    """Perturb a batch so that the model's cross-entropy grows.

    Args:
        attack: The attack.
        victim: The model in eval, with the batch.
        labels: The truth: ``(N,)``, or ``(N, H, W)`` for a segmentor; int64.
        indices: The N indices of the images in the data set, which PGD's random starts are seeded with.

    Returns:
        The perturbed pixels, ``(N, C, H, W)`` in [0, 1]. Padding, and images without any truth, are as they were
        but for PGD's random start.

    Raises:
        ImportError: If foolbox is not installed.
    """
    library = require_library('foolbox', f'the attack {attack.name}')
    runner = _pixelwise(attack.name)(attack, victim, labels, indices)
    with _frozen(victim), torch.enable_grad():
        model = library.PyTorchModel(victim, bounds=(0, 1), device=victim.pixels.device)
        perturbed = runner.run(model, victim.pixels, labels, epsilon=attack.radius)
    return torch.where(victim.inside, perturbed, victim.pixels).detach()


def cross_entropy(logits: Tensor, labels: Tensor, ignore_index: int) -> Tensor:
    """The loss that attacks increase: each image's mean over its pixels with a truth, summed over images.

    Summed, so that what is done to an image does not depend on the rest of its batch.

    Args:
        logits: ``(N, K)`` or ``(N, K, H, W)``.
        labels: ``(N,)`` or ``(N, H, W)``, int64.
        ignore_index: Label of pixels without a truth; any label that is no class counts as that, as in the hosts'
            metrics.

    Returns:
        A scalar.
    """
    labels = labels.where((labels >= 0) & (labels < logits.shape[1]), ignore_index)
    losses = F.cross_entropy(logits, labels, ignore_index=ignore_index, reduction='none')
    losses, seen = (values.reshape(len(labels), -1).sum(1) for values in (losses, labels != ignore_index))
    return (losses / seen.clamp(min=1)).sum()


def random_start(attack: Attack, shape: Sequence[int], index: int) -> Tensor:
    """Draw where PGD starts for one image: uniformly in the ball that it may move in.

    Args:
        attack: The attack; its name says which ball.
        shape: Shape of the image, ``(C, H, W)``.
        index: Index of the image in the data set.

    Returns:
        A perturbation of pixels in [0, 1], on the CPU.
    """
    generator = generator_of(attack.seed, index)
    if attack.name != 'PGD-l2':
        return (2 * torch.rand(*shape, generator=generator) - 1) * attack.radius
    # A point of the ball: a uniform direction, and a radius whose n-th power is uniform.
    direction = torch.randn(*shape, generator=generator)
    length = torch.rand((), generator=generator) ** (1 / direction.numel())
    return direction / direction.norm() * length * attack.radius


@contextlib.contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """Let no parameter get a gradient, which foolbox would leave on them."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


@cache
def _pixelwise(name: str) -> Callable[..., Any]:
    """The class of foolbox with our loss and seeded starts, by the two methods that it leaves to users."""
    base: Any = getattr(require_library('foolbox', f'the attack {name}').attacks, ATTACKS[name][0])
    import eagerpy

    class Pixelwise(base):

        def __init__(self, attack: Attack, victim: Victim, labels: Tensor, indices: Sequence[int]) -> None:
            options = {} if attack.name == 'FGSM' else dict(steps=attack.steps, rel_stepsize=2.5 / attack.steps)
            super().__init__(**options)
            self.own = attack, victim, labels, indices

        def get_loss_fn(self, model: Any, labels: Any) -> Callable[[Any], Any]:  # noqa: ARG002 - eagerpy's
            _, victim, truth, _ = self.own
            return lambda x: eagerpy.astensor(cross_entropy(model(x).raw, truth, victim.ignore_index))

        def get_random_start(self, x0: Any, epsilon: float) -> Any:  # noqa: ARG002 - the attack's own
            attack, victim, _, indices = self.own
            starts = torch.stack([random_start(attack, x0.shape[1:], index) for index in indices])
            return x0 + eagerpy.astensor(starts.to(victim.pixels) * victim.inside)

    return Pixelwise
