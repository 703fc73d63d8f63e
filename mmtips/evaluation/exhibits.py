# Copyright (c) mmtips authors. All rights reserved.
"""Single images for a report: looked up after the evaluation, so that the loops keep nothing but counts."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmtips.downsampling import Downsampler, functional
from mmtips.evaluation.loops import ShiftTestLoop
from mmtips.evaluation.measures import compared
from mmtips.evaluation.protocols import ShiftProtocol, draw_shifts
from mmtips.evaluation.subject import Subject
from mmtips.evaluation.views import UNSEEN, render_view


def load_subject(loop: ShiftTestLoop, index: int) -> Subject:
    """The image of this index in the data set, as the loop measures it."""
    return loop.subjects(loop.dataloader.collate_fn([loop.dataloader.dataset[index]]), [index])[0]


@torch.no_grad()
def flicker_exhibits(loop: ShiftTestLoop, examples: Sequence[int], gallery: Sequence[int],
                     protocol: ShiftProtocol) -> tuple[dict[int, dict[str, Any]], list[dict[str, Any]]]:
    """Where the predictions of images flicker, and the two views of each image that agree least.

    An image that is wanted for both is predicted once.

    Args:
        loop: The loop.
        examples: Of which images all pairs of views are shown.
        gallery: Of which images the pair is shown that agrees least.
        protocol: The protocol.

    Returns:
        The examples, by index: ``image`` (C, H, W) as preprocessed, ``truth`` (H, W) or None, ``prediction`` (H, W) of
        the first view, and of how many pairs each pixel is ``seen`` by both views, and how many ``differ`` there.

        The gallery, as ``mmtips.report.write_gallery`` takes it: ``index``, ``image`` (its name), ``agreement`` in
        percent, ``shifts`` of the two views in pixels, ``view_a`` and ``view_b`` (C, h, w) as preprocessed,
        ``prediction_a``, ``prediction_b`` and ``truth`` (H, W), or ``labels`` for classification.
    """
    shown, least = {}, {}
    for index in dict.fromkeys([*examples, *gallery]):
        subject = load_subject(loop, index)
        shifts = draw_shifts(protocol, index, subject.size)
        pairs = list(compared(subject.predictions(shifts, protocol), protocol.kind.anchored))
        if index in examples:
            shown[index] = _example(subject, pairs)
        if index in gallery:
            of_pairs = list(compared(iter(shifts), protocol.kind.anchored))
            least[index] = _least_agreement(subject, of_pairs, pairs, protocol, loop.classes.names)
    return shown, [least[index] for index in gallery]


def _example(subject: Subject, pairs: Sequence[tuple[Tensor, Tensor]]) -> dict[str, Any]:
    seen = [(first != UNSEEN) & (second != UNSEEN) for first, second in pairs]
    differ = [both & (first != second) for both, (first, second) in zip(seen, pairs, strict=True)]
    return dict(image=subject.image.cpu(), truth=_truth(subject), prediction=pairs[0][0].cpu(),
                seen=torch.stack(seen).sum(0).cpu(), differ=torch.stack(differ).sum(0).cpu())


def _least_agreement(subject: Subject, of_pairs: Sequence[tuple[Tensor, Tensor]],
                     pairs: Sequence[tuple[Tensor, Tensor]], protocol: ShiftProtocol,
                     names: Sequence[str]) -> dict[str, Any]:
    shares = [((first == second) & (first != UNSEEN)).sum().item()
              / ((first != UNSEEN) & (second != UNSEEN)).sum().clamp(min=1).item() for first, second in pairs]
    worst = min(range(len(pairs)), key=shares.__getitem__)
    maps: dict[str, Any] = dict(prediction_a=pairs[worst][0].cpu(), prediction_b=pairs[worst][1].cpu(),
                                truth=_truth(subject), labels=None)
    if pairs[worst][0].shape == (1, 1):
        called = [names[int(label)] for label in pairs[worst]]
        truth = names[int(subject.regions.labels)] if subject.regions.known.all() else None
        maps = dict(prediction_a=None, prediction_b=None, truth=None,
                    labels=dict(a=called[0], b=called[1], truth=truth))
    views = [render_view(subject.image, shift, protocol).cpu() for shift in of_pairs[worst]]
    return dict(index=subject.index, image=subject.name, agreement=100 * shares[worst],
                shifts=[[part / protocol.subpixel for part in shift.tolist()] for shift in of_pairs[worst]],
                view_a=views[0], view_b=views[1], **maps)


def _truth(subject: Subject) -> Tensor | None:
    known = subject.regions.known
    return subject.regions.labels.cpu() if known.any() and known.numel() > 1 else None


@torch.no_grad()
def mixing_layers(loop: ShiftTestLoop, index: int, count: int = 3) -> list[dict[str, Any]]:
    """What some layers of TIPS see in an image, and how they mix it: spread from the first layer to the last.

    Args:
        loop: The loop.
        index: Which image.
        count: How many layers at most, >= 1.

    Returns:
        For each layer ``path``, ``operator``, ``features`` psi (C, H, W) and mixing ``weights`` (C, s*s).
    """
    subject = load_subject(loop, index)
    layers = {path: module for path, module in subject.model.named_modules()
              if isinstance(module, Downsampler) and hasattr(module, 'score_weight')}
    steps = torch.linspace(0, len(layers) - 1, min(count, len(layers))).round().long().tolist() if layers else []
    chosen = [list(layers.items())[step] for step in steps]
    inputs: dict[str, Tensor] = {}
    hooks = [module.register_forward_pre_hook(lambda _, args, path=path: inputs.update({path: args[0]}))
             for path, module in chosen]
    try:
        list(subject.predictions(torch.zeros(1, 2, dtype=torch.long), ShiftProtocol('circular', 1, 1)))
    finally:
        for hook in hooks:
            hook.remove()
    return [_layer(path, module, inputs[path]) for path, module in chosen if path in inputs]


def _layer(path: str, module: Any, x: Tensor) -> dict[str, Any]:
    x = functional.extend_to_multiple(x, module.stride)
    features = functional.tips_features(x, module.score_weight, module.padding_mode)
    weights = functional.tips_phase_weights(features, module.score_scale, module.stride, module.scores)
    return dict(path=path, operator=type(module).__name__, features=features[0].float().cpu(),
                weights=weights[0].float().cpu())
