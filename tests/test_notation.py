# Copyright (c) mmtips authors. All rights reserved.
"""Configs as one writes them: by hand, and read back."""

from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config

from mmtips.downsampling import BlurPool
from mmtips.notation import arguments, operator_name, written

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text('a\'"\n')
NAMES = st.sampled_from(['type', 'taps', 'losses', 'a_b', 'layer1.0', 'class'])
CONFIGS = st.dictionaries(NAMES, st.recursive(PLAIN, lambda of: st.lists(of) | st.dictionaries(NAMES, of)))


def test_by_hand():
    assert written(dict(type='APS', antialias=3, of=(dict(a=None), [0.5, 'b'], {}))) == \
        "dict(type='APS', antialias=3, of=[dict(a=None), [0.5, 'b'], dict()])"
    assert written([]) == '[]'
    assert arguments(dict(taps=4, sites={})) == 'taps=4, sites=dict()'
    assert arguments({}) == ''
    assert written(dict(of={'layer1.0': None})) == "dict(of={'layer1.0': None})"
    assert written([BlurPool]) == '[BlurPool]'


def test_the_name_of_an_operator():
    assert operator_name(dict(type='TIPS')) == 'TIPS'
    assert operator_name(dict(taps=4, type='TIPS', anchor='norm')) == "TIPS(taps=4, anchor='norm')"
    assert operator_name(dict(type=BlurPool, kernel_size=5)) == 'BlurPool(kernel_size=5)'


@given(CONFIGS)
def test_what_is_written_reads_back(config):
    assert Config.fromstring(f'of = {written(config)}', '.py').of == config
