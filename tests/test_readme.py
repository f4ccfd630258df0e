"""Run what the README shows, and look up every name in the pages."""

import re
import shlex
from glob import glob
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS, MODELS
from mmpretrain.structures import DataSample
from reproduction.command import OTHER_COMMANDS
from reproduction.table import read_table

import mmda  # noqa: F401  (registers the components)
from mmda.apis.config import load_config
from mmda.commands.label_report import main as label_report

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / 'README.md').read_text()
PAGES = [
    *ROOT.glob('*.md'),
    *ROOT.glob('docs/*.md'),
    ROOT / 'configs/da/README.md',
]
page = pytest.mark.parametrize(
    'page', PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES]
)
# The history names files that are gone.
current_page = pytest.mark.parametrize(
    'page',
    [path for path in PAGES if path.name != 'CHANGELOG.md'],
    ids=lambda path: str(path.relative_to(ROOT)),
)


def code_blocks(text, language):
    """Return the fenced blocks of one language, ``''`` for no language."""
    # Every second fence closes a block.
    fences = re.split(r'^```(\w*)\n', text, flags=re.MULTILINE)[1:]
    pairs = list(zip(fences[::2], fences[1::2], strict=True))[::2]
    return [code for name, code in pairs if name == language]


def block(words, language='python'):
    """Return the block of the README that contains these words."""
    blocks = code_blocks(README, language)
    return next(code for code in blocks if words in code)


def command_lines(text):
    """Return the commands of the bash blocks, long lines joined."""
    joined = ''.join(code_blocks(text, 'bash')).replace('\\\n', ' ')
    return [line.split('#')[0].strip() for line in joined.splitlines()]


@pytest.fixture
def scope():
    name = 'readme'
    DefaultScope.get_instance(name, scope_name='mmpretrain')
    yield
    DefaultScope._instance_dict.pop(name)


def test_a_csv_of_ones_own_joins_the_chest_data_in_ten_lines(
    toy_root, tmp_path, scope
):
    mine = tmp_path / 'mine'
    mine.mkdir()
    cv2.imwrite(str(mine / 'a.png'), np.full((40, 40, 3), 90, np.uint8))
    (mine / 'labels.csv').write_text(
        'path,Pleural Effusion,Mass\na.png,1,\na.png,,0\n'
    )
    code = block("name='MyHospital'")
    base = ROOT / 'configs/da/chestxray_chexpert.py'
    code = code.replace("'chestxray_chexpert.py'", repr(str(base)))
    code = code.replace('data/mine', str(mine))
    (tmp_path / 'mine.py').write_text(code)
    cfg = load_config(str(tmp_path / 'mine.py'), {'data_root': str(toy_root)})
    dataset = DATASETS.build(cfg.train_dataloader.dataset)

    classes = dataset.metainfo['classes']
    score = dataset.get_data_info(-2)['gt_score']
    assert score[classes.index('Effusion')] == 1
    assert np.isnan(np.delete(score, classes.index('Effusion'))).all()
    score = dataset.get_data_info(-1)['gt_score']
    assert score[classes.index('Mass')] == 0
    assert np.isnan(score).sum() == 19
    sample = dataset[len(dataset) - 1]
    assert sample['inputs'].shape == (1, 224, 224)
    assert sample['data_samples'].source == 'MyHospital'
    sources = {dataset.get_data_info(i)['source'] for i in (0, -3, -1)}
    assert sources == {'ChestXray14', 'CheXpert', 'MyHospital'}


@pytest.mark.parametrize('part', ['the loss alone', 'the adapter alone'])
def test_one_component_works_in_a_stock_model(part, scope):
    snippets = re.split('^# ', block('the loss alone'), flags=re.MULTILINE)
    text = next(snippet for snippet in snippets if snippet.startswith(part))
    change = Config.fromstring(text.split('\n', 1)[1], '.py').model
    stock = dict(
        type='ImageClassifier',
        backbone=dict(type='ResNet_CIFAR', depth=18, base_channels=8),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='MultiLabelLinearClsHead', num_classes=20, in_channels=64
        ),
    )
    stock['backbone']['stem_channels'] = 8
    stock['head'].update(change.head)
    stock['head']['in_channels'] = 64
    model = MODELS.build(stock)
    target = torch.rand(4, 20)
    if part == 'the loss alone':
        target[:, 10:] = float('nan')
    samples = [DataSample().set_gt_score(row) for row in target]
    losses = model(torch.rand(4, 3, 32, 32), samples, mode='loss')
    total, _ = model.parse_losses(losses)
    total.backward()
    assert torch.isfinite(total)


def test_the_first_config_of_the_readme_is_the_shipped_one():
    code = block("name='D0'").replace(', ...)', ')')
    shown = Config.fromstring(code, '.py').train_d0
    shipped = load_config(str(ROOT / 'configs/da/digits.py'))
    source = shipped.train_dataloader.dataset.datasets[0]
    inner = shown.pop('dataset')
    assert {key: source[key] for key in shown} == shown
    assert {key: source.dataset[key] for key in inner} == inner


def test_the_readme_shows_rows_that_the_label_report_prints(tmp_path):
    config = str(ROOT / 'configs/da/digits.py')
    label_report([config, '--out-dir', str(tmp_path)])
    printed = (tmp_path / 'label_report.txt').read_text().splitlines()
    for row in block('train/D0', '').splitlines():
        assert row in printed


@current_page
def test_files_that_a_page_names_exist(page):
    text = page.read_text()
    links = re.findall(r'\]\(([\w./-]+)(?:#[\w-]*)?\)', text)
    missing = [link for link in links if not (page.parent / link).exists()]
    quoted = re.findall(r'[\w./*-]+/[\w.*-]+\.(?:py|md|txt|sh|yml)\b', text)
    # Pages about experiments give paths below configs or configs/da.
    folders = (ROOT, ROOT / 'configs', ROOT / 'configs/da', page.parent)
    missing += [
        path
        for path in quoted
        if not any(glob(path, root_dir=folder) for folder in folders)
        and path != 'configs/da/mine.py'
    ]
    assert missing == []


@page
def test_headings_that_a_page_links_to_exist(page):
    anchors = {
        re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')
        for heading in re.findall(r'^#+ (.*)$', page.read_text(), re.MULTILINE)
    }
    links = set(re.findall(r'\]\(#([\w-]+)\)', page.read_text()))
    assert links <= anchors


def parser_of(words):
    """Return the parser of a shown command and the arguments behind it."""
    start, *arguments = words
    if start == 'mmda':
        name, *arguments = arguments
        module = f'mmda.commands.{name}'
    elif arguments[0] == 'tools/reproduce.py':
        module = 'reproduction.command'
        arguments = arguments[1:]
        if arguments[0] in OTHER_COMMANDS:
            name, *arguments = arguments
            module = f'reproduction.{name}'
    else:
        name, *arguments = arguments
        module = f'mmda.commands.{Path(name).stem}'
    return import_module(module).make_parser(), arguments


@current_page
def test_commands_that_a_page_shows_accept_their_arguments(page):
    text = page.read_text()
    lines = command_lines(text)
    lines += re.findall(r'`(mmda [a-z_]+ [^`]+)`', text)
    started = re.compile(
        r'mmda |python tools/(reproduce|train|test|predict)\.py |'
        r'python tools/analysis_tools/'
    )
    for line in lines:
        if started.match(line):
            # A number takes the place of each variable of the shell.
            plain = re.sub(r'\$(\w+|\{\w+\})', '1', line)
            parser, arguments = parser_of(shlex.split(plain))
            parser.parse_args(arguments)


@current_page
def test_make_targets_that_a_page_names_exist(page):
    text = page.read_text()
    lines = command_lines(text) + re.findall(r'`(make [^`]+)`', text)
    makefile = (ROOT / 'Makefile').read_text()
    for line in lines:
        if line.startswith('make '):
            words = [word for word in line.split()[1:] if '=' not in word]
            assert f'\n{words[0]}:' in makefile, line


@current_page
def test_python_code_of_a_page_compiles(page):
    for code in code_blocks(page.read_text(), 'python'):
        compile(code.replace(', ...)', ')'), str(page), 'exec')


def test_the_table_that_docs_reproduce_shows_can_be_read(tmp_path):
    page = (ROOT / 'docs/reproduce.md').read_text()
    (tmp_path / 'mine.yml').write_text(code_blocks(page, 'yaml')[0])
    (panel,) = read_table(tmp_path / 'mine.yml').panels
    assert panel.columns == ('tau = 0.5', 'tau = 0.7')
    for recipe in panel.recipes:
        assert (ROOT / 'configs' / recipe.config).is_file()
    assert panel.recipes[1].options == {'model.head.loss.tau': 0.7}


def test_the_readme_has_at_most_150_lines():
    assert len(README.splitlines()) <= 150
