"""The config for tables of one's own: what a user edits, and what follows."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import make_toy
import pytest
from mmengine.registry import DATASETS, DefaultScope

import mmda_cli
from mmda.apis.config import load_config
from mmda.datasets.tables import sources_of_tables

SHIPPED = Path(__file__).resolve().parents[2] / 'configs/da/my_csv.py'


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    """Toy tables of three hospitals, and the light config that goes along."""
    root = tmp_path_factory.mktemp('own') / 'tables'
    argv = ['my_csv', str(root), '--images', '40', '--size', '24']
    make_toy.main(argv)
    return root


@pytest.fixture
def scope():
    name = 'my_csv'
    DefaultScope.get_instance(name, scope_name='mmpretrain')
    yield
    DefaultScope._instance_dict.pop(name)


def datasets(cfg, split):
    found = cfg[f'{split}_dataloader'].dataset.datasets
    return {d.name: DATASETS.build(d) for d in found}


def test_a_user_edits_at_most_fifteen_lines():
    text = SHIPPED.read_text().partition('# Edit these')[2]
    edited = text.partition('# The rest follows')[0].splitlines()[2:]
    lines = [line for line in edited if not line.strip().startswith('#')]
    assert len([line for line in lines if line.strip()]) <= 15


def test_the_light_config_differs_from_the_shipped_one_where_it_says(toy):
    old = SHIPPED.read_text().splitlines()
    new = (toy / 'my_csv.py').read_text().splitlines()
    changed = [b for a, b in zip(old, new, strict=True) if a != b]
    assert len(changed) == 6 and f"data_root = '{toy}/'" in changed


def test_the_classes_are_the_union_and_every_source_is_validated(toy, scope):
    cfg = load_config(str(toy / 'my_csv.py'))
    batch_size = cfg.train_dataloader.batch_size
    assert cfg.auto_scale_lr == dict(base_batch_size=batch_size)
    classes = cfg.model.head.classes
    assert classes == (
        *('Cardiomegaly', 'Effusion', 'Mass', 'Pneumothorax', 'Edema'),
        'Support Devices',
    )
    train, val, test = (datasets(cfg, s) for s in ('train', 'val', 'test'))
    for split in (train, val, test):
        assert set(split) == {'A', 'B', 'C'}
        assert all(d.metainfo['classes'] == classes for d in split.values())
    assert [len(d['A']) for d in (train, val, test)] == [40, 20, 20]
    for name in 'BC':
        patients = [
            {
                d[name].get_data_info(i)['patient_id']
                for i in range(len(d[name]))
            }
            for d in (train, val, test)
        ]
        assert all(patients) and len(set.union(*patients)) == sum(
            map(len, patients)
        )
        assert sum(len(d[name]) for d in (train, val, test)) == 40


def test_a_copy_works_in_any_folder_with_a_stock_runtime_too(toy, tmp_path):
    text = SHIPPED.read_text().replace('data/my_csv/', f'{toy}/')
    (tmp_path / 'mine.py').write_text(text)
    # As in a tool of a host, nothing has imported mmda.
    code = 'from mmengine.config import Config as C; C.fromfile("mine.py")'
    subprocess.run([sys.executable, '-c', code], cwd=tmp_path, check=True)
    cfg = load_config(str(tmp_path / 'mine.py'))
    assert cfg.model.backbone.type == 'DenseNet'


@pytest.mark.slow
def test_it_trains_and_tests(toy, tmp_path, capsys):
    config = str(toy / 'my_csv.py')
    options = ['--cfg-options', 'train_cfg.max_epochs=1']
    mmda_cli.main('train', [config, '--work-dir', str(tmp_path), *options])
    mmda_cli.main('test', [config, str(tmp_path)])
    assert re.search(
        r'class +\| +all \| +A \| +B \| +C', capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ('table', 'error', 'text'),
    [
        (dict(val='a_val.csv'), ValueError, "tables.'A'.: .* key `train`"),
        (dict(train='b.csv'), ValueError, 'no table `val`.*patient_column'),
        (
            dict(train='no.csv', patient_column=None),
            FileNotFoundError,
            r'no\.csv',
        ),
        (
            dict(train='b.csv', patient_column='patient', keep_apart=['Mass']),
            ValueError,
            "key 'keep_apart'. Expected one of .*labeled_classes",
        ),
        (
            dict(train='b.csv', patient_column='patient', test_mode=True),
            ValueError,
            "tables.'A'.: found the key 'test_mode'",
        ),
    ],
)
def test_a_wrong_table_is_named(table, error, text, toy):
    with pytest.raises(error, match=text):
        sources_of_tables(dict(A=table), str(toy), [], [])


def test_a_table_may_lie_in_a_folder_of_its_own(toy, tmp_path):
    table = dict(train='b.csv', patient_column='patient')
    tables = dict(A={**table, 'data_root': str(toy)}, B=table)
    with pytest.raises(FileNotFoundError, match=f'{tmp_path}/b.csv'):
        sources_of_tables(tables, str(tmp_path), [], [])
    shutil.copy(toy / 'c.csv', tmp_path / 'b.csv')
    found = sources_of_tables(tables, str(tmp_path), [], [])
    roots = [one['dataset']['data_root'] for one in found.train]
    assert roots == [str(toy), str(tmp_path)]
    assert {'Pneumothorax', 'Support Devices'} < {*found.classes}


def test_images_are_divided_where_no_two_show_one_patient(toy):
    table = dict(train='c.csv', val='a_val.csv', patient_column=None)
    found = sources_of_tables(dict(C=table), str(toy), [], [])
    (train,), (val,), (test,) = found[1:]
    assert train['part'] == ([0, 2, 3, 4, 5, 6, 7, 8, 9], 10)
    assert test['part'] == (1, 10) and test['part_of'] == 'images'
    assert 'part' not in val and val['dataset']['ann_file'] == 'a_val.csv'


def test_a_list_without_a_class_is_negative_for_it_in_every_split(
    tmp_path, scope
):
    for name, rows in dict(
        train=['Mass', 'Edema|Mass', 'No Finding'],
        test=['Mass', 'No Finding', 'Fracture'],
    ).items():
        lines = [f'{i}.png,{row}' for i, row in enumerate(rows)]
        text = '\n'.join(['path,findings', *lines])
        (tmp_path / f'{name}.csv').write_text(text)
    table = dict(train='train.csv', test='test.csv', check_first=False)
    table.update(label_column='findings', patient_column=None)
    found = sources_of_tables(dict(A=table), str(tmp_path), [], [])
    assert found.classes == ('Edema', 'Mass')
    (test,) = map(DATASETS.build, found.test)
    scores = [test.get_data_info(i)['gt_score'].tolist() for i in range(3)]
    assert scores == [[0, 1], [0, 0], [0, 0]]


def test_a_table_may_choose_its_classes_by_a_file_and_by_a_list(toy, scope):
    names = toy / 'classes.txt'
    names.write_text('Pneumothorax\nEdema\n')
    table = dict(train='b.csv', patient_column='patient', classes=str(names))
    options = dict(labeled_classes=['Edema'], contradictions='error')
    for more, classes in (
        ({}, ('Pneumothorax', 'Edema')),
        (options, ('Edema',)),
    ):
        tables = dict(B={**table, **more})
        found = sources_of_tables(tables, str(toy), [], [])
        assert found.classes == classes
        (train,) = map(DATASETS.build, found.train)
        assert train.annotated_classes == classes
        assert train.contradictions == more.get('contradictions', 'ignore')
