"""Random damage to inputs ends in success or in an error that names the file.

Each case has its own seed, so that a failure names the case to run again.
"""

import copy
import csv
import json
import math
import random

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, init_default_scope

from mmda.apis import PartialLabelInferencer
from mmda.apis.config import load_config
from mmda.apis.errors import explain
from mmda.apis.fold_checkpoint import fold_checkpoint
from mmda.apis.inference_model import find_positives, load_weights
from mmda.apis.partial_label_inferencer import unreadable
from mmda.datasets import CSVLabelDataset
from mmda.engine.checkpoint import load_checkpoint
from mmda.report.thresholds import other_model, read_thresholds

#: What the errors about an input are.
NAMED = (ValueError, OSError)
JUNK = (None, 0, -3, 2.5, math.nan, True, 'x', '', [], [1], {}, {'a': 1})
CELLS = (
    *('', ' ', '0', '1', '0', '1', '1.0', ' 1', '2', '-1', 'nan', 'NaN'),
    *('NA', 'x', '"1"', '1e0', '0.99999999', '"a,b"', '"', '\t0', 'None'),
)


def sample(small, full):
    """A few cases by default, and all cases in the slow set."""
    return pytest.mark.parametrize(
        'seeds',
        [
            pytest.param(range(small), id='some'),
            pytest.param(
                range(small, small + full), id='all', marks=pytest.mark.slow
            ),
        ],
    )


def attempt(step, path, seed):
    """Run a step; return its result, or None after a named error."""
    try:
        return step()
    except NAMED as error:
        text = explain(error).text
        assert str(path) in text, f'seed {seed}: {error!r} names no file'
    except Exception as error:
        raise AssertionError(f'seed {seed} ends in {error!r}') from error
    return None


def damage(content, rng, times=None):
    """Flip, cut, double or insert some bytes."""
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5)) if times is None else times):
        place = rng.randrange(len(content) + 1)
        end = place + rng.choice((1, 1, 4, 30))
        kind = rng.randrange(4)
        if kind == 0:
            # Some bytes that mean something in a text, and some at random.
            length = len(content[place:end])
            chosen = bytes(rng.choices(b'01,;"\n .-a{[', k=length))
            content[place:end] = rng.choice((chosen, rng.randbytes(length)))
        elif kind == 1:
            del content[place:end]
        elif kind == 2:
            content[place:place] = content[place:end]
        else:
            content[place:place] = rng.choice(
                (b'"', b',', b'\n', b'\r', b'\0', b'\xff', b'\xef\xbb\xbf')
            )
    if rng.random() < 0.1:
        del content[rng.randrange(len(content) + 1) :]
    return bytes(content)


def replace_part(content, rng):
    """Put junk in the place of one part of nested dicts and lists."""
    content = copy.deepcopy(content)
    node = content
    while True:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        key = rng.choice(list(keys))
        if isinstance(node[key], (dict, list)) and len(node[key]):
            if rng.random() < 0.8:
                node = node[key]
                continue
        node[key] = rng.choice(JUNK)
        return content


def make_table(rng):
    """A table of two classes. Most are whole, the others are damaged."""
    end = rng.choice(('\n', '\n', '\n', '\r\n', '\r'))
    rows = ['path,cat,dog']
    for i in range(rng.randrange(1, 9)):
        name = rng.choice((f'{i}.png', f'"{i}.png"', f'{i} é.png', 'NA'))
        odd = rng.random() < 0.05
        cells = CELLS if odd else ('', '0', '1', '0.0', '1.0')
        rows.append(f'{name},{rng.choice(cells)},{rng.choice(cells)}')
        if rng.random() < 0.1:
            rows.append('')
    text = (end.join(rows) + rng.choice(('', end))).encode()
    return damage(text, rng) if rng.random() < 0.5 else text


def read_independently(path):
    """Read path and labels with Python's csv module."""
    with open(path, encoding='utf-8-sig', newline='') as file:
        header, *rows = csv.reader(file, strict=True)
    names = [name.strip() for name in header]
    for row in filter(None, rows):
        cells = dict(zip(names, row, strict=True))
        path = cells.pop('path')
        yield (
            path,
            {
                name: math.nan if cell in ('', 'nan', 'NaN') else float(cell)
                for name, cell in cells.items()
                if name
            },
        )


@sample(150, 2000)
def test_no_label_of_a_damaged_table_is_wrong(seeds, tmp_path):
    path = tmp_path / 'table.csv'
    num_read = 0
    for seed in seeds:
        path.write_bytes(make_table(random.Random(seed)))
        dataset = attempt(
            lambda: CSVLabelDataset(str(path), check_first=False), path, seed
        )
        if dataset is None:
            continue
        num_read += 1
        expected = list(read_independently(path))
        assert len(dataset) == len(expected), f'seed {seed}'
        for index, (name, labels) in enumerate(expected):
            info = dataset.get_data_info(index)
            found = dict(
                zip(dataset.metainfo['classes'], info['gt_score'], strict=True)
            )
            assert info['img_path'] == name, f'seed {seed}'
            np.testing.assert_equal(found, labels, f'seed {seed}')
    assert 0.3 < num_read / len(seeds) < 0.9


@pytest.fixture(scope='module')
def digits(tmp_path_factory):
    """Config and checkpoint of a network that was not trained."""
    path = tmp_path_factory.mktemp('fuzz') / 'a.pth'
    cfg = load_config('mmda::da/digits.py')
    init_default_scope('mmpretrain')
    weights = MODELS.build(cfg.model).state_dict()
    parts = {key: cfg[key] for key in ('model', 'test_dataloader')}
    text = '\n'.join(f'{k} = {v.to_dict()!r}' for k, v in parts.items())
    meta = dict(cfg=text, epoch=1, iter=2)
    hub = dict(runtime_info=dict(positives_per_source={'1': {'D0': 3}}))
    torch.save(dict(state_dict=weights, meta=meta, message_hub=hub), path)
    return cfg, path


@sample(30, 500)
def test_a_damaged_image_is_answered_or_named(seeds, tmp_path, digits):
    inferencer = PartialLabelInferencer(digits[0], digits[1])
    kinds = ('.png', '.jpg', '.bmp', '.tiff', '.webp')
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8)
    whole = {k: cv2.imencode(k, pixels)[1].tobytes() for k in kinds}
    paths = []
    for seed in seeds:
        rng = random.Random(seed)
        kind = rng.choice(kinds)
        paths.append(str(tmp_path / f'{seed}{kind}'))
        with open(paths[-1], 'wb') as file:
            file.write(damage(whole[kind], rng))
    answered = 0
    for path in paths:
        found = attempt(
            lambda path=path: dict(inferencer.iterate([path])), path, path
        )
        answers = found[path]
        why = unreadable(answers)
        assert path in why if why else answers['1'].probability is not None
        answered += not why
    assert 0 < answered < len(seeds)


@pytest.mark.usefixtures('quick_configs')
@sample(20, 100)
def test_a_damaged_checkpoint_is_loaded_or_named(seeds, tmp_path, digits):
    model = MODELS.build(digits[0].model)
    path = tmp_path / 'a.pth'
    whole = digits[1].read_bytes()
    content = load_checkpoint(str(digits[1]))

    def load():
        read = load_checkpoint(str(path))
        load_weights(model, read, str(path))
        find_positives(read, str(path))

    def fold():
        fold_checkpoint(load_checkpoint(str(path)), str(path))

    for seed in seeds:
        rng = random.Random(seed)
        if rng.random() < 0.5:
            path.write_bytes(damage(whole, rng, 20))
        else:
            torch.save(replace_part(content, rng), path)
        attempt(load, path, seed)
        attempt(fold, path, seed)


def build_all(cfg):
    """Build the model and the datasets of a config, as a command does."""
    MODELS.build(cfg.model)
    for split in ('train', 'val', 'test'):
        DATASETS.build(cfg[f'{split}_dataloader'].dataset)


@sample(15, 100)
def test_a_damaged_config_is_built_or_named_with_the_key(seeds, tmp_path):
    path = tmp_path / 'a.py'
    cfg = Config.fromfile('configs/da/digits.py')
    keys = ('model', 'train_dataloader', 'val_dataloader', 'test_dataloader')
    parts = {key: cfg[key].to_dict() for key in keys}
    for seed in seeds:
        rng = random.Random(seed)
        damaged = seed % 2
        lines = [f'{key} = {value!r}' for key, value in parts.items()]
        if not damaged:
            changed = {k: replace_part(parts[k], rng) for k in keys[:2]}
            lines = [
                f'{key} = {changed.get(key, value)!r}'
                for key, value in parts.items()
            ]
        text = '\n'.join(["nan = float('nan')", *lines]).encode()
        path.write_bytes(damage(text, rng) if damaged else text)
        found = attempt(lambda: load_config(str(path)), path, seed)
        if found is None or any(key not in found for key in keys):
            continue
        init_default_scope('mmpretrain')
        try:
            build_all(found)
        except Exception as error:
            told = explain(error)
            assert told.is_input, f'seed {seed}: {told.text}'
            assert str(path) in told.text, f'seed {seed}: {told.text}'


@sample(100, 500)
def test_damaged_thresholds_are_read_or_named(seeds, tmp_path, digits):
    path = tmp_path / 'a.thresholds.json'
    entry = dict(threshold=0.5, positives=3)
    whole = dict(
        checkpoint='a.pth', digest='0' * 32, classes={'1': entry, '2': entry}
    )

    def read():
        found = read_thresholds(path)
        other_model(path, digits[1])
        return found

    for seed in seeds:
        rng = random.Random(seed)
        if rng.random() < 0.5:
            path.write_bytes(damage(json.dumps(whole).encode(), rng))
        else:
            path.write_text(json.dumps(replace_part(whole, rng)))
        found = attempt(read, path, seed)
        for value in (found or {}).values():
            assert 0 <= value <= 1, f'seed {seed}: {found}'
