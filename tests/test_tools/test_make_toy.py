import csv
import filecmp

import cv2
import make_toy
import numpy as np
import pytest

from mmda.datasets import ChestXray14, CheXpert

ARGUMENTS = ['--images', '120', '--size', '32']


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    root = tmp_path_factory.mktemp('toy')
    make_toy.main(['chestxray_chexpert', str(root), *ARGUMENTS])
    return root


def read_csv(path):
    with open(path, newline='') as file:
        return list(csv.reader(file))


def test_every_image_of_the_tables_is_there_and_can_be_read(toy):
    datasets = [
        ChestXray14(str(toy / 'ChestXray14'), split='all'),
        CheXpert(str(toy / 'CheXpert'), split='all'),
        CheXpert(str(toy / 'CheXpert'), split='official_val'),
    ]
    assert [len(dataset) for dataset in datasets] == [120, 120, 12]
    for dataset in datasets:
        for i in range(len(dataset)):
            path = dataset.get_data_info(i)['img_path']
            image = cv2.imread(path, cv2.IMREAD_UNCHANGED)
            assert image.shape == (32, 32), path
            assert image.std() > 5, path


def test_the_splits_leave_every_class_something_to_learn(toy):
    for dataset_type, root in (
        (ChestXray14, toy / 'ChestXray14'),
        (CheXpert, toy / 'CheXpert'),
    ):
        train = dataset_type(str(root), split='train').get_gt_labels()
        assert (train == 1).any(0).all()
        assert (train == 0).any(0).all()
        assert len(dataset_type(str(root), split='test')) >= 20
    assert len(ChestXray14(str(toy / 'ChestXray14'), split='val')) >= 8


def test_the_images_lie_in_two_numbered_folders(toy):
    folders = sorted(p.name for p in (toy / 'ChestXray14').glob('images_*'))
    assert folders == ['images_001', 'images_002']
    first = toy / 'ChestXray14' / 'images_001' / 'images'
    assert (first / '00000001_000.png').is_file()


def test_every_kind_of_label_value_occurs(toy):
    header, *rows = read_csv(toy / 'CheXpert' / 'train.csv')
    assert {cell for row in rows for cell in row[5:]} == {
        '1.0',
        '0.0',
        '-1.0',
        '',
    }
    views = header.index('Frontal/Lateral')
    assert {row[views] for row in rows} == {'Frontal', 'Lateral'}
    header, *rows = read_csv(toy / 'CheXpert' / 'valid.csv')
    assert {cell for row in rows for cell in row[5:]} == {'1.0', '0.0'}
    rows = read_csv(toy / 'ChestXray14' / 'Data_Entry_2017_v2020.csv')[1:]
    labels = [row[1] for row in rows]
    assert 'No Finding' in labels
    assert any('|' in label for label in labels)
    assert any('Pleural_Thickening' in label for label in labels)
    patients = [row[3] for row in rows]
    assert len(set(patients)) < len(patients)


def test_no_patient_is_in_both_official_lists(toy):
    root = toy / 'ChestXray14'
    patients = [
        {name[:8] for name in (root / file).read_text().split()}
        for file in ('train_val_list.txt', 'test_list.txt')
    ]
    assert not patients[0] & patients[1]


def test_the_headers_are_those_of_the_real_tables(toy, shared_data):
    for made, real in (
        (
            'ChestXray14/Data_Entry_2017_v2020.csv',
            'chestxray14/Data_Entry_2017_v2020.sample.csv',
        ),
        ('CheXpert/train.csv', 'chexpert/train.sample.csv'),
    ):
        header = read_csv(toy / made)[0]
        assert ','.join(header) == ','.join(read_csv(shared_data / real)[0])


def test_a_sign_is_where_its_class_is(toy):
    dataset = ChestXray14(str(toy / 'ChestXray14'), split='all')
    labels = dataset.get_gt_labels()
    images = np.stack(
        [
            cv2.imread(dataset.get_data_info(i)['img_path'], 0)
            for i in range(len(dataset))
        ]
    ).astype(float)
    # The place of the brightest difference, per class: all differ.
    places = set()
    for index in range(labels.shape[1]):
        present = labels[:, index] == 1
        difference = images[present].mean(0) - images[~present].mean(0)
        assert abs(difference).max() > 25, dataset.metainfo['classes'][index]
        places.add(int(abs(difference).argmax()))
    assert len(places) >= 12


def test_the_same_seed_makes_the_same_files(toy, tmp_path):
    make_toy.main(['chestxray_chexpert', str(tmp_path), *ARGUMENTS])
    names = [
        str(path.relative_to(toy)) for path in toy.rglob('*') if path.is_file()
    ]
    assert len(names) == 120 + 120 + 12 + 3 + 2
    _, changed, lost = filecmp.cmpfiles(toy, tmp_path, names, shallow=False)
    assert not changed and not lost


def test_a_folder_that_is_already_there_is_never_written_to(tmp_path, capsys):
    (tmp_path / 'CheXpert').mkdir()
    with pytest.raises(SystemExit):
        make_toy.main(['chestxray_chexpert', str(tmp_path)])
    assert 'CheXpert is already there' in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['CheXpert']


def test_too_few_images_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        make_toy.main(['chestxray_chexpert', str(tmp_path), '--images', '10'])
    assert 'a whole number from 40' in capsys.readouterr().err


def test_the_help_shows_an_example(capsys):
    with pytest.raises(SystemExit):
        make_toy.main(['--help'])
    assert 'mmda make_toy chestxray_chexpert' in capsys.readouterr().out
