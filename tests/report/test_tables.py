# Copyright (c) mmtips authors. All rights reserved.
import csv
import io

import pytest

from mmtips import report
from mmtips.report.columns import columns
from mmtips.report.page.tables import corruptions
from tests.report.factory import make_bare, make_classification, make_result


def test_comparison_by_hand():
    headings, rows = report.comparison([make_result(level=85.), make_result('TIPS', 90., 'TIPS', None)])
    row = dict(zip(headings, rows[0], strict=True))
    assert row == {
        'model': 'stock', 'mIoU': '45.0', 'standard': '85.0 ± 0.5', 'standard, foreground': '65.0 ± 1.5',
        'standard, border': '55.0 ± 2.0', 'circular': '86.0 ± 0.5', 'circular, foreground': '66.0 ± 1.5',
        'circular, border': '56.0 ± 2.0', 'fidelity': '38.2', 'joint': '77.0 ± 0.5', 'worst case': '80.0 ± 0.5',
        'worst case, joint': '74.0 ± 0.5', 'MSB, selection': '0.860', 'MSB, weight': '0.900', 'parameters': '160 k',
        'GMACs': '0.075', 'latency': '7.0 ms (6.5 to 8.0)'}
    assert rows[1][headings.index('MSB, weight')] == '-'


def test_columns_that_nobody_fills_are_left_out():
    assert report.comparison([make_bare()])[0] == ['model', 'standard', 'standard, foreground', 'standard, border',
                                                   'joint', 'parameters', 'GMACs', 'latency']
    assert 'standard, border' not in report.comparison([make_classification()])[0]


def test_without_standard_views_the_first_protocol_speaks():
    result = make_result()
    result['shift']['lps'] = dict(result['shift'].pop('standard'), fidelity=12.)
    result['shift']['lps']['protocol'] = dict(result['shift']['lps']['protocol'], name='lps')
    chosen = {column.heading: column for column in columns([result])}
    assert 'circular consistency' in chosen['fidelity'].meaning
    assert chosen['fidelity'].read(result).value == result['shift']['circular']['fidelity']
    assert 'zeros move in' in chosen['lps'].meaning
    assert 'accuracy x circular consistency' in report.caption([result])


def test_every_column_says_what_it_means():
    for column in columns([make_result()]):
        assert len(column.meaning) > 10
        assert '{' not in column.meaning


def test_csv_comes_back_unrounded():
    results = [make_result('a, "b"', 85.123456789), make_bare()]
    rows = list(csv.DictReader(io.StringIO(report.comparison_csv(results))))
    assert [row['model'] for row in rows] == ['a, "b"', 'bare']
    for row, result in zip(rows, results, strict=True):
        estimate = result['shift']['standard']['overall']
        assert [float(row[f'standard{end}']) for end in ('', ' low', ' high')] == list(estimate.values())
    assert rows[0]['latency low'] == '6.5'
    assert rows[1]['circular'] == rows[1]['circular low'] == rows[1]['mIoU'] == ''
    assert float(rows[0]['MSB, weight']) == pytest.approx(0.9)


def test_markdown_and_text():
    lines = report.markdown([make_result('a|b'), make_result('c')]).splitlines()
    assert lines[0] == r'| model | a\|b | c |'  # a few models stand side by side
    assert lines[3] == '| standard | 85.0 ± 0.5 | 85.0 ± 0.5 |'
    many = report.markdown([make_result(str(index)) for index in range(5)]).splitlines()
    assert many[2].startswith('| 0 | 45.0 | 85.0 ± 0.5 |')
    widths = {len(line) for line in report.text([make_result(), make_bare()]).splitlines()}
    assert len(widths) == 1


def test_table_per_class_by_hand():
    first, other = make_result(), make_result('other')
    del other['shift']['circular']
    first['shift']['standard']['per_class'] = first['shift']['circular']['per_class'] = dict(cat=dict(value=70.))
    other['shift']['standard']['per_class'] = dict(dog=dict(value=55.55))
    headings, rows = report.per_class([first, other])
    assert headings == ['class', 'stock, standard', 'stock, circular', 'other, standard']
    assert rows == [['cat', '70.0', '70.0', '-'], ['dog', '-', '-', '55.5']]
    assert report.aligned([['a', 'bcd'], ['efg', 'h']]) == 'a    bcd\nefg    h'


def test_caption():
    said = report.caption([make_result(), make_bare()])
    assert said.startswith('300 images of Shapes;')
    assert 'standard: 2 pairs of views per image, shifts up to 8 px; circular:' in said
    halves = make_result()
    halves['shift']['standard']['protocol'].update(subpixel=4, max_shift=2.5)
    assert 'shifts up to 2.5 px in steps of 1/4 px' in report.caption([halves])


def changed(place, value):
    result = of = make_result('other')
    *keys, last = place.split('.')
    for key in keys:
        of = of[key]
    of[last] = value
    return result


@pytest.mark.parametrize(('place', 'value', 'said'), [
    ('shift.standard.protocol.max_shift', 4, 'shift.standard.max_shift: 8 and 4'),
    ('shift.circular.protocol.seed', 7, 'shift.circular.seed: 0 and 7'),
    ('data.images', 299, 'data.images: 300 and 299'),
    ('data.dataset', 'Dogs', "data.dataset: 'Shapes' and 'Dogs'"),
    ('data.skipped', ['a.png'], r"data.skipped: \[\] and \['a.png'\]"),
    ('shift_map.step', 2, 'shift_map.step: 1 and 2'),
    ('accuracy.metric', 'mDice', "accuracy.metric: 'mIoU' and 'mDice'"),
])
def test_what_was_measured_otherwise_is_not_mixed(place, value, said):
    results = [make_result(), make_bare(), changed(place, value)]
    for refuse in (report.comparison, report.comparison_csv, report.caption, report.markdown, report.text):
        with pytest.raises(ValueError, match=rf"'stock' and 'other' cannot stand in one table, they differ in {said}"
                                             '. Measure both alike'):
            refuse(results)


def test_the_first_that_has_a_protocol_is_the_one_that_others_are_held_against():
    bare, first, last = make_bare(), make_result('first'), changed('shift.circular.protocol.pairs', 9)
    report.require_comparable([bare, first])
    with pytest.raises(ValueError, match="'first' and 'other' .* shift.circular.pairs: 2 and 9"):
        report.require_comparable([bare, first, last])
    with pytest.raises(ValueError, match='expected at least one'):
        report.require_comparable([])
    with pytest.raises(ValueError, match=r"data.dataset: 'Shapes' and 'Icons'; data.background: 0 and None"):
        report.require_comparable([first, make_classification()])


def test_other_images_under_the_same_names_of_data_are_refused():
    first, second, third, earlier = (make_result(name) for name in ('first', 'second', 'third', 'earlier'))
    for result, digest in ((first, 'a'), (second, 'a'), (third, 'b')):
        result['data']['digest'] = 64 * digest
        report.validate(result)
    report.require_comparable([earlier, first, second])
    with pytest.raises(ValueError, match=r"'first' and 'third' .* differ in data.digest \(of the names of images and "
                                         r"classes\): 'aaaaaaaaaaaa' and 'bbbbbbbbbbbb'"):
        report.require_comparable([earlier, first, second, third])


def test_table_goes_between_its_marks(tmp_path):
    page = tmp_path / 'README.md'
    page.write_text('a\n<!-- results -->\nold\n<!-- /results -->\nb\n')
    report.insert_table(page, 'new')
    assert page.read_text() == 'a\n<!-- results -->\nnew\n<!-- /results -->\nb\n'
    page.write_text('no marks')
    with pytest.raises(ValueError, match='expected the marks'):
        report.insert_table(page, 'new')


def test_corruption_errors_against_the_first_model():
    """Errors of the second are 11/10 of the first's, from a clean error that is the same."""
    first, second = make_result(), make_result('other')
    for result, scores in ((first, {'1': 50., '5': 30.}), (second, {'1': 45., '5': 23.})):
        result['robustness'].update(clean=60., corruptions=dict(fog=scores))
    rows = {row[0].text: [cell.text for cell in row[2:]] for row in corruptions([first, second]).rows}
    assert rows['fog'] == ['40.0', '34.0']
    assert rows['mCE'] == ['100.0', '110.0']
    assert rows['relative mCE'] == ['100.0', '130.0']  # (15 + 37) / (10 + 30)
    second['robustness']['corruptions'] = dict(fog={'1': 45.})  # not measured alike
    rows = {row[0].text: [cell.text for cell in row[2:]] for row in corruptions([first, second]).rows}
    assert rows['mCE'] == ['100.0', '-']
    assert 'mCE' not in {row[0].text for row in corruptions([first]).rows}
