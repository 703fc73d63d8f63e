# Copyright (c) mmtips authors. All rights reserved.
"""The page in a real browser: what no reading of its source can tell."""
import shutil

import pytest

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync']

playwright = pytest.importorskip('playwright.sync_api', reason='needs playwright: see requirements/tests.txt')
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason='needs a chromium: apt-get install chromium')


@pytest.fixture(scope='module')
def browser():
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope='module')
def file(page, tmp_path_factory):
    path = tmp_path_factory.mktemp('page') / 'index.html'
    path.write_text(page, encoding='utf-8')
    return path.as_uri()


@pytest.fixture
def visit(browser, file):
    """Open the page as a reader with this window would; whatever it complains of or asks for fails the test."""
    contexts, complaints, requests = [], [], []

    def open_page(width=1400, **options):
        contexts.append(browser.new_context(viewport=dict(width=width, height=900), **options))
        tab = contexts[-1].new_page()
        tab.on('console', lambda message: complaints.append(message.text))
        tab.on('pageerror', lambda error: complaints.append(str(error)))
        tab.on('request', lambda request: requests.append(request.url))
        tab.goto(file)
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url for url in requests if not url.startswith('data:')} == {file}


@pytest.mark.parametrize('width', [400, 1400])
def test_layout(visit, width):
    tab = visit(width)
    assert tab.evaluate('document.documentElement.scrollWidth') == width
    outside = tab.evaluate('''() => Array.from(document.querySelectorAll('body *')).filter((one) =>
        !one.closest('.scroll') && !one.matches('.skip, .unseen') && one.getBoundingClientRect().right > innerWidth + 1
    ).map((one) => one.outerHTML.slice(0, 80))''')
    assert outside == []
    sizes = tab.evaluate('''async () => {
        await Promise.all(Array.from(document.images, (image) => image.decode()));
        return Array.from(document.images, (image) => [image.naturalWidth, image.clientWidth, image.alt.length]);
    }''')
    assert len(sizes) > 40
    assert all(natural > 0 and shown > 30 and words > 10 for natural, shown, words in sizes)
    chart = tab.evaluate("(() => { const i = document.querySelector('.chart img'); "
                         'return [i.currentSrc === i.src, i.clientWidth / i.naturalWidth]; })()')
    assert chart[0] == (width > 640)  # the narrow drawing for a narrow window,
    assert 0.9 < chart[1] < 1.1  # so that its letters keep their size


def names(tab, column=1):
    return tab.locator(f'#summary tbody tr > :nth-child({column})').all_inner_texts()


def test_table_sorts_by_click(visit):
    tab = visit()
    assert names(tab)[0] == 'stock'
    heading = tab.locator('#summary th', has=tab.get_by_role('button', name='standard', exact=True))
    heading.get_by_role('button').click()
    assert names(tab)[1] == 'stock'
    assert heading.get_attribute('aria-sort') == 'descending'
    assert tab.locator('#said').inner_text() == 'All models and all figures: sorted by standard, descending'
    heading.get_by_role('button').click()
    assert names(tab)[0] == 'stock'
    assert heading.get_attribute('aria-sort') == 'ascending'
    tab.locator('#summary').get_by_role('button', name='model').click()
    assert names(tab) == sorted(names(tab), key=str.lower)
    assert tab.locator('#summary [aria-sort]').count() == 1


def test_numbers_sort_as_numbers_and_what_is_missing_comes_last(visit):
    tab = visit()
    button = tab.locator('#robustness').get_by_role('button', name='steps')
    column = tab.locator('#robustness table').first.locator('tbody tr > :nth-child(2)')
    for order in (['10'] * 3 + ['1'] * 3, ['1'] * 3 + ['10'] * 3):
        button.click()
        assert column.all_inner_texts() == [*order, '-']
    for first in ('11.0', '7.0'):
        tab.locator('#summary').get_by_role('button', name='latency').click()
        assert tab.locator('#summary tbody tr > :last-child').first.inner_text().startswith(first)


def test_keyboard_alone_is_enough(visit):
    tab = visit()
    tab.keyboard.press('Tab')
    assert tab.evaluate('document.activeElement.textContent') == 'Skip to the results'
    assert tab.evaluate('document.activeElement.getBoundingClientRect().left') >= 0  # seen once it has the focus
    tab.keyboard.press('Enter')
    for _ in range(20):
        tab.keyboard.press('Tab')
        if tab.evaluate("document.activeElement.matches('#summary th:nth-child(3) button')"):
            break
    assert tab.evaluate('getComputedStyle(document.activeElement).outlineStyle') == 'solid'
    before = names(tab)
    tab.keyboard.press('Enter')
    assert names(tab) == before[::-1]
    tab.keyboard.press('Space')
    assert names(tab) == before


LUMINANCE = '''(selector) => {
    const light = (text) => {
        const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ink = light(getComputedStyle(document.querySelector(selector)).color);
    const page = light(getComputedStyle(document.body).backgroundColor);
    return [page, (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05)];
}'''


@pytest.mark.parametrize(('options', 'dark'), [
    (dict(color_scheme='light'), False), (dict(color_scheme='dark'), True)])
def test_light_and_dark_have_contrast(visit, options, dark):
    tab = visit(**options)
    for selector in ('body', '.note', 'nav a', 'thead th', 'figcaption', '.best'):
        page, contrast = tab.evaluate(LUMINANCE, selector)
        assert (page < 0.1) == dark
        assert contrast >= 4.5, selector  # WCAG 2.2, 1.4.3
    card = tab.evaluate("getComputedStyle(document.querySelector('.chart img')).backgroundColor")
    assert card == 'rgb(255, 255, 255)'


def test_print_is_light_and_whole(visit):
    tab = visit(1000, color_scheme='dark')
    tab.emulate_media(media='print', color_scheme='dark')
    page, contrast = tab.evaluate(LUMINANCE, '.note')
    assert page > 0.9
    assert contrast >= 4.5
    assert not tab.locator('nav').is_visible()
    cut = tab.evaluate("Array.from(document.querySelectorAll('.scroll')).filter((box) => "
                       "getComputedStyle(box).overflowX !== 'visible').length")
    assert cut == 0
    pdf = tab.pdf(prefer_css_page_size=True)
    assert pdf[:5] == b'%PDF-'
    assert len(pdf) > 20_000


def test_names_are_words_and_motion_is_optional(visit):
    tab = visit(reduced_motion='reduce')
    assert tab.title() == tab.locator('h1').inner_text() == '<script>alert("1")</script>\' & "co"'
    assert tab.evaluate('getComputedStyle(document.documentElement).scrollBehavior') == 'auto'
    assert tab.get_by_role('main').count() == tab.get_by_role('banner').count() == 1
    assert tab.get_by_role('navigation', name='Sections').count() == 1
    assert tab.get_by_role('region', name='All models and all figures').get_by_role('rowheader').count() == 2
