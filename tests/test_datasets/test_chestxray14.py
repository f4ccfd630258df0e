import numpy as np
import pytest

from mmda.datasets import ChestXray14

HEADER = (
    'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,'
    'Patient Gender,View Position,OriginalImage[Width,Height],'
    'OriginalImagePixelSpacing[x,y]'
)
ROWS = [
    ('00000001_000.png', 'Cardiomegaly', 1),
    ('00000001_001.png', 'Cardiomegaly|Emphysema', 1),
    ('00000002_000.png', 'No Finding', 2),
    ('00000003_000.png', 'Hernia|Pleural_Thickening', 3),
    ('00000004_000.png', 'Atelectasis', 4),
    ('00000005_000.png', 'Mass|Nodule|Infiltration', 5),
    ('00000006_000.png', 'No Finding', 6),
    ('00000007_000.png', 'Effusion', 7),
    ('00000008_000.png', 'Edema|Pneumonia', 8),
    ('00000009_000.png', 'Fibrosis|Consolidation|Pneumothorax', 9),
]


def write_tree(root, rows=ROWS, folders=('images',), header=HEADER):
    lines = [header]
    for name, labels, patient in rows:
        lines.append(
            f'{name},{labels},0,{patient},57,M,PA,2682,2749,0.143,0.143'
        )
    (root / 'Data_Entry_2017_v2020.csv').write_text('\n'.join(lines) + '\n')
    names = [name for name, _, _ in rows]
    (root / 'train_val_list.txt').write_text('\n'.join(names[:-2]))
    (root / 'test_list.txt').write_text('\n'.join(names[-2:]) + '\n')
    for number, name in enumerate(names):
        folder = root / folders[number * len(folders) // len(names)]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return str(root)


def positives(dataset, idx):
    classes = dataset.metainfo['classes']
    return [classes[i] for i in dataset.get_cat_ids(idx)]


def test_rows_become_the_samples_written_out_here(tmp_path):
    root = write_tree(tmp_path)
    dataset = ChestXray14(root, split='all')
    assert len(dataset) == 10
    assert ','.join(dataset.metainfo['classes']) == (
        'Atelectasis,Cardiomegaly,Effusion,Pneumonia,Pneumothorax,'
        'Consolidation,Edema,Infiltration,Mass,Nodule,Emphysema,Fibrosis,'
        'Pleural Thickening,Hernia'
    )
    info = dataset.get_data_info(1)
    score = info.pop('gt_score')
    assert score.dtype == np.float32
    assert score.tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    assert info == {
        'img_path': f'{root}/images/00000001_001.png',
        'patient_id': 1,
        'sample_idx': 1,
    }
    assert [positives(dataset, i) for i in range(2, 10)] == [
        [],
        ['Pleural Thickening', 'Hernia'],
        ['Atelectasis'],
        ['Infiltration', 'Mass', 'Nodule'],
        [],
        ['Effusion'],
        ['Pneumonia', 'Edema'],
        ['Pneumothorax', 'Consolidation', 'Fibrosis'],
    ]


def test_the_official_lists_make_the_splits(tmp_path):
    root = write_tree(tmp_path)
    test = ChestXray14(root, split='test')
    assert [test.get_data_info(i)['patient_id'] for i in range(2)] == [8, 9]
    assert test.where(0).endswith('Data_Entry_2017_v2020.csv, line 10')
    trainval = ChestXray14(root, split='trainval')
    assert len(trainval) == 8
    train, val = (ChestXray14(root, split=s) for s in ('train', 'val'))
    assert (len(train), len(val)) == (7, 1)  # an eighth of 8
    patients = [
        {d.get_data_info(i)['patient_id'] for i in range(len(d))}
        for d in (train, val)
    ]
    assert not patients[0] & patients[1]
    assert patients[0] | patients[1] == {1, 2, 3, 4, 5, 6, 7}


def test_the_seed_decides_which_patients_validate(tmp_path):
    root = write_tree(tmp_path)
    parts = [ChestXray14(root, split='val', seed=seed) for seed in range(12)]
    assert len({part.get_data_info(0)['patient_id'] for part in parts}) > 1


@pytest.mark.parametrize(
    'folders',
    [
        ('images_001', 'images_002'),
        ('images_001/images', 'images_012/images'),
        ('images/images', 'images/images'),
    ],
)
def test_images_are_found_in_numbered_folders(tmp_path, folders):
    root = write_tree(tmp_path, folders=folders)
    dataset = ChestXray14(root, split='all')
    paths = [dataset.get_data_info(i)['img_path'] for i in (0, 9)]
    assert paths == [
        f'{root}/{folders[0]}/00000001_000.png',
        f'{root}/{folders[1]}/00000009_000.png',
    ]


@pytest.mark.parametrize('folders', [('images_001', 'images_002'), ['images']])
def test_an_image_in_no_folder_is_warned_about(tmp_path, mm_log, folders):
    root = write_tree(tmp_path, folders=folders)
    (tmp_path / folders[-1] / '00000009_000.png').unlink()
    dataset = ChestXray14(root, split='all')
    info = dataset.get_data_info(9)
    assert info['img_path'] == f'{root}/images/00000009_000.png'
    assert '1 of 10 images' in mm_log.text
    assert '00000009_000.png, line 11' in mm_log.text


def test_a_given_data_prefix_is_where_images_are_looked_for(tmp_path):
    root = write_tree(tmp_path, folders=('resized/224',))
    dataset = ChestXray14(root, split='all', data_prefix='resized/224')
    path = dataset.get_data_info(0)['img_path']
    assert path == f'{root}/resized/224/00000001_000.png'


def test_chosen_classes_are_columns_in_the_order_given(tmp_path):
    root = write_tree(tmp_path)
    names = ('Hernia', 'Cardiomegaly')
    dataset = ChestXray14(root, split='all', classes=names)
    assert dataset.metainfo['classes'] == names
    labels = dataset.get_gt_labels()
    assert labels.shape == (10, 2)
    assert np.argwhere(labels).tolist() == [[0, 1], [1, 1], [3, 0]]


def test_an_unknown_class_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(ValueError, match="'Efusion'; nearest: 'Effusion'"):
        ChestXray14(write_tree(tmp_path), classes=['Efusion'])


def test_a_wrong_data_root_says_what_to_download_and_the_layout(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        ChestXray14(str(tmp_path / 'nowhere'))
    message = str(caught.value)
    assert f'{tmp_path}/nowhere/Data_Entry_2017_v2020.csv' in message
    assert 'https://nihcc.app.box.com/v/ChestXray-NIHCC' in message
    assert 'images_001/images/*.png' in message


@pytest.mark.parametrize(
    'split, file',
    [('train', 'train_val_list.txt'), ('test', 'test_list.txt')],
)
def test_a_missing_list_is_named(tmp_path, split, file):
    root = write_tree(tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(FileNotFoundError, match=file):
        ChestXray14(root, split=split)


def test_a_listed_image_without_a_row_is_warned_about(tmp_path, mm_log):
    root = write_tree(tmp_path)
    with open(tmp_path / 'test_list.txt', 'a') as file:
        file.write('00000010_000.png\n')
    assert len(ChestXray14(root, split='test')) == 2
    assert 'test_list.txt lists 3 images, 2 of them are in' in mm_log.text


@pytest.mark.parametrize(
    'image, findings, patient, column, message',
    [
        ('a', 'X|Nodul', 1, 'Finding Labels', "unknown class 'X'"),
        ('a', 'Nodul', 1, 'Finding Labels', "'Nodul'; nearest: 'Nodule'"),
        ('a', '', 1, 'Finding Labels', 'found an empty cell'),
        ('a', 'Mass', 'x7', 'Patient ID', "found 'x7', expected a whole"),
        ('a', 'Mass', '', 'Patient ID', 'found an empty cell'),
        ('', 'Mass', 1, 'Image Index', 'found an empty cell'),
    ],
)
def test_a_bad_cell_is_named_by_file_line_and_column(
    tmp_path, image, findings, patient, column, message
):
    rows = [ROWS[0], (image, findings, patient), ROWS[2]]
    root = write_tree(tmp_path, rows)
    place = rf"v2020\.csv, line 3, column '{column}': .*"
    with pytest.raises(ValueError, match=place + message):
        ChestXray14(root, split='all')


def test_an_empty_table_is_an_error(tmp_path):
    root = write_tree(tmp_path)
    table = tmp_path / 'Data_Entry_2017_v2020.csv'
    table.write_text(HEADER + '\n')
    with pytest.raises(ValueError, match='has a header but no rows'):
        ChestXray14(root, split='all')
    table.write_text('')
    with pytest.raises(ValueError, match=r'v2020\.csv is empty'):
        ChestXray14(root, split='all')


def test_an_unknown_split_is_an_error():
    with pytest.raises(ValueError, match="found 'dev', expected one of"):
        ChestXray14(split='dev')


def test_the_real_table_is_read(shared_data):
    dataset = ChestXray14(
        str(shared_data / 'chestxray14'),
        split='all',
        ann_file='Data_Entry_2017_v2020.sample.csv',
    )
    assert len(dataset) == 261
    # Counted with `cut -d, -f2 | tr '|' '\n' | sort | uniq -c`.
    sums = dataset.get_gt_labels().sum(0).tolist()
    counts = dict(zip(dataset.metainfo['classes'], sums, strict=True))
    assert counts['Infiltration'] == 37
    assert counts['Pleural Thickening'] == 10
    assert counts['Hernia'] == 1
    assert counts['Pneumonia'] == 0
    assert (dataset.get_gt_labels().sum(1) == 0).sum() == 158
    patients = {dataset.get_data_info(i)['patient_id'] for i in range(261)}
    assert len(patients) == 92


def test_patients_with_long_numbers_stay_apart(tmp_path):
    # Equal in 32 bits, and equal as floats.
    numbers = [2**40 + 1, 1, 2**53, 2**53 + 1, '7.0', ' 7']
    rows = [(f'{i}.png', 'Mass', n) for i, n in enumerate(numbers)]
    dataset = ChestXray14(write_tree(tmp_path, rows), split='all')
    assert dataset.data_list.patient_id.tolist() == [*numbers[:4], 7, 7]
    rows[0] = ('0.png', 'Mass', 10**18)
    with pytest.raises(ValueError, match="line 2, .*'1000000000000000000'"):
        ChestXray14(write_tree(tmp_path, rows), split='all')
