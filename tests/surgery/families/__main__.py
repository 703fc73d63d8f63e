# Copyright (c) mmtips authors. All rights reserved.
"""Write the table of backbones into docs/compatibility.md: python -m tests.surgery.families."""

from collections import Counter
from pathlib import Path

from mmtips.report import insert_table, markdown_table
from mmtips.surgery import ROLES
from tests.surgery.families import FAMILIES

PAGE = Path(__file__).parents[3] / 'docs/compatibility.md'


def family_table():
    """One row for each tested form of a backbone: how many sites of which role it has."""
    rows = []
    for family in FAMILIES:
        counts = Counter(role for role, *_ in family.sites)
        rows.append([family.name, *(str(counts[role] or '') for role in ROLES), str(len(family.sites))])
    return markdown_table(['backbone', *(f'`{role}`' for role in ROLES), 'all'], rows)


if __name__ == '__main__':
    insert_table(PAGE, family_table(), 'families')
    print(PAGE)
