"""Run what the README shows, and look up every name in the pages."""

import re
import shlex
from glob import glob
from importlib import import_module
from pathlib import Path

import mmpretrain
import mmseg
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
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


def test_the_lines_to_edit_are_those_of_the_shipped_config():
    shipped = (ROOT / 'configs/da/my_csv.py').read_text()
    assert block('tables = dict(') in shipped


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
    folders = [ROOT, ROOT / 'configs', ROOT / 'configs/da', page.parent]
    folders += [
        Path(host.__file__).parent / '.mim' / kind
        for host in (mmpretrain, mmseg)
        for kind in ('configs', 'tools')
    ]
    # A page about the tools of the hosts names their folders $CLS and $SEG.
    quoted = [re.sub('^(CLS|SEG)/', '', path) for path in quoted]
    missing += [
        path
        for path in quoted
        if not any(glob(path, root_dir=folder) for folder in folders)
        and path != 'data/my_csv/my_csv.py'
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
    _, name, *arguments = words  # mmda NAME, or python FILE
    name = Path(name).stem.replace('-', '_')
    # The commands that are scripts have modules of their own.
    scripts = {'make_toy': 'make_toy', 'reproduce': 'reproduction.command'}
    module = scripts.get(name, f'mmda.commands.{name}')
    if name == 'reproduce' and arguments[0] in OTHER_COMMANDS:
        name, *arguments = arguments
        module = f'reproduction.{name}'
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
