"""The page and the card of a run, written from facts and opened."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

from mmda.report.class_rows import add_intervals, class_rows
from mmda.report.predictions import Predictions
from mmda.report.run_facts import RunFacts, never_trained
from mmda.report.run_page import write_page
from mmda.report.wrong_images import WrongClass, WrongImage

CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')
# The end is no formula, and matplotlib would refuse it.
HOSTILE = '<script>alert("x")</script>|a\n# b $\\frac$'
PIXEL = (
    'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAA'
    'CklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=='
)


def labels_of(classes):
    counts = dict(positives=9, negatives=9, uncertain=0, unannotated=2)
    source = dict(
        images=20,
        labels=18 * len(classes),
        sampled_from=0,
        classes={name: counts for name in classes},
    )
    ones = np.ones((len(classes), len(classes)), dtype=int).tolist()
    train = dict(sources={'A': source}, co_occurrence=ones)
    return dict(
        classes=list(classes),
        splits=dict(train=train),
        shown=['a warning'],
    )


def facts_of(classes, num=60):
    """Facts about a classifier whose answers are random."""
    generator = np.random.default_rng(0)
    score = generator.random((num, len(classes)), dtype=np.float32)
    target = (np.arange(num)[:, None] % 3 == 0).repeat(len(classes), 1)
    found = Predictions(
        *('test', tuple(classes), score, target.astype(np.float32)),
        keys=tuple(range(num)),
        paths=('',) * num,
        sources=('A', 'B') * (num // 2),
        patients=(None,) * num,
    )
    values = {f'auc/{n}'.replace('</', '<%2F'): 60.0 for n in classes}
    metrics = {'auc/mean': 60.0, **values}
    return RunFacts(
        *('my run', 'test', 'test', 'auc/mean', tuple(classes)),
        about=dict(checkpoint='epoch_7.pth'),
        versions=dict(torch='2'),
        config='model = dict(x=1)',
        metrics=add_intervals(metrics, found, 'auc'),
        best={'auc/mean': 70.0},
        scalars={'train/loss_bce': [1.0, 0.5], 'val/auc/mean': [50.0, 70.0]},
        predictions=found,
        num_images=num,
        labels=labels_of(classes),
        positives={name: {'A': 9} for name in classes[1:]},
        thresholds={classes[0]: 0.5},
        thresholds_from='From x.json',
        similarity=np.eye(len(classes)),
        wrong=[
            WrongClass(
                classes[0],
                [WrongImage('a/b.png', 'A', 'answer 0.1', PIXEL, PIXEL)],
            )
        ],
        notes=['a note'],
    )


class Reader(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.text = [], [], ''
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ('src', 'href')]

    def handle_data(self, data):
        self.text += data


def test_names_from_outside_stay_text_in_page_and_card(tmp_path):
    page, card = write_page(facts_of([HOSTILE, 'b']), tmp_path)
    found = Reader(page.read_text())
    assert 'script' not in found.tags
    assert HOSTILE in found.text
    text = card.read_text()
    assert '<script>' not in text
    # A name stays in its cell, and in its line.
    row = next(x for x in text.splitlines() if x.startswith('| &lt;script'))
    bars = re.findall(r'(?<!\\)\|', row)
    head = next(x for x in text.splitlines() if x.startswith('| class |'))
    assert len(bars) == head.count('|')


def test_the_page_needs_no_other_file(tmp_path):
    page, _ = write_page(facts_of(['a', 'b']), tmp_path)
    for link in Reader(page.read_text()).links:
        assert link.startswith(('data:', '#')), link[:80]


def test_page_and_card_say_what_was_found(tmp_path):
    facts = facts_of(['a', 'b'])
    facts.metrics |= {'auc/a': 40.0, 'auc/b': 80.0}
    page, card = write_page(facts, tmp_path)
    text, markdown = Reader(page.read_text()).text, card.read_text()
    for part in (text, markdown):
        assert 'mean AUC 60.00 % (test)' in part
        assert 'mean AUC 70.00 % (best validation)' in part
        assert 'no source annotates it' in part  # the class a
        assert '80.00 % without what was never trained: a' in part
        assert 'epoch_7.pth' in part.replace('\\', '')
        assert 'a note' in part and 'a warning' in part
        assert '20 / 40' in part  # positives and negatives of the test
    assert re.search(r'80\.00 \[[\d.]+, [\d.]+\]', text)
    assert 'a + b (1)' in text and 'answer 0.1' in text


def test_pixels_have_no_thresholds_and_a_table_of_iou(tmp_path):
    facts = facts_of(['a', 'b'])
    facts.pixels, facts.predictions = True, None
    facts.monitor = 'iou/mean'
    facts.metrics = {'iou/mean': 40.0, 'iou/a': 30.0, 'iou/b': 50.0}
    page, card = write_page(facts, tmp_path)
    text = Reader(page.read_text()).text
    assert 'mean IoU 40.00 %' in text and '30.00' in text
    assert 'sensitivity' not in text and 'false alarm' in text
    assert 'pipeline_tag: image-segmentation' in card.read_text()


def test_a_run_that_evaluated_nothing_has_a_page(tmp_path):
    facts = RunFacts('x', 'training', 'not evaluated', 'auc/mean', ())
    page, card = write_page(facts, tmp_path)
    assert 'no value of mean AUC' in Reader(page.read_text()).text
    assert 'there is no record' in card.read_text()


def test_many_classes_keep_the_page_small(tmp_path):
    facts = facts_of([f'class {i}' for i in range(80)])
    page, _ = write_page(facts, tmp_path)
    assert page.stat().st_size < 3_000_000


def test_a_class_is_never_trained_only_if_all_labels_were_counted():
    counts = dict(a={'A': 0}, b={}, c={'A': 1})
    assert list(never_trained('abc', counts)) == ['a', 'b']
    assert list(never_trained('abc', counts, sampled=['A'])) == ['b']
    assert list(never_trained('abc', counts, sampled=['B'])) == ['a', 'b']
    assert list(never_trained('abc', None, unknown=['c'])) == ['c']


@pytest.mark.skipif(CHROMIUM is None, reason='there is no Chromium')
def test_chromium_opens_the_page_without_an_error(tmp_path):
    page, _ = write_page(facts_of([HOSTILE, 'b']), tmp_path)
    done = subprocess.run(
        [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu']
        + ['--enable-logging=stderr', '--v=0', '--dump-dom']
        + [f'--user-data-dir={tmp_path / "profile"}', page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert 'CONSOLE' not in done.stderr, done.stderr
    assert 'Which labels there are' in done.stdout
    assert '&lt;script&gt;alert' in done.stdout


def test_page_and_card_show_each_group_and_the_largest_gap(tmp_path):
    facts = facts_of(['a', 'b'])
    name = HOSTILE.replace('/', '%2F')
    facts.metrics |= {
        'auc/num_images/sex/F': 40,
        f'auc/num_images/sex/{name}': 15,
        'auc/num_images/sex/(unknown)': 5,
        'auc/sex/F/a': 71.0,
        'auc/sex/F/a/delong_low': 61.0,
        'auc/sex/F/a/delong_high': 81.0,
        'auc/sex/F/b': 66.0,
        f'auc/sex/{name}/a': 83.5,
        f'auc/sex/{name}/b': float('nan'),
        'auc/gap/sex/a': 12.5,
        'auc/gap/sex/a/delong_low': -3.0,
        'auc/gap/sex/a/delong_high': 28.0,
    }
    page, card = write_page(facts, tmp_path)
    found = Reader(page.read_text())
    text = ' '.join(found.text.split())
    assert 'script' not in found.tags
    assert '71.00 [61.00, 81.00]' in text
    assert f'12.50 [-3.00, 28.00] ({" ".join(HOSTILE.split())} - F)' in text
    assert 'b 66.00 too small -' in text
    assert 'In no group of sex: 5 images' in text
    assert '| a | 12.50 \\[-3.00, 28.00\\]' in card.read_text()
    # Groups are no classes and no sources.
    _, rows = class_rows(facts)
    assert [row.name for row in rows] == ['a', 'b', 'mean']
