# Copyright (c) mmtips authors. All rights reserved.
import pytest
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from mmtips.hooks import ShiftFiguresHook
from tests.evaluation.toys import StripedImages, make_runner


class Striped(StripedImages):
    metainfo = dict(StripedImages.metainfo, palette=[(0, 0, 0), (255, 0, 0), (0, 255, 0)])


def make_validation(tmp_path, loop):
    runner = make_runner(tmp_path, 'position', Striped(images=3))
    dataloader = runner._test_dataloader
    return Runner(model=runner.model, work_dir=str(tmp_path), val_dataloader=dataloader, val_cfg=loop,
                  val_evaluator=dict(type='TIPSToyAccuracy'), default_hooks=dict(logger=None, checkpoint=None),
                  custom_hooks=[dict(type='ShiftFiguresHook', examples=2)], experiment_name=f'val_{tmp_path.name}',
                  log_level='WARNING')


def test_charts_and_flicker_reach_the_visualizer(tmp_path, monkeypatch):
    shown = {}
    monkeypatch.setattr(Visualizer, 'add_image', lambda self, name, image, step=0: shown.update({name: (image, step)}))
    protocols = [dict(name='circular', max_shift=3)]
    metrics = make_validation(tmp_path, dict(type='ShiftValLoop', protocols=protocols,
                                             shift_map=dict(protocol='circular', max_shift=2))).val()
    assert metrics['shift/circular/overall'] < 100
    assert sorted(shown) == ['shift_classes', 'shift_flicker_00', 'shift_flicker_01', 'shift_shift_map']
    chart, step = shown['shift_shift_map']
    assert chart.shape[2] == 3
    assert chart.shape[1] == 740  # 3.7 inches
    assert chart.std() > 5  # not an empty sheet
    assert step == 0
    four = shown['shift_flicker_00'][0]
    assert four.shape == (2 * (24 + 4), 2 * (32 + 4), 3)
    assert (four[:, :2] == 255).all()  # frames
    assert (four[2:26, 2:34] != 255).any()


def test_another_loop_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"expected val_cfg = dict\(type='ShiftValLoop'\), got ValLoop"):
        make_validation(tmp_path, dict()).val()


def test_examples_are_checked():
    with pytest.raises(ValueError, match='examples: expected an integer >= 0'):
        ShiftFiguresHook(examples=-1)


def test_the_local_backend_keeps_every_picture(tmp_path):
    runner = make_validation(tmp_path, dict(type='ShiftValLoop', protocols=[dict(name='circular', max_shift=3)]))
    runner.val()
    kept = {path.name for path in tmp_path.rglob('vis_image/*.png')}
    assert kept == {'shift_classes_0.png', 'shift_flicker_00_0.png', 'shift_flicker_01_0.png'}
