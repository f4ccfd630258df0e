"""A split, from the command to the datasets that use its file."""

import json

import numpy as np
import pandas as pd
import pytest

from mmda.commands.split import main
from mmda.datasets import (
    ChestXray14,
    CSVLabelDataset,
    NpzImages,
    PartialLabelDataset,
)
from mmda.report.source_labels import SourceLabels, sources_of_datasets
from mmda.report.split_pool import pool_sources
from mmda.report.splits import describe_split, divide, random_split

CLASSES = ('cat', 'dog')


def write_table(path, num_patients=12, seed=0):
    """Write a table in which "dog" is partly unannotated."""
    generator = np.random.default_rng(seed)
    lines = ['path,patient,cat,dog']
    for patient in range(num_patients):
        for image in range(generator.integers(1, 5)):
            cat = int(generator.random() < 0.5)
            dog = generator.choice(['', '0', '1'])
            lines.append(f'{patient}_{image}.png,p{patient},{cat},{dog}')
    path.write_text('\n'.join(lines))
    return path


@pytest.fixture
def table(tmp_path):
    return write_table(tmp_path / 'labels.csv')


@pytest.fixture
def split(tmp_path, capsys):
    """Run the command; return the file, or the last line of an error."""

    def run(*argv):
        out = tmp_path / 'splits.csv'
        columns = ['--patient-column', 'patient']
        try:
            main([*map(str, argv), '--out', str(out), *columns])
        except SystemExit:
            return capsys.readouterr().err.splitlines()[-1]
        return str(out)

    return run


def source(table, part=None, **kwargs):
    dataset = CSVLabelDataset(
        str(table), check_first=False, patient_column='patient'
    )
    return PartialLabelDataset(
        dataset, CLASSES, name='zoo', part=part, **kwargs
    )


def images_of(dataset):
    return {dataset.get_data_info(i)['img_path'] for i in range(len(dataset))}


def patients_of(dataset):
    return {
        dataset.get_data_info(i)['patient_id'] for i in range(len(dataset))
    }


def test_folds_have_whole_patients_and_the_file_says_what_they_hold(
    table, split
):
    path = split(table, '--folds', 3, '--seed', 4)
    folds = [source(table, (k, path)) for k in range(3)]
    rest = source(table, ([0, 2], path), part_of='patients')
    patients = [patients_of(fold) for fold in folds]
    assert set.union(*patients) == patients_of(source(table))
    assert sum(map(len, patients)) == 12
    assert images_of(rest) == images_of(folds[0]) | images_of(folds[2])

    record = json.loads(open(path).readline()[2:])
    assert record['seed'] == 4
    assert record['sources'][0]['images'] == len(source(table))
    rows = pd.read_csv(path, skiprows=1)
    labels = pd.read_csv(table).set_index('path')
    for k, fold in enumerate(folds):
        own = labels.loc[rows[rows.part == k].image]
        assert len(own) == len(fold) == record['parts'][str(k)]['images']
        for name in CLASSES:
            found = record['classes'][name]
            assert found['positives'][k] == (own[name] == 1).sum()
            # An unannotated entry counts in no class.
            assert found['annotated'][k] == own[name].notna().sum()


def test_a_config_is_split_before_and_after_it_uses_the_file(
    table, tmp_path, split
):
    config = tmp_path / 'config.py'
    train = dict(
        type='PartialLabelDataset',
        name='zoo',
        classes=CLASSES,
        part=([0, 1], str(tmp_path / 'splits.csv')),
        num_samples=5,
        dataset=dict(
            type='CSVLabelDataset',
            ann_file=str(table),
            check_first=False,
            patient_column='patient',
        ),
    )
    config.write_text(f'train_dataloader = dict(dataset={train})')
    first = open(split(config, '--folds', 4)).read()
    again = open(split(config, '--folds', 4)).read()
    assert first == again
    from_table = open(split(table, '--folds', 4)).read()
    assert from_table.replace('labels', 'zoo') == first


@pytest.mark.parametrize('has_patients', [True, False])
def test_tables_that_list_one_image_have_it_in_one_part(
    tmp_path, split, has_patients
):
    first = write_table(tmp_path / 'a.csv', 30, seed=1)
    frame = pd.read_csv(first).sample(20, random_state=0)
    frame['patient'] = [f'r{row}' for row in range(20)]
    if not has_patients:
        frame['patient'] = ''
    second = tmp_path / 'readers.csv'
    frame.to_csv(second, index=False)
    path = split(first, second, '--folds', 3)
    rows = pd.read_csv(path, skiprows=1)
    assert rows.image.duplicated().sum() == 20
    assert (rows.groupby('image').part.nunique() == 1).all()
    own = rows[rows.source == 'a']
    assert (own.groupby('patient').part.nunique() == 1).all()


def test_two_sources_keep_their_shares_and_common_patients_one_part(
    tmp_path, split
):
    tables = [
        write_table(tmp_path / 'a.csv', 30, seed=1),
        write_table(tmp_path / 'b.csv', 20, seed=2),
    ]
    path = split(*tables, '--fractions', 'train=0.5', 'val=0.5')
    rows = pd.read_csv(path, skiprows=1)
    parts = rows.groupby(['source', 'part']).size().unstack()
    assert abs(parts.train - parts.val).max() <= 2
    assert (rows.groupby('patient').part.nunique() == 1).all()
    assert len(source(tables[0], ('val', path))) == parts.val['a']


def test_sources_with_equal_names_in_two_folders_stay_two_sources(
    tmp_path, split
):
    for folder in 'AB':
        rows = [f'{folder}/{i}.png,{folder}{i // 2},1,0' for i in range(12)]
        text = '\n'.join(['path,patient,cat,dog', *rows])
        (tmp_path / f'{folder}.csv').write_text(text)
    path = split(tmp_path / 'A.csv', tmp_path / 'B.csv', '--folds', 2)
    seen = []
    for folder in 'AB':
        dataset = CSVLabelDataset(
            str(tmp_path / f'{folder}.csv'),
            check_first=False,
            patient_column='patient',
        )
        for part in ('0', '1'):
            options = dict(part=(part, path), part_of='patients')
            found = PartialLabelDataset(
                dataset, CLASSES, name=folder, **options
            )
            seen += sorted(images_of(found))
        with pytest.raises(ValueError, match='several sources .* `name`'):
            PartialLabelDataset(dataset, CLASSES, name='C', **options)
    assert len(seen) == len(set(seen)) == 24


def test_a_list_stays_a_part_and_the_rest_is_divided(table, tmp_path, split):
    names = list(pd.read_csv(table).path)
    (tmp_path / 'test.txt').write_text('\n'.join([*names[:2], 'lost.png']))
    (tmp_path / 'val.txt').write_text('p3\np4\n')
    known = ['--known', f'test={tmp_path / "test.txt"}']
    path = split(table, '--folds', 2, *known)
    rows = pd.read_csv(path, skiprows=1).set_index('image')
    owners = set(rows.loc[names[:2]].patient)
    assert set(rows[rows.part == 'test'].patient) == owners
    assert set(rows.part) == {'0', '1', 'test'}
    said = split(table, *known, f'val={tmp_path / "val.txt"}')
    assert 'images are in no list, such as' in said
    (tmp_path / 'val.txt').write_text(f'{rows.loc[names[0]].patient}\n')
    said = split(table, *known, f'val={tmp_path / "val.txt"}')
    assert f'patient p0 is in two lists: {names[0]} in ' in said


@pytest.mark.parametrize(
    ('argv', 'message'),
    [
        (['--folds', 13], '13 parts of 12 patients'),
        (['--fractions', 'a=0.5', 'b=0.4'], 'found the sum 0.9, expected 1'),
        (['--fractions', 'a=0.99', 'b=0.01', 'a=0'], "'a' is given twice"),
        (['--fractions', 'a=0.5', 'b=x'], "--fractions b: found 'x'"),
        (['--folds', 2, '--known', 'x=no.txt'], 'there is no file no.txt'),
        (['--folds', 2, '--image-column', 'p'], "no column 'p'"),
        ([], 'expected --folds, --fractions or --known'),
    ],
)
def test_what_cannot_be_split_is_refused_by_name(table, argv, message, split):
    assert message in split(table, *argv)


def test_a_part_without_a_positive_is_said(tmp_path, split, capsys):
    path = tmp_path / 'rare.csv'
    lines = [f'{i}.png,p{i},{int(i == 3)},1' for i in range(6)]
    path.write_text('path,patient,cat,dog\n' + '\n'.join(lines))
    split(path, '--fractions', 'a=0.5', 'b=0.5')
    said = capsys.readouterr()
    said = said.out + said.err
    assert '1 patient with a positive for 2 parts' in said
    assert "class 'cat': no positive in " in said
    assert "class 'dog': no negative in a, b" in said


def test_a_source_with_fewer_patients_than_folds_is_said(
    table, tmp_path, split, capsys
):
    small = write_table(tmp_path / 'small.csv', 2, seed=1)
    path = split(table, small, '--folds', 3)
    parts = pd.read_csv(path, skiprows=1).query('source == "small"').part
    (left,) = {0, 1, 2} - {*map(int, parts)}
    said = capsys.readouterr()
    text = f"source 'small': no image in {left}. A dataset with this part"
    assert text in said.out + said.err
    assert "source 'labels'" not in said.out + said.err


def test_a_file_of_another_table_or_a_changed_file_is_refused(
    table, tmp_path, split
):
    path = split(table, '--folds', 3)
    other = write_table(tmp_path / 'other.csv', 9, seed=5)
    with pytest.raises(ValueError, match='divides labels .* another table'):
        source(other, (0, path))
    with pytest.raises(ValueError, match='expected one of .*0.* or a list'):
        source(table, ('test', path))
    with pytest.raises(FileNotFoundError, match='no.csv. mmda split writes'):
        source(table, (0, 'no.csv'))
    with pytest.raises(ValueError, match='is no split of version 1'):
        source(table, (0, str(table)))
    first, header, *rows = open(path).read().splitlines()
    # p11 has several images: one of them goes to a part of its own.
    moved = rows[-1].rpartition(',')[0] + ',x'
    for changed, message in (
        ([*rows[:-1], moved], 'patient p11 .* is in two parts'),
        (rows[1:], 'Change only the column part'),
        (
            [rows[0].rpartition(',')[0], *rows[1:]],
            'line 3 .*: found 3 cells, expected 4',
        ),
    ):
        with open(path, 'w') as file:
            file.write('\n'.join([first, header, *changed]))
        with pytest.raises(ValueError, match=message):
            source(table, (0, path))


def test_two_hospitals_may_use_the_same_relative_paths(tmp_path, split):
    tables = []
    for folder, groups in (('A', 2), ('B', 3)):
        rows = [f'img/{i}.png,{i // groups},1,0' for i in range(12)]
        (tmp_path / folder).mkdir()
        tables.append(tmp_path / folder / 'labels.csv')
        tables[-1].write_text('\n'.join(['path,patient,cat,dog', *rows]))
    path = split(*tables, '--folds', 2)
    rows = pd.read_csv(path, skiprows=1)
    assert len(rows) == 24
    patients = rows.groupby(['source', 'patient']).part
    assert (patients.nunique() == 1).all()
    assert len(patients) == 6 + 4


def test_another_hospital_with_equal_names_is_refused(tmp_path, split):
    for folder, groups in (('A', 2), ('B', 3)):
        rows = [f'{i}.png,{i // groups},1,0' for i in range(12)]
        text = '\n'.join(['path,patient,cat,dog', *rows])
        (tmp_path / f'{folder}.csv').write_text(text)
    path = split(tmp_path / 'A.csv', '--folds', 2)
    assert len(source(tmp_path / 'A.csv', (0, path)))
    with pytest.raises(ValueError, match='patients of A in the file have oth'):
        source(tmp_path / 'B.csv', (0, path))


def test_patients_of_any_table_of_the_images_count(tmp_path):
    def labels(name, patients):
        paths = np.array([b'/d/0.png', b'/d/1.png', b'/d/2.png'])
        score = np.array([[0.0], [1.0], [1.0]])
        return SourceLabels(
            'train', name, ('a',), score, np.zeros(1, int), ('T', '/d'),
            paths=paths, patients=patients,
        )  # fmt: skip

    known = labels('B', np.array([b'p', b'p', b'q']))
    for both in ([labels('A', None), known], [known, labels('A', None)]):
        pool = pool_sources(both)
        assert pool.patients == ['p', 'p', 'q']
        assert pool.group.tolist() == [0, 0, 1]


def test_a_source_called_images_is_shown(tmp_path, split, capsys):
    table = write_table(tmp_path / 'images.csv')
    assert split(table, '--folds', 2).endswith('splits.csv')
    assert 'images (source)' in capsys.readouterr().out


def test_images_in_memory_are_known_by_their_pixels(tmp_path, split, capsys):
    pixels = np.random.default_rng(0).integers(0, 255, (9, 4, 4), np.uint8)
    pixels[8] = pixels[0]
    config = tmp_path / 'config.py'
    images = tmp_path / 'images.npz'
    np.savez(images, train_images=pixels, train_labels=np.arange(9) % 2)
    dataset = dict(type='NpzImages', file=str(images), classes=CLASSES)
    train = dict(type='PartialLabelDataset', classes=CLASSES, dataset=dataset)
    config.write_text(f'train_dataloader = dict(dataset={train})')
    path = split(config, '--folds', 2)
    said = capsys.readouterr()
    assert 'NpzImages has no patients' in said.out + said.err
    dataset.pop('type')
    parts = [
        PartialLabelDataset(NpzImages(**dataset), CLASSES, part=(k, path))
        for k in range(2)
    ]
    assert sorted(map(len, parts)) in ([4, 5], [3, 6])
    # Equal images are in one part.
    assert any({0, 8} <= set(part.selected.tolist()) for part in parts)


@pytest.mark.parametrize(
    'fractions', [dict.fromkeys('01234', 0.2), dict(train=0.7, val=0.3)]
)
def test_no_class_of_nih64_is_as_far_off_as_in_the_median_random_split(
    shared_data, fractions
):
    dataset = ChestXray14(str(shared_data / 'nih64'), 'all', check_first=False)
    pool = pool_sources(sources_of_datasets({'train': dataset}))
    names = list(fractions)
    split = divide(pool, fractions, 0, {})
    found = describe_split(pool, split, names, len(names))
    others = [
        describe_split(
            pool, random_split(fractions, seed, split), names, len(names)
        )
        for seed in range(100)
    ]
    for key in ('worst', 'mean'):
        assert found[key] < 0.8 * np.median([one[key] for one in others])
    sizes = [part['images'] for part in found['parts'].values()]
    np.testing.assert_allclose(
        sizes, 1000 * np.array(list(fractions.values())), atol=1
    )
