# Copyright (c) mmtips authors. All rights reserved.
import copy
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmtips import report
from mmtips.evaluation import ShiftProtocol
from mmtips.report.figures import original_image, paint_flicker, paint_labels

ROOT = Path(__file__).parents[2]
RESULTS = sorted((ROOT / 'results').rglob('*.json'))


@pytest.fixture
def result(tmp_path):
    checkpoint = tmp_path / 'weights.pth'
    checkpoint.write_bytes(b'weights')
    metrics = {'mIoU': 60.0, 'aAcc': 90.0}
    for protocol, values in dict(standard=(90, 80, 50), circular=(88, 75, 45)).items():
        for row, value in zip(('overall', 'foreground', 'joint'), values, strict=True):
            metrics.update({f'shift/{protocol}/{row}': value, f'shift/{protocol}/{row}_low': value - 1,
                            f'shift/{protocol}/{row}_high': value + 2})
        metrics.update({f'shift/{protocol}/class/cat': 70., f'shift/{protocol}/class/cat_low': 60.,
                        f'shift/{protocol}/class/cat_high': 75.})
    cost = dict(parameters=160_000, gmacs=0.123, input_shape=[3, 128, 128],
                latency_ms=dict(median=7.0, low=6.5, high=8.0))
    data = dict(dataset='Cats', images=5, classes=2, background=None, ignore_index=255)
    return report.shift_result('tiny', 'tiny.py', checkpoint, data, cost, metrics,
                               [ShiftProtocol('standard'), ShiftProtocol('circular')])


def test_result_by_hand(result):
    assert result['accuracy'] == dict(metric='mIoU', value=60)
    assert result['shift']['standard']['fidelity'] == pytest.approx(54)
    assert result['shift']['circular']['foreground'] == dict(value=75, low=74, high=77)
    assert result['shift']['standard']['per_class'] == dict(cat=dict(value=70, low=60, high=75))
    assert result['checkpoint']['sha256'] == hashlib.sha256(b'weights').hexdigest()
    assert result['run']['versions']['torch'].split('+')[0] == torch.__version__.split('+')[0]


def test_results_survive_the_disk(result, tmp_path):
    report.write_result(result, tmp_path / 'out/shift.json')
    assert report.load_result(tmp_path / 'out/shift.json') == result


def test_an_earlier_result_is_kept(result, tmp_path):
    report.write_result(result, tmp_path / 'shift.json')
    report.write_result(dict(result, name='second'), tmp_path / 'shift.json')
    kept, = tmp_path.glob('shift.2*.json')
    assert report.load_result(kept)['name'] == 'tiny'
    assert report.load_result(tmp_path / 'shift.json')['name'] == 'second'


@pytest.mark.parametrize(('change', 'place'), [
    (dict(schema=2), r'\$.schema'),
    (dict(accuracy=dict(metric='mIoU', value=101)), r'\$.accuracy.value'),
    (dict(shift={}), r'\$.shift'),
    (dict(comment='mine'), r'\$'),
])
def test_what_does_not_fit_the_schema_is_refused_by_place(result, change, place):
    with pytest.raises(ValueError, match=place):
        report.validate(dict(result, **change))


def test_files_that_are_no_results_are_refused(tmp_path):
    (tmp_path / 'broken.json').write_text('{')
    with pytest.raises(ValueError, match='broken.json: not a JSON file'):
        report.load_result(tmp_path / 'broken.json')
    (tmp_path / 'other.json').write_text('{}')
    with pytest.raises(ValueError, match='other.json: not a result of this version'):
        report.load_result(tmp_path / 'other.json')


def test_without_a_known_accuracy_the_consistency_is_kept(result, tmp_path):
    metrics = {'f1': 3., **{f'shift/standard/overall{end}': 90. for end in ('', '_low', '_high')}}
    other = report.shift_result('x', 'x.py', tmp_path / 'weights.pth', result['data'], result['model'], metrics,
                                [ShiftProtocol('standard')])
    assert other['accuracy'] is None
    headings, rows = report.comparison([result, other])
    assert headings[1] == 'mIoU'
    assert rows[1][1] == rows[1][headings.index('fidelity')] == '-'
    assert rows[1][2] == '90.0 ± 0.0'


def test_tables(result):
    other = copy.deepcopy(result)
    other['name'] = 'other'
    del other['shift']['circular']
    headings, rows = report.comparison([result, other])
    assert headings[:4] == ['model', 'mIoU', 'standard', 'standard, foreground']
    assert rows[0][2] == '90.0 ± 1.5'
    assert rows[1][headings.index('circular')] == '-'
    assert report.markdown([result]).splitlines()[2].startswith('| tiny | 60.0 | 90.0 ± 1.5 |')
    assert 'circular' not in report.comparison([other])[0]
    widths = {len(line) for line in report.text([result, other]).splitlines()}
    assert len(widths) == 1


def test_table_per_class_by_hand(result):
    other = copy.deepcopy(result)
    other['name'] = 'other'
    del other['shift']['circular']
    other['shift']['standard']['per_class'] = dict(dog=dict(value=55.55, low=50, high=60))
    headings, rows = report.per_class([result, other])
    assert headings == ['class', 'tiny, standard', 'tiny, circular', 'other, standard']
    assert rows == [['cat', '70.0', '70.0', '-'], ['dog', '-', '-', '55.5']]
    assert report.aligned([['a', 'bcd'], ['efg', 'h']]) == 'a    bcd\nefg    h'


def test_caption_warns_of_different_protocols(result):
    other = copy.deepcopy(result)
    other['shift']['standard']['protocol']['max_shift'] = 4
    assert 'different protocols' in report.caption([result, other])
    assert 'different protocols' not in report.caption([result, result])
    less = copy.deepcopy(result)
    del less['shift']['circular']
    assert 'different protocols' not in report.caption([result, less])
    assert 'different protocols' not in report.caption([less, result])
    elsewhere = copy.deepcopy(result)
    elsewhere['data']['dataset'] = 'Dogs'
    assert '5 images of Cats or 5 images of Dogs' in report.caption([result, elsewhere])
    assert 'different data' in report.caption([result, elsewhere])
    assert '5 pairs of views per image, shifts up to 8 px' in report.caption([result])


def test_table_goes_between_its_marks(tmp_path):
    page = tmp_path / 'README.md'
    page.write_text('a\n<!-- results -->\nold\n<!-- /results -->\nb\n')
    report.insert_table(page, 'new')
    assert page.read_text() == 'a\n<!-- results -->\nnew\n<!-- /results -->\nb\n'
    page.write_text('no marks')
    with pytest.raises(ValueError, match='expected the marks'):
        report.insert_table(page, 'new')


class Preprocessor(nn.Module):

    def __init__(self):
        super().__init__()
        self.register_buffer('mean', torch.full((3, 1, 1), 100.))
        self.register_buffer('std', torch.full((3, 1, 1), 50.))


def model():
    net = nn.Module()
    net.data_preprocessor = Preprocessor()
    return net


def test_pictures_by_hand():
    image = original_image(torch.tensor([[[0., 2.]], [[-1., -3.]], [[4., 0.02]]]), model())
    assert image.tolist() == [[[100, 50, 255], [200, 0, 101]]]
    palette = [(0, 0, 0), (10, 20, 30)]
    assert paint_labels(torch.tensor([[0, 1, -1, 255]]), palette).tolist() == \
        [[[0, 0, 0], [10, 20, 30], [128] * 3, [128] * 3]]
    flicker = paint_flicker(np.full((1, 3, 3), 200, np.uint8), torch.tensor([[0, 5, 0]]), torch.tensor([[5, 5, 0]]))
    assert flicker.tolist() == [[[90, 90, 90], [255, 255, 0], [128, 128, 128]]]


def test_page_holds_its_pictures_and_escapes_names(result, tmp_path):
    maps = dict(differ=torch.eye(4).int(), seen=torch.ones(4, 4).int(), prediction=torch.zeros(4, 4).long())
    examples = {0: dict(image=torch.zeros(3, 4, 4), truth=torch.zeros(4, 4).long(), **maps)}
    result['figures'] = report.write_examples(examples, model(), [(0, 0, 0)], tmp_path)
    assert list(result['figures']) == ['00']
    assert list(result['figures']['00']) == ['image', 'truth', 'prediction', 'flicker']
    other = dict(result, figures=report.write_examples(examples, model(), [(0, 0, 0)], tmp_path))
    assert not set(result['figures']['00'].values()) & set(other['figures']['00'].values())  # each keeps its own
    result['name'] = '<script>alert(1)</script>'
    page = report.render_page([result, result], [tmp_path, tmp_path], 'Title')
    assert page.count('data:image/png;base64,') == 6
    assert '<script>' not in page
    assert 'http' not in page.replace('http-equiv', '')
    assert '70.0' in page  # the class
    moved = report.render_page([result], [tmp_path / 'elsewhere'], 'Title')
    assert 'data:image' not in moved  # a result may travel without its pictures


def test_examples_without_a_map_are_passed_over(tmp_path):
    maps = dict(differ=torch.zeros(1, 1), seen=torch.ones(1, 1), prediction=torch.zeros(1, 1).long())
    example = dict(image=torch.zeros(3, 4, 4), truth=torch.zeros(1, 1).long(), **maps)
    assert report.write_examples({0: example}, model(), [(0, 0, 0)], tmp_path) == {}


def test_cost_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.ReLU())
    cost = report.measure_cost(net, (3, 10, 12), repeats=4)
    assert cost['parameters'] == 3 * 8 * 9
    assert cost['gmacs'] == pytest.approx(3 * 8 * 9 * 120 / 1e9, rel=0.01)
    assert cost['latency_ms']['low'] <= cost['latency_ms']['median'] <= cost['latency_ms']['high']


@pytest.mark.parametrize('path', RESULTS, ids=lambda path: path.name)
def test_committed_results_fit_the_schema(path):
    assert report.load_result(path, 'benchmark' if path.parent.name == 'benchmark' else 'shift_consistency')


def test_a_result_of_another_kind_is_refused(tmp_path, result):
    report.write_result(result, tmp_path / 'shift.json')
    with pytest.raises(ValueError, match="expected a result of kind 'benchmark', got 'shift_consistency'"):
        report.load_result(tmp_path / 'shift.json', 'benchmark')


def test_the_documentation_shows_the_committed_results():
    results = {path.stem: report.load_result(path) for path in sorted((ROOT / 'results/demo').glob('*.json'))}
    demo = [results[name] for name in ('stock', 'BlurPool', 'TIPS')]
    assert report.markdown(demo) in (ROOT / 'README.md').read_text()
    twin = [report.load_result(path) for path in sorted((ROOT / 'results/classification').glob('*.json'))]
    assert report.markdown(twin) in (ROOT / 'docs/datasets.md').read_text()
    results = list(results.values())
    assert report.markdown(results) in (ROOT / 'docs/operators/README.md').read_text()
    assert all(list((ROOT / 'configs').glob(f"*/{result['config']}")) for result in results)


def test_json_is_readable(result):
    assert json.loads(json.dumps(result)) == result
