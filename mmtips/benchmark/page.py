# Copyright (c) mmtips authors. All rights reserved.
"""What ``docs/performance.md`` shows, generated from the results."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mmtips import report
from mmtips.benchmark.goals import GOALS, goals_table, judge, missed_reasons
from mmtips.benchmark.growth import growth_table
from mmtips.benchmark.settings import Setting
from mmtips.benchmark.shares import profile_parts
from mmtips.benchmark.suites import NETWORK_SUITES, PLANS, planned
from mmtips.benchmark.tables import said_setting, section

Results = Mapping[str, dict[str, Any]]
NOTHING = 'Not measured yet.'


def outstanding(results: Results) -> str:
    """On which devices there are figures, and which of the plan are missing.

    Args:
        results: Benchmark results by ``<suite>-<setting>``.

    Returns:
        A paragraph for each kind of device.
    """
    said = []
    for device, name in (('cpu', 'CPU'), ('cuda', 'GPU')):
        of_device = [result for result in results.values() if result['setting']['device'] == device]
        missing = [key for suite, setting in planned(device) if (key := f'{suite}-{setting.name}') not in results]
        names = ', '.join(sorted({result['run']['device'] for result in of_device}))
        if not of_device:
            said.append(f'**{name} figures are outstanding**: none of the {len(missing)} planned measurements was '
                        f'made. `make benchmark DEVICE={device}` makes them.')
        elif missing:
            said.append(f'{name} ({names}): {len(of_device)} measurements; **outstanding**: '
                        f"{', '.join(f'`{key}`' for key in missing)}.")
        else:
            said.append(f'{name} ({names}): {len(of_device)} measurements, all that are planned.')
    return '\n\n'.join(said)


def _sections(results: Results, suites: Collection[str], plain: bool | None = None) -> str:
    """Results of some suites, in the order of the plans; of all settings, or only of plain ones, or of others."""
    chosen = [result for device in PLANS for suite, setting in planned(device)
              if suite in suites and plain in (None, setting == Setting(setting.device, threads=setting.threads))
              and (result := results.get(f'{suite}-{setting.name}')) is not None]
    return '\n\n'.join(map(section, chosen)) or NOTHING


def _growth(results: Results) -> str:
    chosen = [result for result in results.values() if result['suite'] == 'growth']
    return '\n\n'.join(f'{report.markdown_table(*growth_table(result))}\n\n{said_setting(result)}.'
                       for result in chosen) or NOTHING


def parts(results: Results, profiles: Results) -> dict[str, str]:
    """The generated parts of the page by the names of their marks.

    Args:
        results: Benchmark results by ``<suite>-<setting>``.
        profiles: Profiles by section.

    Returns:
        Markdown by name.
    """
    verdicts = judge(GOALS, results)
    return {
        'outstanding': outstanding(results),
        'goals': '\n\n'.join(filter(None, (report.markdown_table(*goals_table(verdicts)),
                                           missed_reasons(verdicts, results, profiles)))),
        'layers': _sections(results, ('layers', ), plain=True),
        'settings': _sections(results, ('layers', 'core'), plain=False),
        'growth': _growth(results),
        'networks': _sections(results, (*NETWORK_SUITES, 'sites')),
        'placements': _sections(results, ('placements', )),
        **profile_parts(profiles),
    }


def render_page(path: Path, results: Results, profiles: Results) -> Path:
    """Put the generated parts between their marks, ``<!-- goals -->`` and ``<!-- /goals -->`` and so on.

    Args:
        path: The page.
        results: Benchmark results by ``<suite>-<setting>``.
        profiles: Profiles by section, see :func:`mmtips.benchmark.shares.load_profiles`.

    Returns:
        The page.

    Raises:
        ValueError: If a mark is missing.
    """
    for name, text in parts(results, profiles).items():
        report.insert_table(path, text, name)
    return path
