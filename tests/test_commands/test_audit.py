"""An audit, from tables with wrong labels to a source that trains."""

import csv
import re

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from torch import nn

import mmda_cli
from mmda.apis.config import load_config
from mmda.commands.audit import main
from mmda.datasets import CSVLabelDataset
from mmda.engine.checkpoint import load_checkpoint

NUM = 12  # images of each source
CONFIG = """
from pathlib import Path
root = {root!r}
classes = ('cat', 'dog')
pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
tables = ['a.csv', 'b.csv']
sources = [
    dict(
        type='PartialLabelDataset', name=t[0], classes=classes,
        pipeline=pipeline,
        dataset=dict(type='CSVLabelDataset', ann_file=t, data_root=root))
    for t in tables]
answers = dict(
    type='CSVLabelDataset', ann_file=root + '/out/self_training.csv',
    data_prefix=root, classes=classes, pipeline=pipeline)
loader = dict(
    batch_size=4, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False))
train_dataloader = dict(
    loader, dataset=dict(type='ConcatDataset', datasets=sources))
test_dataloader = dict(loader, dataset=sources[0])
test_evaluator = dict(type='PartialLabelAUC')
test_cfg = dict()
train_cfg = dict(by_epoch=False, max_iters=2)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
default_scope = 'mmpretrain'
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(
        type='DualViewDataPreprocessor', mean=[127.5], std=[127.5],
        to_rgb=False, strong_view=None),
    backbone=dict(type='PixelsOfTheAudit'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='PartialLabelLinearHead', classes=classes, in_channels=3,
        loss=dict(type='PartialBCEPseudoConsistLoss')))
"""


@MODELS.register_module()
class PixelsOfTheAudit(nn.Module):
    def forward(self, x):
        return (x,)


@pytest.fixture
def root(tmp_path):
    """Blue cats and red dogs. Source a has a wrong cat, b annotates no dog."""
    truth = {}
    for source in 'ab':
        lines = ['path,cat,dog']
        for i in range(NUM):
            cat, dog = i % 2, i // 2 % 2
            truth[f'{source}{i}.png'] = (cat, dog)
            pixels = np.zeros((8, 8, 3), np.uint8)
            pixels[..., 0], pixels[..., 2] = 255 * cat, 255 * dog
            pixels[0, 0, 1] = i + NUM * (source == 'b')  # no two are equal
            cv2.imwrite(str(tmp_path / f'{source}{i}.png'), pixels)
            cat = 1 - cat if (source, i) == ('a', 5) else cat
            lines.append(
                f'{source}{i}.png,{cat},{dog if source == "a" else ""}'
            )
        (tmp_path / f'{source}.csv').write_text('\n'.join(lines))
    (tmp_path / 'config.py').write_text(CONFIG.format(root=str(tmp_path)))
    write_checkpoint(tmp_path, 'good.pth', 4)
    return tmp_path


def write_checkpoint(root, name, slope, classes=('cat', 'dog'), bias=0.0):
    init_default_scope('mmpretrain')
    cfg = load_config(str(root / 'config.py'))
    cfg.model.head.classes = classes
    model = MODELS.build(cfg.model)
    with torch.no_grad():
        model.head.classifier.weight.zero_()
        model.head.classifier.bias.fill_(bias)
        model.head.classifier.weight[0, 0] = slope
        model.head.classifier.weight[1, 2] = slope
    meta = dict(dataset_meta=dict(classes=classes))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), root / name)


def rows(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def audit(root, *argv):
    main([str(root / 'config.py'), *map(str, argv), '-o', str(root / 'out')])


def error(capsys, *argv):
    with pytest.raises(SystemExit):
        audit(*argv)
    return capsys.readouterr().err.splitlines()[-1]


def test_the_wrong_label_is_first_and_missing_ones_are_answered(root, capsys):
    audit(root, root / 'good.pth')
    (wrong,) = rows(root / 'out/contradicted.csv')
    assert wrong['file'] == str(root / 'a5.png')
    assert wrong['row'].endswith('a.csv, line 7')
    assert (wrong['source'], wrong['class'], wrong['label']) == (
        *('a', 'cat'),
        '0',
    )
    # The answer is the model's own, the quality is calibrated.
    assert float(wrong['answer']) == pytest.approx(1 / (1 + np.exp(-4)), 1e-3)
    assert 0 < float(wrong['quality']) < 0.5
    assert (root / 'out/contradicted.png').stat().st_size

    sure = rows(root / 'out/unannotated.csv')
    assert {(r['source'], r['class']) for r in sure} == {('b', 'dog')}
    assert len(sure) == NUM
    for row in sure:
        index = int(re.search(r'b(\d+)', row['file'])[1])
        dog = index // 2 % 2
        assert float(row['answer']) == pytest.approx(
            1 / (1 + np.exp(4 - 8 * dog)), 1e-2
        )
    said = capsys.readouterr()
    assert 'has seen these labels' in said.out + said.err


def test_the_table_is_a_source_that_trains(root, capsys):
    audit(root, root / 'good.pth')
    dataset = CSVLabelDataset(str(root / 'out/self_training.csv'), str(root))
    score = np.stack([dataset.get_data_info(i)['gt_score'] for i in range(24)])
    assert not np.isnan(score).any()
    is_label = np.isin(score, (0, 1))
    assert is_label[:NUM].all() and is_label[:, 0].all()
    assert not is_label[NUM:, 1].any()
    text = (root / 'config.py').read_text()
    (root / 'next.py').write_text(
        text.replace('datasets=sources', 'datasets=[answers]')
    )
    mmda_cli.main(
        'train', [str(root / 'next.py'), '--work-dir', str(root / 'work')]
    )
    (saved,) = (root / 'work').glob('*.pth')
    assert load_checkpoint(str(saved))['meta']['iter'] == 2


def test_a_sure_yes_of_a_model_that_answers_low_becomes_a_yes(root):
    write_checkpoint(root, 'low.pth', 4, bias=-6)  # 0.12 for "yes"
    audit(root, root / 'low.pth')
    for row in rows(root / 'out/self_training.csv')[NUM:]:
        dog = int(row['path'].strip('b.png')) // 2 % 2
        assert (float(row['dog']) > 0.5) == dog
    answers = [float(r['answer']) for r in rows(root / 'out/unannotated.csv')]
    assert len(answers) == NUM and max(answers) < 0.5  # the model's own


def test_each_fold_is_answered_by_its_own_model(root):
    split = str(root / 'splits.csv')
    config = str(root / 'config.py')
    mmda_cli.main('split', [config, '--folds', '2', '--out', split])
    write_checkpoint(root, 'flat.pth', 1)
    audit(
        *(root, f'0={root / "good.pth"}', f'1={root / "flat.pth"}'),
        *('--folds', split),
    )
    with open(split) as file:
        next(file)
        part = {row['image']: row['part'] for row in csv.DictReader(file)}
    sure = rows(root / 'out/unannotated.csv')
    assert len(sure) == NUM
    for row in sure:
        name = row['file'].rpartition('/')[2]
        name = name if name in part else name[1:]
        distance = abs(float(row['answer']) - 0.5)
        assert distance == pytest.approx(
            0.48 if part[name] == '0' else 0.23, abs=0.01
        )


def test_a_broken_image_has_no_answer_and_is_named(root, capsys):
    (root / 'a5.png').write_bytes(b'no image')
    audit(root, root / 'good.pth')
    assert 'a5.png of a cannot be decoded' in capsys.readouterr().out
    assert rows(root / 'out/contradicted.csv') == []
    assert len(rows(root / 'out/unannotated.csv')) == NUM
    (root / 'a5.png').unlink()
    assert 'a5.png of a is missing' in error(capsys, root, root / 'good.pth')


def test_some_of_the_folds_say_nothing_about_what_a_model_has_seen(
    root, capsys
):
    split, config = str(root / 'splits.csv'), str(root / 'config.py')
    mmda_cli.main('split', [config, '--folds', '3', '--out', split])
    good = root / 'good.pth'
    audit(root, f'0={good}', f'1={good}', '--folds', split)
    out = capsys.readouterr().out
    assert 'no model of the parts 2 is given' in out
    assert 'has seen none' not in out
    shares = ['a=0.4', 'b=0.3', 'c=0.3']
    argv = [config, '--fractions', *shares, '--out', split]
    mmda_cli.main('split', argv)
    audit(root, f'a={good}', f'b={good}', '--folds', split)
    assert 'no model of the parts c is given' in capsys.readouterr().out
    known = root / 'known.txt'
    known.write_text('a0.png')
    options = ['--folds', '2', '--known', f'test={known}', '--out', split]
    mmda_cli.main('split', [config, *options])
    audit(root, f'0={good}', f'1={good}', '--folds', split)
    assert 'no model of the parts' not in capsys.readouterr().out


def test_two_sources_that_disagree_about_an_image_are_named(root):
    text = (root / 'b.csv').read_text()
    (root / 'b.csv').write_text(text + '\na4.png,1,\na3.png,1,')
    audit(root, root / 'good.pth')
    found = rows(root / 'out/disagreements.csv')
    assert [(r['source'], r['class'], r['label']) for r in found] == [
        ('a', 'cat', '0'),
        ('b', 'cat', '1'),
    ]
    (root / 'copy.png').write_bytes((root / 'a4.png').read_bytes())
    (root / 'b.csv').write_text(text + '\ncopy.png,1,')
    audit(root, root / 'good.pth')
    assert not rows(root / 'out/disagreements.csv')
    audit(root, root / 'good.pth', '--hash')
    assert len(rows(root / 'out/disagreements.csv')) == 2


def test_wrong_input_is_named(root, capsys):
    good = root / 'good.pth'
    split = root / 'splits.csv'
    mmda_cli.main(
        'split', [str(root / 'a.csv'), '--folds', '2', '--out', str(split)]
    )
    text = error(capsys, root, f'0={good}', '--folds', split)
    assert 'of b: the file divides a' in text
    text = error(capsys, root, good, '--folds', split)
    assert 'expected PART=CHECKPOINT' in text
    text = error(capsys, root, f'0={good}', f'0={good}', '--folds', split)
    assert "part '0' is given twice" in text
    assert 'no checkpoint' in error(capsys, root, root / 'no.pth')
    assert 'expected one' in error(capsys, root, good, good)
    config = (root / 'config.py').read_text()
    other = config.replace("('cat', 'dog')", "('cat', 'dog', 'owl')")
    (root / 'config.py').write_text(
        other.replace(
            'classes=classes, in_ch', "classes=('cat', 'dog'), in_ch"
        )
    )
    text = error(capsys, root, good)
    assert "('cat', 'dog', 'owl')" in text and 'good.pth' in text


def test_a_source_without_labels_is_named(root, capsys):
    path = root / 'b.csv'
    path.write_text(re.sub(',[01],', ',,', path.read_text()))
    audit(root, root / 'good.pth')
    said = capsys.readouterr()
    assert 'b has no annotated entry' in said.out + said.err
    # One of 7 labels "no cat" has the answer of the cats: it is no sure "yes".
    sure = [row['class'] for row in rows(root / 'out/unannotated.csv')]
    assert (sure.count('dog'), sure.count('cat')) == (NUM, NUM // 2)
