# Copyright (c) mmtips authors. All rights reserved.
"""A test loop that attacks the images before the host's metrics judge the predictions."""

from typing import Any, cast

import torch
from mmengine.registry import LOOPS
from mmengine.runner import TestLoop, autocast
from torch import nn

from mmtips.evaluation.adapters import batch_samples, image_size
from mmtips.evaluation.images import ignored_label
from mmtips.evaluation.order import ImageOrder
from mmtips.robustness.attacks import STEPS, Attack, attack_images
from mmtips.robustness.libraries import require_library
from mmtips.robustness.victims import Victim, require_pixels, truths
from mmtips.wrappers import unwrap

#: A label that no class has.
NO_CLASS = -100


@LOOPS.register_module()
class AttackTestLoop(TestLoop):
    """mmengine's test loop on attacked images: ``test_cfg = dict(type='AttackTestLoop', attack='FGSM', epsilon=4)``.

    The truth that is attacked is that on the network's grid; predictions are made, resized and judged as in any test.

    Args:
        runner: The runner.
        dataloader: As in the host loop.
        evaluator: As in the host loop.
        fp16: As in the host loop; the attack itself runs in full precision.
        attack: See :class:`mmtips.robustness.Attack`.
        epsilon: See there.
        steps: See there.
        seed: See there.
        ignore_index: Label of pixels without a truth; by default the data set's own, or 255.

    Raises:
        ValueError: If the attack is unknown or its options are out of range.
        ImportError: If foolbox is not installed.
    """

    def __init__(self,
                 runner: Any,
                 dataloader: Any,
                 evaluator: Any,
                 fp16: bool = False,
                 *,
                 attack: str = 'FGSM',
                 epsilon: float = 4.,
                 steps: int = STEPS,
                 seed: int = 0,
                 ignore_index: int | None = None) -> None:
        self.attack = Attack(attack, epsilon, steps, seed)
        require_library('foolbox', type(self).__name__)
        super().__init__(runner, dataloader, evaluator, fp16)
        if ignore_index is None:
            ignore_index = ignored_label(self.dataloader.dataset)
        self.ignore_index = ignore_index
        self._order = ImageOrder(self.dataloader)

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Any) -> None:
        """Attack a batch, predict it, hand the predictions to the evaluator.

        Args:
            idx: Number of the batch.
            data_batch: The batch.

        Raises:
            ValueError: If the batch holds images of different sizes, or of an unknown range.
        """
        size, model = image_size(data_batch), unwrap(self.runner.model)
        require_pixels(model, data_batch)
        self.runner.call_hook('before_test_iter', batch_idx=idx, data_batch=data_batch)
        data = cast(nn.Module, model.data_preprocessor)(data_batch, False)
        samples = batch_samples(data, len(data['inputs']))
        padded = tuple(data['inputs'].shape[-2:])
        labels = truths(samples, size, padded, self.ignore_index).to(data['inputs'].device)
        # Images as a whole have classes of any number, 255 too.
        victim = Victim(model, data['inputs'], size, self.ignore_index if labels.dim() > 1 else NO_CLASS)
        pixels = attack_images(self.attack, victim, labels, self._order.of_batch(idx))
        data['inputs'] = victim.network_inputs(pixels)
        with autocast(enabled=self.fp16):
            outputs = model(**data, mode='predict')
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        self.runner.call_hook('after_test_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs)
