import re

import numpy as np
import pytest

from mmda.datasets import CheXpert

LABELS = (
    'No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,'
    'Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,'
    'Pleural Effusion,Pleural Other,Fracture,Support Devices'
)
HEADER = 'Path,Sex,Age,Frontal/Lateral,AP/PA,' + LABELS
# Blank everywhere but in Cardiomegaly, Edema and Pleural Effusion.
ROWS = [
    ('patient00001/study1/view1_frontal.jpg', '1.0', '', '-1.0'),
    ('patient00001/study1/view2_lateral.jpg', '1.0', '', '-1.0'),
    ('patient00002/study1/view1_frontal.jpg', '0.0', '-1.0', '1.0'),
    ('patient00003/study2/view1_frontal.jpg', '', '-1.0', '0.0'),
]
CARDIO, EFFUSION, EDEMA = 1, 2, 6  # positions among the 13 classes


def line_of(path, cardiomegaly, edema, effusion, folder='train'):
    view = 'Lateral' if 'lateral' in path else 'Frontal'
    cells = [''] * 14
    cells[2], cells[5], cells[10] = cardiomegaly, edema, effusion
    start = f'CheXpert-v1.0-small/{folder}/{path},Male,60,{view},AP,'
    return start + ','.join(cells)


def write_table(root, lines, name='train.csv', header=HEADER):
    (root / name).write_text('\n'.join([header, *lines]) + '\n')
    return str(root)


def write_patients(root, number, *cells):
    """Patients of one image each, whose labels are equal."""
    name = 'patient{:05d}/study1/view1_frontal.jpg'.format
    return write_table(root, [line_of(name(i), *cells) for i in range(number)])


@pytest.fixture
def data_root(tmp_path):
    return write_table(tmp_path, [line_of(*row) for row in ROWS])


def read(data_root, **kwargs):
    arguments = dict(split='all', check_first=False)
    return CheXpert(data_root, **{**arguments, **kwargs})


def test_rows_become_the_samples_written_out_here(data_root):
    dataset = read(data_root)
    assert ','.join(dataset.metainfo['classes']) == (
        'Atelectasis,Cardiomegaly,Pleural Effusion,Pneumonia,Pneumothorax,'
        'Consolidation,Edema,Enlarged Cardiomediastinum,Lung Lesion,'
        'Lung Opacity,Pleural Other,Fracture,Support Devices'
    )
    assert dataset.get_gt_labels().dtype == np.float32
    info = dataset.get_data_info(3)
    del info['gt_score']
    assert info == {
        'img_path': f'{data_root}/train/patient00003/study2/view1_frontal.jpg',
        'patient_id': 3,
        'sample_idx': 3,
    }
    assert dataset.where(3) == f'{data_root}/train.csv, line 5'


@pytest.mark.parametrize(
    'policy, value',
    [
        (dict(), 0.0),
        (dict(uncertain='zeros'), 0.0),
        (dict(uncertain='ones'), 1.0),
        (dict(uncertain='ignore'), np.nan),
        (dict(uncertain='ignore', blank='negative'), np.nan),
    ],
)
def test_an_uncertain_label_becomes_what_the_policy_says(
    data_root, policy, value
):
    expected = np.zeros((4, 13))  # a blank label is negative
    expected[[0, 1], CARDIO] = expected[2, EFFUSION] = 1
    expected[:2, EFFUSION] = expected[2:, EDEMA] = value
    labels = read(data_root, **policy).get_gt_labels()
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize(
    'policy, low, high', [('lsr_ones', 0.55, 0.85), ('lsr_zeros', 0.0, 0.3)]
)
def test_smoothed_labels_fill_the_interval_of_the_policy(
    tmp_path, policy, low, high
):
    root = write_patients(tmp_path, 400, '1.0', '-1.0', '')
    labels = read(root, uncertain=policy).get_gt_labels()
    edema = labels[:, EDEMA]
    assert low <= edema.min() < low + 0.02
    assert high - 0.02 < edema.max() <= high
    # Uniform: standard error of the mean is 0.3 / 12**0.5 / 20 = 0.004.
    assert edema.mean() == pytest.approx((low + high) / 2, abs=0.02)
    assert (labels[:, CARDIO] == 1).all()
    assert (labels[:, EFFUSION] == 0).all()


def test_smoothed_labels_depend_on_the_seed_and_on_nothing_else(data_root):
    def edema(row, **kwargs):
        dataset = read(data_root, **{'uncertain': 'lsr_ones', **kwargs})
        index = dataset.metainfo['classes'].index('Edema')
        return dataset.get_gt_labels()[row, index]

    first = edema(2)
    assert first == edema(2)
    assert first != edema(2, seed=1)
    assert first != edema(3)
    assert first == edema(1, frontal_only=True)  # the same image
    assert first == edema(2, classes=['Fracture', 'Edema'])
    assert first == edema(2, uncertain={'Edema': 'lsr_ones'})


def test_smoothed_labels_of_two_classes_are_independent(tmp_path):
    root = write_patients(tmp_path, 400, '', '-1.0', '-1.0')
    labels = read(root, uncertain='lsr_ones').get_gt_labels()
    pair = np.corrcoef(labels[:, EDEMA], labels[:, EFFUSION])[0, 1]
    assert abs(pair) < 0.2  # standard error 400**-0.5 = 0.05


def test_a_policy_per_class_leaves_the_rest_to_the_default(data_root):
    labels = read(
        data_root, uncertain={'Edema': 'ones', 'default': 'ignore'}
    ).get_gt_labels()
    assert labels[2:, EDEMA].tolist() == [1, 1]
    assert np.isnan(labels[:2, EFFUSION]).all()
    labels = read(data_root, uncertain={'Edema': 'ones'}).get_gt_labels()
    assert labels[:2, EFFUSION].tolist() == [0, 0]


def test_a_blank_label_has_a_policy_of_its_own(data_root):
    labels = read(data_root, blank='ignore', uncertain='zeros').get_gt_labels()
    # Annotated: 1, -1 | 1, -1 | 0, -1, 1 | -1, 0.
    assert (~np.isnan(labels)).sum(1).tolist() == [2, 2, 3, 2]
    assert labels[3, EDEMA] == 0
    labels = read(data_root, blank={'Edema': 'ignore'}).get_gt_labels()
    assert np.argwhere(np.isnan(labels)).tolist() == [[0, EDEMA], [1, EDEMA]]


def test_frontal_only_leaves_the_lateral_views_out(data_root):
    dataset = read(data_root, frontal_only=True)
    assert dataset.data_list.row.tolist() == [2, 4, 5]


@pytest.mark.parametrize('name', ['CheXpert-v1.0', 'CheXpert-v1.0-small', ''])
def test_the_first_folder_of_a_path_does_not_matter(tmp_path, name):
    line = line_of(*ROWS[0]).removeprefix('CheXpert-v1.0-small/')
    root = write_table(tmp_path, [f'{name}/{line}' if name else line])
    folder = tmp_path / 'train' / 'patient00001' / 'study1'
    folder.mkdir(parents=True)
    (folder / 'view1_frontal.jpg').touch()
    info = CheXpert(root, split='all').get_data_info(0)
    assert info['img_path'] == f'{folder}/view1_frontal.jpg'


def test_the_official_validation_set_is_valid_csv(tmp_path):
    line = line_of(*ROWS[2], folder='valid')
    root = write_table(tmp_path, [line], name='valid.csv')
    dataset = read(root, split='official_val')
    assert len(dataset) == 1
    assert '/valid/patient00002/' in dataset.get_data_info(0)['img_path']


def write_full_table(root):
    """A table of the real number of rows, 64,540 patients of 1 to 90."""
    generator = np.random.default_rng(0)
    sizes = np.minimum(generator.geometric(0.289, 64540), 90)
    while sizes.sum() != 223414:
        step = np.sign(223414 - sizes.sum())
        size = generator.integers(len(sizes))
        sizes[size] = max(1, sizes[size] + step)
    views = ['frontal', 'frontal', 'frontal', 'lateral']
    names = [
        f'patient{patient:05d}/study1/view{image}_{views[image % 4]}.jpg'
        for patient, size in enumerate(sizes.tolist(), 1)
        for image in range(size)
    ]
    return write_table(
        root, [line_of(name, '1.0', '-1.0', '') for name in names]
    )


def test_the_split_of_the_full_table_is_exact_and_patient_disjoint(tmp_path):
    root = write_full_table(tmp_path)
    test = read(root, split='test')
    train = read(root, split='train')
    assert (len(train), len(test)) == (166739, 56675)
    patients = [set(d.data_list.patient_id.tolist()) for d in (train, test)]
    assert not patients[0] & patients[1]
    assert len(patients[0] | patients[1]) == 64540
    # The split does not depend on the views that are kept.
    frontal = read(root, split='test', frontal_only=True)
    assert len(frontal) < len(test)
    assert set(frontal.data_list.row) <= set(test.data_list.row)
    other = read(root, split='test', seed=1)
    assert len(other) == 56675
    assert set(other.data_list.row) != set(test.data_list.row)


def test_a_smaller_table_is_split_in_the_same_proportion(tmp_path):
    root = write_patients(tmp_path, 100, '1.0', '', '')
    assert len(read(root, split='test')) == 25  # 56,675 / 223,414 = 0.2537
    assert len(read(root, split='train')) == 75


def test_a_split_that_patients_do_not_allow_is_an_error(data_root, tmp_path):
    write_table(tmp_path, [line_of(*row) for row in ROWS[:2]] * 2)
    with pytest.raises(ValueError, match=r'train\.csv: no choice of whole'):
        read(data_root, split='test')


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(split='val'), "split of CheXpert: found 'val'"),
        (
            dict(uncertain='x'),
            "uncertain of 'default': found 'x', expected one",
        ),
        (
            dict(uncertain={'Edemas': 'ones'}),
            "uncertain: unknown class 'Edemas'; nearest: 'Edema'",
        ),
        (dict(blank='zeros'), "blank of 'default': found 'zeros'"),
        (
            dict(blank={'Effusion': 'ignore'}),
            "unknown class 'Effusion'; nearest: 'Pleural Effusion'",
        ),
        (dict(classes=['Mass']), "unknown class 'Mass'"),
    ],
)
def test_a_wrong_argument_is_said_before_anything_is_read(arguments, message):
    with pytest.raises(ValueError, match=message):
        CheXpert('nowhere', lazy_init=True, **arguments)


@pytest.mark.parametrize(
    'old, new, line, column, found',
    [
        (
            ',1.0',
            ',2',
            2,
            'Cardiomegaly',
            '2.0, expected 1, 0, -1 or an empty',
        ),
        (',1.0,', ',yes,', 2, 'Cardiomegaly', "'yes'"),
        ('train/patient00002', 'p2', 4, 'Path', "'CheXpert-v1.0-small/p2/"),
        (',Lateral,', ',Oblique,', 3, 'Frontal/Lateral', "'Oblique'"),
    ],
)
def test_a_bad_cell_is_named_by_file_line_and_column(
    data_root, tmp_path, old, new, line, column, found
):
    text = (tmp_path / 'train.csv').read_text()
    assert old in text
    (tmp_path / 'train.csv').write_text(text.replace(old, new))
    place = f'train.csv, line {line}, column {column!r}: '
    with pytest.raises(ValueError, match=re.escape(f'{place}found {found}')):
        read(data_root, frontal_only=True)


def test_a_missing_column_is_named(data_root, tmp_path):
    text = (tmp_path / 'train.csv').read_text()
    write_table(tmp_path, [], header=text.replace(',Edema,', ',Oedema,'))
    message = "line 1: no column 'Edema'; nearest: 'Oedema'"
    with pytest.raises(ValueError, match=message):
        read(data_root)


def test_a_wrong_data_root_says_what_to_download_and_the_layout(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        CheXpert(str(tmp_path))
    message = str(caught.value)
    assert f'no file {tmp_path}/train.csv' in message
    assert 'https://stanfordmlgroup.github.io' in message
    assert 'train/patientNNNNN/studyK/viewJ_frontal.jpg' in message


def test_the_real_table_is_read(shared_data):
    root = str(shared_data / 'chexpert')
    labels = read(
        root, ann_file='train.sample.csv', uncertain='ones', blank='ignore'
    ).get_gt_labels()
    assert labels.shape == (523, 13)
    # Counted in the file: Edema is 1.0 in 117, 0.0 in 40, -1.0 in 41 rows.
    assert np.nansum(labels[:, EDEMA]) == 117 + 41
    assert (labels[:, EDEMA] == 0).sum() == 40
    # Pleural Effusion: 209, 69 and 16; Pleural Other: 10, 0 and 6.
    assert np.isnan(labels[:, EFFUSION]).sum() == 523 - 209 - 69 - 16
    assert np.nansum(labels[:, 10]) == 16
    frontal = read(root, ann_file='train.sample.csv', frontal_only=True)
    assert len(frontal) == 466
    for split, number in (('train', 390), ('test', 133)):  # 523 * 0.2537
        part = read(root, ann_file='train.sample.csv', split=split)
        assert len(part) == number


def test_patients_with_long_numbers_stay_apart(tmp_path):
    numbers = [2**40 + 1, 1, 2**53, 2**53 + 1]
    name = 'patient{}/study1/view1_frontal.jpg'.format
    lines = [line_of(name(number), '', '', '') for number in numbers]
    dataset = read(write_table(tmp_path, lines))
    assert dataset.data_list.patient_id.tolist() == numbers
    lines.append(line_of(name(10**18), '', '', ''))
    with pytest.raises(ValueError, match="line 6, column 'Path': found"):
        read(write_table(tmp_path, lines))
