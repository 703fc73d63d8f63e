# Copyright (c) mmtips authors. All rights reserved.
"""Put a downsampling operator at the stride sites of a built backbone, without renaming a parameter."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from mmengine.logging import print_log
from torch import Tensor, nn

from mmtips.downsampling import Downsampler
from mmtips.surgery.plan import Choice, build_operators, describe_plan, plan_sites
from mmtips.surgery.sites import Site


def convert_downsampling(backbone: nn.Module, downsampler: Mapping[str, Any],
                         sites: Mapping[str, Choice] | None = None) -> list[Site]:
    """Exchange the downsampling of a backbone, in place.

    Two moves: a strided convolution gets stride 1, and the *next* module on the path first runs the operator (in a
    residual block: convolution, norm, ReLU, operator, convolution; on the skip the operator runs before the
    projection). A pool is replaced. No parameter changes its name, so that the host's checkpoints load as before; the
    operators' own parameters appear under ``<carrier>.downsampler``.

    The operator is a child module of its carrier, run by a forward pre-hook rather than by a subclass of the carrier:
    the carrier keeps its class, which the hosts' initialisation and type tests look at, whatever convolution it is.

    Args:
        backbone: A built host backbone; ``backbone.init_weights()`` may run before or after.
        downsampler: Config of the operator, such as ``dict(type='TIPS')``.
        sites: Other choices for some sites, by role or path, see :func:`mmtips.surgery.plan_sites`:
            ``{'stem_conv': dict(type='BlurPool'), 'layer4.*': None}``.

    Returns:
        The converted sites.

    Raises:
        ValueError: If no site is left to convert, or ``sites`` names none that there is, or an operator refuses.
        TypeError: If a config is malformed.
        KeyError: If an operator is not registered.
    """
    plan = plan_sites(backbone, downsampler, sites)
    # All that goes in is built before the first change, so that a bad option leaves the backbone as it was. Pools go
    # first, because the module before which a strided convolution's operator runs may be one that is replaced.
    built = build_operators(backbone, plan)
    for site, operator in sorted(built, key=lambda pair: pair[0].kind == 'conv'):
        (_replace_conv if site.kind == 'conv' else _replace_pool)(backbone, site, operator)
    _freeze_again(backbone, built)
    print_log(f'downsampling of {type(backbone).__name__}: {describe_plan(plan)}', logger='current')
    return [site for site, _ in built]


def _replace_pool(backbone: nn.Module, site: Site, part: nn.Module) -> None:
    pool, operator = backbone.get_submodule(site.strided), cast(Downsampler, part)
    dense = _dense_max(pool, operator.max_kernel) if operator.keeps_max and isinstance(pool, nn.MaxPool2d) else None
    floor = site.stride if site.kind == 'floor_pool' else 1
    replaced = operator if dense is None and floor == 1 else PreparedPool(operator, dense, floor)
    backbone.set_submodule(site.strided, replaced.train(pool.training))


class PreparedPool(nn.Module):
    """An operator in place of a pool that did more than reduce.

    It is no ``nn.Sequential``, whose children can carry operators of their own.

    Args:
        operator: The operator.
        dense: The pool's maximum at stride 1, which comes first; None if nothing does.
        floor: Rows and columns at the end that are no multiple of this are dropped, as the pool dropped them.
    """

    def __init__(self, operator: nn.Module, dense: nn.Module | None = None, floor: int = 1) -> None:
        super().__init__()
        self.pool = operator
        self.max = dense
        self.floor = floor

    def forward(self, x: Tensor) -> Tensor:
        """Reduce ``x``, ``(N, C, H, W) -> (N, C, ceil(H/s), ceil(W/s))``, or its floor."""
        x = x if self.max is None else self.max(x)
        if self.floor > 1:
            x = x[..., :x.shape[-2] // self.floor * self.floor, :x.shape[-1] // self.floor * self.floor]
        return self.pool(x)


def _dense_max(pool: nn.MaxPool2d, kernel: int | None) -> nn.Module:
    """The host's max pool at stride 1, with as many outputs as inputs for any kernel."""
    if kernel is None:
        kernel = pool.kernel_size if isinstance(pool.kernel_size, int) else pool.kernel_size[0]
    if kernel % 2:
        return nn.MaxPool2d(kernel, stride=1, padding=kernel // 2)
    before, after = (kernel - 1) // 2, kernel // 2
    border = nn.ConstantPad2d((before, after, before, after), float('-inf'))
    return nn.Sequential(border, nn.MaxPool2d(kernel, stride=1))


def _replace_conv(backbone: nn.Module, site: Site, part: nn.Module) -> None:
    """Give the stride to the operator, or the convolution another form: it keeps its place and its names."""
    if isinstance(part, Downsampler):
        cast(nn.Conv2d, backbone.get_submodule(site.strided)).stride = (1, 1)
        run_before(backbone.get_submodule(site.carrier), part)
    else:
        backbone.set_submodule(site.strided, part)


def run_before(carrier: nn.Module, operator: nn.Module) -> None:
    """Make a module run an operator on its input, as its child ``downsampler``.

    Args:
        carrier: Any module whose first argument is the feature map.
        operator: Maps that feature map to what the carrier shall see.
    """
    carrier.add_module('downsampler', operator)
    carrier.register_forward_pre_hook(_run_downsampler)


def _run_downsampler(carrier: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    # A function of the module, not a closure: deepcopy and pickle of the model keep it working.
    return (carrier.get_submodule('downsampler')(args[0]), *args[1:])


def _freeze_again(backbone: nn.Module, built: Sequence[tuple[Site, nn.Module]]) -> None:
    """Hosts freeze their first stages in the constructor, before the operators were there.

    An operator belongs to the stage of the convolution whose stride it took over, or that a pool follows. The
    statistics of a frozen DDAC's own norm follow the data in training nevertheless where the host's ``train`` does not
    put the operator into eval (at a pool).
    """
    freeze = getattr(backbone, '_freeze_stages', None)
    if freeze is not None:
        freeze()
    operators = {site.strided: operator for site, operator in built}
    frozen = False
    for path, module in backbone.named_modules():
        if isinstance(module, nn.Conv2d):
            frozen = not module.weight.requires_grad
        if path in operators and frozen:
            operators[path].requires_grad_(False)
