# Copyright (c) mmtips authors. All rights reserved.
"""The table, the file and the figure of tools/describe.py."""

import json

import pytest
from PIL import Image
from torch import nn

from mmtips.inspection import describe
from mmtips.report.strides import draw_strides, stride_table, write_strides
from mmtips.surgery import convert_downsampling


@pytest.fixture
def descriptions():
    def build():
        return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 1, 2), nn.Conv2d(8, 8, 1),
                             nn.AdaptiveAvgPool2d(1))
    converted = build()
    convert_downsampling(converted, dict(type='AvgPool'))
    return {'before': describe(build(), (16, 24)), 'after': describe(converted, (16, 24))}


def test_table(descriptions):
    before, after = (stride_table(description).splitlines() for description in descriptions.values())
    assert before[1].split() == [
        '1', 'Conv2d', '1', '2', '0', '1', '16', 'x', '24', '8', 'x', '12', '1', '75%', '2', '3', '-0.5', '40', '0.0',
        '0.0015', '0.00077', '!', 'reads', 'some', 'pixels', 'only']
    assert before[-2:] == ['An image of 16 x 24: 2 changes of the resolution, 1 of which let through what their output '
                           'cannot carry (!).', 'Sides at which no row is dropped or invented: 23 and 25.']
    assert after[1].split()[:2] == ['2.downsampler', 'AvgPool']
    assert after[1].endswith('guarantee: pooled')
    assert ' all ' in after[2]
    assert after[-1].endswith(': 24.')


def test_json_has_no_infinity(descriptions, tmp_path):
    path = tmp_path / 'made' / 'strides.json'
    write_strides(descriptions, path)
    content = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert content['networks']['after']['changes'][1]['field'] == [None, None]
    assert content['networks']['before']['changes'][0]['unread'] == 0.75


def test_figure(descriptions, tmp_path):
    draw_strides(descriptions, tmp_path / 'strides.png')
    width, height = Image.open(tmp_path / 'strides.png').size
    assert width > 600
    assert height > 900
