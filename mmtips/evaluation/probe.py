# Copyright (c) mmtips authors. All rights reserved.
"""Measure sampling bias and aliasing at every downsampling site of a model while it predicts."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from mmtips.downsampling import Downsampler, SpaceToDepthConv2d, SPDConv
from mmtips.evaluation.aliasing import power_counts
from mmtips.evaluation.bias import FIGURES, selection_counts, weight_counts, window_weight_counts
from mmtips.inspection.strided import pair, strided_modules

#: Strided convolutions are run at stride 1 for their dense map, at s*s times their cost: not beyond this stride.
MAX_STRIDE = 4
NAMES = {nn.MaxPool2d: 'max pool', nn.AvgPool2d: 'average pool', SpaceToDepthConv2d: 'SPDConv'}
LOSSLESS = (SPDConv, SpaceToDepthConv2d)
#: Of the figures of one site, those that apply, ``(N, 2)`` each.
Counts = dict[str, Tensor]


class SamplingProbe:
    """Counts at every downsampling site of a model, during one forward of one image.

    ``with SamplingProbe(model) as probe: model(image, ...)``. It works with forward hooks, which are gone afterwards,
    and keeps no map. A site that runs several times adds up; sites that do not run are not listed. Sites are

    * every :class:`Downsampler`. The window is the stride cell of the operator. For operators whose weights are not
      known (``mixing_weights`` is None) the weight is left out;
    * every strided ``nn.MaxPool2d`` and ``nn.AvgPool2d``. The window is the pool's own: the bias of a max pool is 1;
    * every strided convolution outside of these, seen as a convolution at stride 1, whose map is measured, and plain
      subsampling, whose weight is 1 for the first pixel of the cell. For a stride above 4 (the patches of a ViT), or
      classes that are no ``nn.Conv2d`` (deformable ones), that map is not computed: the site is listed without figures;
    * space-to-depth (SPDConv), which keeps every pixel: there is no selection and no alias, the site is listed without
      figures.

    Sites whose strides differ between rows and columns are listed without figures, at the larger stride. What a forward
    does without a module (Swin's patch merging, slices) is not seen.

    Args:
        model: Any model in eval.

    Attributes:
        sites: ``path``, ``operator`` and ``stride`` of each site, in the order in which they ran.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.sites: list[dict[str, Any]] = []
        self._counts: dict[str, Tensor] = {}
        self._hooks: list[Any] = []

    @property
    def counts(self) -> Tensor:
        """``(sites, 3, 2)`` float64: selection, weight, aliasing; the total is 0 where a figure does not apply."""
        return torch.stack(list(self._counts.values())) if self._counts else torch.zeros(0, len(FIGURES), 2).double()

    def __enter__(self) -> 'SamplingProbe':
        """Put the hooks in place.

        Raises:
            ValueError: If the model is in training.
        """
        if self.model.training:
            raise ValueError('model: expected a model in eval, got one in training: call model.eval() first')
        for path, module in _sites(self.model):
            # Before the forward: what a branch shares with another is used up in it.
            self._hooks.append(module.register_forward_pre_hook(self._before(path), with_kwargs=True))
            self._hooks.append(module.register_forward_hook(self._after(path), with_kwargs=True))
        return self

    def __exit__(self, *_: object) -> None:
        """Take the hooks away."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def _before(self, path: str) -> Callable[..., None]:
        @torch.no_grad()
        def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if path not in self._counts:
                self._counts[path] = torch.zeros(len(FIGURES), 2, dtype=torch.float64)
                self.sites.append(dict(path=path, operator=_name(module), stride=max(_strides(module))))
            if isinstance(module, Downsampler) and not isinstance(module, LOSSLESS):
                self._add(path, _operator_weight(module, _map(args, kwargs)))

        return hook

    def _after(self, path: str) -> Callable[..., None]:
        @torch.no_grad()
        def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
            if len(set(_strides(module))) == 1 and not isinstance(module, LOSSLESS):
                self._add(path, _measure(module, _map(args, kwargs), _map((output, ), {})))

        return hook

    def _add(self, path: str, counts: Counts) -> None:
        for name, pairs in counts.items():
            self._counts[path][FIGURES.index(name)] += pairs.sum(0).cpu()


def _map(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """The first tensor: pools may return their indices behind it."""
    return next(leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor))


def _sites(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    strided = strided_modules(model)
    inside: tuple[str, ...] = ()
    for path, module in model.named_modules():
        if isinstance(module, (Downsampler, SpaceToDepthConv2d)):
            inside += (f'{path}.' if path else '', )
            yield path, module
        elif path in strided and not path.startswith(inside):
            yield path, module


def _name(module: nn.Module) -> str:
    if isinstance(module, Downsampler):
        return type(module).__name__
    return next((name for kind, name in NAMES.items() if isinstance(module, kind)), 'strided convolution')


def _strides(module: Any) -> tuple[int, int]:
    return pair(module.stride)


def _measure(module: Any, x: Tensor, y: Tensor) -> Counts:
    stride = _strides(module)[0]
    if isinstance(module, Downsampler):
        selection = selection_counts(module.cells(x), y, stride)
    elif isinstance(module, (nn.MaxPool2d, nn.AvgPool2d)):
        return _pool(module, x, y, stride)
    else:
        return _convolution(module, x, stride)
    return dict(selection=selection, aliasing=power_counts(x, stride))


def _operator_weight(operator: Downsampler, x: Tensor) -> Counts:
    weights = operator.mixing_weights(x)
    return {} if weights is None else dict(weight=weight_counts(operator.cells(x), weights, operator.stride))


def _pool(pool: Any, x: Tensor, y: Tensor, stride: int) -> Counts:
    selection = selection_counts(x, y, stride, window_max=lambda map_: F.max_pool2d(
        map_, pool.kernel_size, pool.stride, pool.padding, getattr(pool, 'dilation', 1), pool.ceil_mode))
    # A max pool puts its whole weight there.
    whole = selection[:, 1:].expand(-1, 2)
    weight = whole if isinstance(pool, nn.MaxPool2d) else _average_weight(pool, x, stride)
    return dict(selection=selection, weight=weight, aliasing=power_counts(x, stride))


def _average_weight(pool: Any, x: Tensor, stride: int) -> Tensor:
    """Of the windows that lie in the map, the padding left out."""
    for dim, kernel, padding in zip((2, 3), pair(pool.kernel_size), pair(pool.padding), strict=True):
        first = min(-padding % stride, x.shape[dim])
        x = x.narrow(dim, first, x.shape[dim] - first)
        if x.shape[dim] < kernel:
            return torch.zeros(len(x), 2, dtype=torch.float64)
        x = x.unfold(dim, kernel, stride)
    windows = x.flatten(-2).movedim(-1, 2)
    return window_weight_counts(windows, windows.new_tensor(1 / windows.shape[2]))


def _convolution(convolution: Any, x: Tensor, stride: int) -> Counts:
    if not isinstance(convolution, nn.Conv2d) or stride > MAX_STRIDE:
        return {}
    with _AtStrideOne() as mode:
        dense = convolution.forward(x)
    if mode.runs != 1:  # it computes something else
        return {}
    first = (torch.arange(stride**2, device=x.device) == 0).to(dense.dtype).reshape(1, 1, -1, 1, 1)
    return dict(selection=selection_counts(dense, dense[..., ::stride, ::stride], stride),
                weight=weight_counts(dense, first, stride), aliasing=power_counts(dense, stride))


class _AtStrideOne(TorchFunctionMode):
    """Runs ``F.conv2d`` without its stride: whatever a class does before, with border or weight, it does as ever."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # noqa: ARG002
        if func is not F.conv2d:
            return func(*args, **(kwargs or {}))
        self.runs += 1
        names = ('input', 'weight', 'bias', 'stride', 'padding', 'dilation', 'groups')
        return func(**dict(zip(names, args, strict=False)) | (kwargs or {}) | dict(stride=1))
