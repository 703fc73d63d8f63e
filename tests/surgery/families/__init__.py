# Copyright (c) mmtips authors. All rights reserved.
"""The table of converted host backbones: what is built, and where its stride sites and their operators are.

One line for each site, or for several that differ in a number: its role, the path of its strided module, and whether
the operator is ``before`` or ``after`` another module (if none is named, itself), or ``instead`` of it.
"""

import re
from dataclasses import dataclass

from tests.surgery.families import dense, mobile, plain, residual, timm

#: The options that tell families apart.
NAMING = ('depth', 'arch', 'model_name', 'style', 'deep_stem', 'strides', 'contract_dilation', 'bottleneck_type')


@dataclass(frozen=True)
class Family:
    """A host's backbone, and its sites as ``(role, strided, where, carrier)``."""

    host: str
    cfg: dict
    sites: frozenset

    @property
    def converted(self):
        """Strided modules that have an operator where only the stem's convolutions are asked for beside the default."""
        return {strided for role, strided, _, _ in self.sites if role != 'context_pool'}

    @property
    def name(self):
        """For humans: ``mmseg ResNet depth=18``."""
        options = ' '.join(f'{key}={value}' for key, value in self.cfg.items()
                           if key in NAMING and not isinstance(value, dict))
        return f"{self.host} {self.cfg['base']} {options}".strip()


def expand(line):
    """A line, once for each number in its braces."""
    choices = re.search(r'{([\d,]+)}', line)
    if not choices:
        return [line]
    return [line.replace(choices[0], number) for number in choices[1].split(',')]


def read(text):
    """The sites that a text lists."""
    lines = (line for pattern in text.splitlines() if pattern.strip() for line in expand(pattern))
    for line in lines:
        role, strided, where, *carrier = line.split()
        yield role, strided, where, carrier[0] if carrier else strided


FAMILIES = [Family(host, cfg, frozenset(read(text)))
            for module in (residual, mobile, plain, dense, timm) for host, cfg, text in module.FAMILIES]
