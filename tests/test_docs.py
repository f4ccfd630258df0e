"""Run what the pages below docs show, and keep the facts about a release."""

import importlib
import json
import re
import shlex
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import cv2
import make_toy
import numpy as np
import pytest
import yaml
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope
from test_house import registered
from test_readme import code_blocks, command_lines

import mmda.apis
from mmda.apis.config import load_config
from mmda.commands import label_space

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / 'docs'


def test_the_policies_page_prints_the_labels_that_it_shows(
    tmp_path, monkeypatch
):
    page = (DOCS / 'label_policies.md').read_text()
    files = ('ChestXray14/Data_Entry_2017_v2020.csv', 'CheXpert/train.csv')
    *tables, shown = code_blocks(page, 'text')
    for name, table in zip(files, tables, strict=True):
        path = tmp_path / 'data' / name
        path.parent.mkdir(parents=True)
        path.write_text(table)
    monkeypatch.chdir(tmp_path)
    code, policies, _ = code_blocks(page, 'python')
    printed = StringIO()
    names: dict = {}
    with redirect_stdout(printed):
        exec(compile(code, 'label_policies.md', 'exec'), names)
    lines = printed.getvalue().splitlines()
    # The log may stand between the lines.
    assert [line for line in lines if ' - INFO - ' not in line] == (
        shown.splitlines()
    )
    # The policies by class are ones that the reader takes.
    exec(compile(policies, 'label_policies.md', 'exec'), names)
    DATASETS.build(
        dict(
            type='CheXpert',
            data_root='data/CheXpert',
            classes=names['classes'][:1],
            **names['policies'],
            **names['without_images'],
        )
    )


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Build the source of the page about own data that has a name."""
    monkeypatch.chdir(tmp_path)

    def build(name, scope):
        page = (DOCS / 'own_data.md').read_text()
        (code,) = (
            code
            for code in code_blocks(page, 'python')
            if code.startswith(f'{name} = ')
        )
        cfg = Config.fromstring(code.replace('[...]', '[]'), '.py')[name]
        with DefaultScope.overwrite_default_scope(scope):
            return DATASETS.build(cfg)

    return build


def test_the_label_space_of_the_toy_tables_is_the_one_of_the_page(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    page = (DOCS / 'own_data.md').read_text().partition('## The classes of')[2]
    draw, join, *_ = map(shlex.split, command_lines(page))
    make_toy.main(draw[2:])
    capsys.readouterr()
    scopes = dict(DefaultScope._instance_dict)
    label_space.main(join[2:])
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(scopes)
    shown, *_ = code_blocks(page, 'text')
    assert capsys.readouterr().out == shown


def test_a_list_of_findings_leaves_other_classes_open(source, tmp_path):
    folder = tmp_path / 'data/hospital'
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / 'a.png'), np.zeros((8, 8), np.uint8))
    (folder / 'labels.csv').write_text('image,patient,findings\na.png,7,Mass')
    info = source('hospital', 'mmpretrain').get_data_info(0)
    np.testing.assert_array_equal(info['gt_score'], [0, 1, np.nan])
    assert info['patient_id'] == '7'


def test_the_class_of_an_image_is_a_negative_for_the_other_classes(
    source, tmp_path
):
    for name in ('cat', 'dog', 'horse'):
        folder = tmp_path / 'data/photographs' / name
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / 'a.png'), np.zeros((8, 8), np.uint8))
    dataset = source('photographs', 'mmpretrain')
    scores = [dataset.get_data_info(i)['gt_score'] for i in range(3)]
    np.testing.assert_array_equal(
        scores, [[1, 0, np.nan], [0, 1, np.nan], [0, 0, np.nan]]
    )


def test_a_table_and_a_folder_become_one_label_space(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    make_toy.main(['my_csv', 'data/my_csv', '--images', '40', '--size', '8'])
    for split in ('train', 'val', 'test'):
        for name in ('Edema', 'Scar'):
            folder = tmp_path / 'data/photographs' / split / name
            folder.mkdir(parents=True)
            cv2.imwrite(str(folder / 'a.png'), np.zeros((8, 8), np.uint8))
    (code,) = (
        code
        for code in code_blocks((DOCS / 'own_data.md').read_text(), 'python')
        if 'def folder' in code
    )
    text = (tmp_path / 'data/my_csv/my_csv.py').read_text()
    text = re.sub(r'aliases = .*', "aliases = 'space.json'", text)
    call, end = re.search(r'classes, train.*?\n\)\n', text, re.S).span()
    Path('my_copy.py').write_text(text[:end] + code + text[end:])
    before = dict(DefaultScope._instance_dict)
    label_space.main(['my_copy.py', '-o', 'space.json'])
    cfg = load_config('my_copy.py')
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)
    names = cfg.model.head.classes
    assert names[-1] == 'Scar' and 'Pneumothorax' in names
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        built = DATASETS.build(cfg.train_dataloader.dataset)
    assert [s.name for s in built.datasets] == ['A', 'B', 'C', 'Photographs']
    score = dict(zip(names, built[-1]['data_samples'].gt_score, strict=True))
    assert (score['Scar'], score['Edema']) == (1, 0)
    assert score['Pneumothorax'].isnan()
    capsys.readouterr()


def test_label_maps_say_which_classes_are_annotated(source, tmp_path):
    for folder in ('images', 'labels'):
        (tmp_path / 'data/drives' / folder).mkdir(parents=True)
        path = tmp_path / 'data/drives' / folder / 'a.png'
        cv2.imwrite(str(path), np.zeros((8, 8), np.uint8))
    info = source('drives', 'mmseg').get_data_info(0)
    assert info['annotated_classes'].tolist() == [True, True, False, False]


def test_every_page_is_in_the_list_of_pages_and_in_the_menu_of_the_site():
    pages = {page.stem for page in DOCS.glob('*.md')} - {'README', 'index'}
    listed = (DOCS / 'README.md').read_text()
    menu = (DOCS / 'index.md').read_text()
    assert pages == set(re.findall(r'\((\w+)\.md\)', listed))
    assert pages <= set(re.findall(r'<(\w+)>$', menu, re.MULTILINE))


def test_the_reference_has_every_component():
    listed = set()
    for page in (DOCS / 'api').glob('*.md'):
        for name in re.findall(r'automodule:: ([\w.]+)', page.read_text()):
            module = importlib.import_module(name)
            listed.update(getattr(module, '__all__', vars(module)))
    assert {c.__name__ for c in registered()} <= listed
    assert set(mmda.apis.__all__) <= listed


def test_the_release_has_one_version_everywhere():
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
    changes = (ROOT / 'CHANGELOG.md').read_text()
    released = re.findall(r'^## \[([\d.]+)\]', changes, re.MULTILINE)
    assert citation['version'] == released[0] == mmda.__version__


def test_the_notebook_stores_no_outputs():
    """The site runs it. Outputs in the repository would go stale."""
    notebook = json.loads((DOCS / 'notebooks/tour.ipynb').read_text())
    cells = [c for c in notebook['cells'] if c['cell_type'] == 'code']
    assert cells
    assert not any(cell['outputs'] for cell in cells)
