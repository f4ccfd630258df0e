import sys
import types

import numpy as np
import pytest
import toy_images
from mmengine.registry import DATASETS

from mmda.datasets import MedMNIST, PartialLabelDataset
from mmda.datasets.sources import medmnist
from mmda.datasets.sources.medmnist import CLASSES

# Facts in the form of the package.
INFO = {
    'chestmnist': dict(
        python_class='ChestMNIST',
        label={str(i): f'finding {i}' for i in range(14)},
    ),
    'retinamnist': dict(
        python_class='RetinaMNIST', label={str(i): str(i) for i in range(5)}
    ),
    'breastmnist': dict(
        python_class='BreastMNIST', label={'0': 'malignant', '1': 'normal'}
    ),
    'organmnist3d': dict(python_class='OrganMNIST3D', label={'0': 'liver'}),
}


@pytest.fixture
def package(monkeypatch):
    """Stand in for the package, which is an extra."""
    package = types.SimpleNamespace(INFO=INFO)
    monkeypatch.setitem(sys.modules, 'medmnist', package)
    return package


@pytest.fixture
def no_package(monkeypatch):
    monkeypatch.setitem(sys.modules, 'medmnist', None)


def write_npz(folder, name, channels=3, size=28, number=6):
    """Image i of n has the class i, or, for several labels, the bits of i."""
    flag = name.partition('_')[0]
    num_classes = len(CLASSES.get(flag) or INFO[flag]['label'])
    index = np.arange(number)[:, None]
    labels = index % num_classes
    if flag == 'chestmnist':
        labels = index >> np.arange(num_classes) & 1
    path = folder / f'{name}.npz'
    return toy_images.write_npz(path, labels, channels, size)


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
@pytest.mark.parametrize(
    ('name', 'channels'),
    [('dermamnist', 3), ('tissuemnist', 1), ('organamnist', 1)],
)
def test_one_label_per_image_becomes_scores_without_the_package(
    tmp_path, no_package, name, channels, split
):
    arrays = write_npz(tmp_path, name, channels)
    dataset = MedMNIST(name, str(tmp_path), split)
    classes = CLASSES[name]
    assert dataset.metainfo['classes'] == classes
    assert (
        dataset.get_gt_labels().tolist() == np.eye(len(classes))[:6].tolist()
    )
    np.testing.assert_array_equal(
        dataset.get_data_info(4)['img'], arrays[f'{split}_images'][4]
    )


def test_several_labels_per_image_become_scores(tmp_path, package):
    write_npz(tmp_path, 'chestmnist', channels=1)
    dataset = MedMNIST('chestmnist', str(tmp_path))
    assert dataset.get_gt_labels()[:, :3].tolist() == [
        [0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1],
    ]  # fmt: skip
    assert len(dataset.metainfo['classes']) == 14


def test_chosen_classes_are_columns_in_their_order(tmp_path, package):
    write_npz(tmp_path, 'retinamnist')
    dataset = MedMNIST('retinamnist', str(tmp_path), classes=['3', '1'])
    rows = dataset.get_gt_labels().tolist()
    assert rows == [[0, 0], [0, 1], [0, 0], [1, 0], [0, 0], [0, 0]]
    with pytest.raises(ValueError, match="unknown class '7'"):
        MedMNIST('retinamnist', str(tmp_path), classes=['7'])


def test_one_disease_against_the_rest_runs_through_a_pipeline(tmp_path):
    write_npz(tmp_path, 'dermamnist', number=7)
    source = dict(
        type='MedMNIST',
        name='dermamnist',
        data_root=str(tmp_path),
        pipeline=[dict(type='mmpretrain.PackInputs')],
    )
    assert len(DATASETS.build(source)) == 7
    dataset = PartialLabelDataset(source, classes=('melanoma',))
    assert [
        dataset[i]['data_samples'].gt_score.tolist() for i in range(7)
    ] == [[0], [0], [0], [0], [1], [0], [0]]
    assert dataset[0]['inputs'].shape == (3, 28, 28)


def test_larger_images_have_a_file_of_their_own(tmp_path, package):
    write_npz(tmp_path, 'breastmnist_64', channels=1, size=64)
    dataset = MedMNIST('breastmnist', str(tmp_path), size=64)
    assert dataset.get_data_info(0)['img'].shape == (64, 64)


def test_a_missing_file_says_what_from_where_and_how_large(tmp_path):
    message = r'no file .*dermamnist\.npz .*zenodo.*dermamnist\.npz.* MB'
    with pytest.raises(FileNotFoundError, match=message):
        MedMNIST('dermamnist', str(tmp_path))


def test_a_download_needs_the_package(tmp_path, no_package):
    with pytest.raises(ImportError, match=r'medmnist.*pip install medmnist'):
        MedMNIST('dermamnist', str(tmp_path), download=True)
    with pytest.raises(ImportError, match="'retinamnist'.*pip install medm"):
        MedMNIST('retinamnist', str(tmp_path))


def test_a_download_is_left_to_the_package(tmp_path, package):
    asked = []

    def retina(split, download, root, size):
        asked.append((split, download, root, size))
        write_npz(tmp_path / 'new', 'retinamnist')

    package.RetinaMNIST = retina
    arguments = ('retinamnist', str(tmp_path / 'new'))
    for _ in range(2):
        assert len(MedMNIST(*arguments, download=True)) == 6
    assert asked == [('test', True, str(tmp_path / 'new'), 28)]


@pytest.mark.parametrize('is_there', [True, False])
def test_all_processes_wait_for_a_download_also_where_the_file_exists(
    tmp_path, package, monkeypatch, is_there
):
    # A rank that sees a file must not go on while the first one writes it.
    waited = []

    def write():
        write_npz(tmp_path, 'retinamnist')
        waited.append(True)

    if is_there:
        write_npz(tmp_path, 'retinamnist')
    monkeypatch.setattr(medmnist.dist, 'is_main_process', lambda: False)
    monkeypatch.setattr(medmnist.dist, 'barrier', write)
    dataset = MedMNIST('retinamnist', str(tmp_path), download=True)
    assert len(dataset) == 6 and waited == [True]


def test_the_names_are_those_of_the_package():
    info = pytest.importorskip('medmnist').INFO
    for name, classes in CLASSES.items():
        assert tuple(info[name]['label'].values()) == classes


def test_what_is_no_medmnist_is_refused(tmp_path, package):
    for name in ('retina', 'organmnist3d'):
        with pytest.raises(ValueError, match=f"'{name}'; nearest: '"):
            MedMNIST(name, str(tmp_path))
    with pytest.raises(ValueError, match="split .* 'dev', expected one of"):
        MedMNIST('dermamnist', str(tmp_path), 'dev')
    arrays = write_npz(tmp_path, 'dermamnist')
    path = tmp_path / 'organamnist.npz'
    np.savez(path, train_images=arrays['train_images'])
    with pytest.raises(
        ValueError, match='organamnist.npz is broken.*train_labels'
    ):
        MedMNIST('organamnist', str(tmp_path))
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match='organamnist.npz is broken'):
        MedMNIST('organamnist', str(tmp_path))
    arrays['train_labels'][0] = 7
    np.savez(tmp_path / 'dermamnist.npz', **arrays)
    with pytest.raises(ValueError, match=r'to 7, expected \(N, 1\) up to 6'):
        MedMNIST('dermamnist', str(tmp_path))
