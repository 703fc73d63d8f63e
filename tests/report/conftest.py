# Copyright (c) mmtips authors. All rights reserved.
import pytest

from mmtips import report
from tests.report.factory import NASTY, add_pictures, make_result


@pytest.fixture(scope='session')
def full(tmp_path_factory):
    """Two results with everything, one of them with a name that HTML could stumble over, and their folder."""
    folder = tmp_path_factory.mktemp('results')
    results = [make_result('stock'), make_result(NASTY, 88., 'TIPS', 0.3)]
    results[1]['model']['latency_ms'] = dict(median=11., low=10., high=12.)  # as words, 11 comes before 7
    for result in results:
        result['data']['absent'] = ['cr<o>ss']
    return [add_pictures(result, folder) for result in results], folder


@pytest.fixture(scope='session')
def page(full):
    """The page of these results."""
    results, folder = full
    return report.render_page(results, [folder] * len(results), NASTY)
