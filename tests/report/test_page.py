# Copyright (c) mmtips authors. All rights reserved.
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from mmtips import report
from mmtips.report.page.embedded import LARGEST, embed
from mmtips.report.page.repeat import commands, compared_fields
from tests.report.factory import add_labels, make_bare, make_classification, make_result


class Page(HTMLParser):
    """What a page holds: its tags with attributes, and the text of its headings."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.headings, self.inside = [], [], ''
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data):
        if self.inside in ('h1', 'h2', 'h3'):
            self.headings.append((int(self.inside[1]), data))
            self.inside = ''

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_sections(page):
    found = Page(page)
    assert [text for level, text in found.headings if level == 2] == [
        'Summary', 'Shift maps', 'Consistency by class', 'What flickers most', 'Examples side by side',
        'Sampling bias and aliasing by depth', 'Robustness', 'What layers give out, and how they mix',
        'Protocol and versions', 'Glossary']
    levels = [level for level, _ in found.headings]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    identities = [attributes['id'] for _, attributes in found.tags if 'id' in attributes]
    assert len(identities) == len(set(identities))
    assert {link['href'] for link in found.of('a')} <= {f'#{identity}' for identity in identities}


def test_pictures_say_what_is_seen(page):
    images = Page(page).of('img')
    # 4 charts; 2 models x 2 images x 6 panels; 2 examples x (2 + 2 x 2); 2 models x 2 layers x 2 panels
    assert len(images) == 4 + 24 + 12 + 8
    assert all(len(image['alt']) > 10 and image['src'].startswith('data:image/') for image in images)
    assert 'View A of shape_<7>.png: 0 px down and 3 px to the right' in {image['alt'] for image in images}


def test_names_are_escaped(page):
    assert '<script>alert' not in page
    assert page.count('<script>') == 1
    assert '&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;&#39; &amp; &#34;co&#34;' in page
    assert 'shape_&lt;7&gt;.png' in page
    assert 'in no mean: cr&lt;o&gt;ss' in page


def test_nothing_is_loaded_from_elsewhere(page):
    text = re.sub(r'data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+', '', page)
    assert len(text) < 120_000
    assert not re.search(r'https?:|//[a-z]|@import|url\(|\bfetch\(', text)
    addresses = [attributes[name] for _, attributes in Page(text).tags for name in ('src', 'href', 'srcset')
                 if attributes.get(name)]
    assert all(address.startswith('#') or address == 'data:,' for address in addresses)
    assert "default-src 'none'" in page


def test_the_best_is_marked(page):
    summary = page[page.index('id="summary"'):page.index('id="shifts"')]
    best = re.findall(r'<td[^>]* class="best">([^<]*)<span class="unseen"> \(best\)</span>', summary)
    assert best[:3] == ['48.0', '88.0 ± 0.5', '68.0 ± 1.5']
    assert '>0.900<' in summary  # a bias is neither good nor bad
    assert 'class="best"' not in report.render_page([make_bare()], [Path()], 'x')
    assert 'class="best"' not in report.render_page([make_bare(), make_bare('twin')], [Path()] * 2, 'x')


def test_what_a_result_does_not_have_is_not_shown():
    headings = [text for level, text in Page(report.render_page([make_bare()], [Path()], 'x')).headings if level == 2]
    assert headings == ['Summary', 'Protocol and versions', 'Glossary']


def test_sites_of_which_nothing_is_known_are_listed():
    result = dict(make_bare(), sampling=make_result(weight=None)['sampling'])
    for site in result['sampling']['sites']:
        site['aliasing'] = None
    page = report.render_page([result], [Path()], 'x')
    assert 'backbone.layer1.0.downsample' in page
    assert not Page(page).of('img')


def test_results_may_travel_without_their_pictures(full):
    result = dict(make_bare(), figures=full[0][0]['figures'])
    assert Page(report.render_page([result], [full[1]], 'x')).of('img')
    page = report.render_page([result], [Path('elsewhere')], 'x')
    assert not Page(page).of('img')
    assert 'What flickers most' not in page


def test_page_of_a_classifier(tmp_path):
    page = report.render_page([add_labels(make_classification(), tmp_path)], [tmp_path], 'x')
    assert 'A: cat, B: &#34;dog&#34; &amp; co' in page
    assert 'Consistency by class' not in page
    assert 'prediction A' not in page


def test_skipped_images_are_listed():
    result = make_bare()
    result['data']['skipped'] = ['broken_1.png', 'broken_2.png']
    assert 'not measured: broken_1.png, broken_2.png' in report.render_page([result], [Path()], 'x')


def test_runs_that_differ_are_all_named():
    other = make_bare('other')
    other['run'].update(commit='fedcba987654', device='GPU')
    page = report.render_page([make_bare(), other], [Path()] * 2, 'x')
    assert 'measured 2026-01-02 · on CPU (x86_64), GPU · mmtips 0.1.0 · commit 0123456789ab, fedcba987654<' in page


def test_mixed_results_get_no_page():
    with pytest.raises(ValueError, match='cannot stand in one table'):
        report.render_page([make_result(), make_classification()], [Path()] * 2, 'x')
    with pytest.raises(ValueError, match='folders: expected one for each of the 1 results, got 2'):
        report.render_page([make_result()], [Path()] * 2, 'x')


def test_a_reader_can_repeat_it(page, full):
    result = make_result("it's")
    result['shift']['circular']['protocol'].update(max_shift=2, subpixel=4)
    beside = ' --border 3 --ignore-index 255 --background 0 --sampling-images 16 --shift-map 4 ' \
        '--map-protocol standard --map-step 1 --map-images 40'
    lines = commands(result).replace('\\\n', '').splitlines()
    assert lines[0].endswith(result['checkpoint']['sha256'])
    assert lines[1:] == [
        '# DOWNSAMPLER: the file of {"type": "MaxPool"}',
        """python tools/eval_shift.py tiny_shapes-64x64.py iter_2000.pth   --name 'it'"'"'s' --protocols standard """
        '--max-shift 8 --pairs 2 --seed 0' + beside,
        """python tools/eval_shift.py tiny_shapes-64x64.py iter_2000.pth   --name 'it'"'"'s' --protocols circular """
        '--max-shift 2 --pairs 2 --seed 0 --subpixel 4' + beside]
    fields = dict(compared_fields([result, make_result('other')]))
    assert fields['name'] == ["it's", 'other']
    assert fields['shift.circular.protocol.max_shift'] == ['2', '8']
    assert fields['run.versions.torch'] == ['2.7.0']
    assert fields['model.input_shape'] == ['3, 64, 64']
    assert not any(place.startswith(('shift.standard.overall', 'accuracy', 'figures')) for place in fields)
    for part in (full[0][1]['checkpoint']['sha256'], 'size_divisor', '0123456789ab', '--max-shift 8'):
        assert part in page


def test_large_pictures_are_shrunk(tmp_path):
    Image.new('RGB', (2000, 1000), (10, 20, 30)).save(tmp_path / 'large.png')
    shown = embed(tmp_path / 'large.png', 'large', 'view_a')
    assert (shown.width, shown.height) == (LARGEST, LARGEST // 2)
    assert shown.source.startswith('data:image/jpeg')
    assert embed(tmp_path / 'large.png', 'large', 'truth').source.startswith('data:image/png')
