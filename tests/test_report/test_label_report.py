"""The label report against counts made image by image."""

import json

import cv2
import numpy as np
import pytest
from digits_run import CONFIG
from matplotlib.image import imread
from mmengine.config import Config
from mmpretrain.datasets import BaseDataset
from mmseg.datasets import BaseSegDataset

from mmda.commands.label_report import main
from mmda.datasets import (
    CSVLabelDataset,
    LabelTable,
    PartialLabelDataset,
    TableDataset,
)
from mmda.report import source_labels
from mmda.report.label_report import (
    label_report,
    positives_per_source,
)
from mmda.report.label_report_files import availability_figure, report_text
from mmda.report.leaks import equal_files, leaks
from mmda.report.source_labels import (
    SourceLabels,
    find_sources,
    sources_of_config,
    sources_of_datasets,
)

NAN = float('nan')


class InMemory(TableDataset):
    """Labels given as arrays."""

    def __init__(self, score, classes, patients=None, images=None, root=''):
        self.score, self.images = np.asarray(score, np.float32), images
        self.patients = None if patients is None else np.asarray(patients)
        super().__init__(metainfo=dict(classes=tuple(classes)), data_root=root)

    def load_data_list(self):
        return LabelTable(
            self.score, patient_id=self.patients, img=self.images
        )


def wrap(score, classes, space, name, **options):
    inner = {
        key: options.pop(key)
        for key in ('patients', 'images', 'root')
        if key in options
    }
    return PartialLabelDataset(
        InMemory(score, classes, **inner), tuple(space), name=name, **options
    )


def random_scores(num, num_classes, seed=0, rate=0.3):
    generator = np.random.default_rng(seed)
    score = (generator.random((num, num_classes)) < rate).astype(np.float32)
    score[generator.random(score.shape) < 0.2] = NAN
    score[generator.random(score.shape) < 0.1] = 0.7
    return score


def counted_one_by_one(dataset):
    """Positives, negatives, soft and unannotated labels of each class."""
    classes = dataset.metainfo['classes']
    counts = {name: [0, 0, 0, 0] for name in classes}
    for index in range(len(dataset)):
        score = dataset.get_data_info(index)['gt_score']
        for name, value in zip(classes, score.tolist(), strict=True):
            if value != value:
                counts[name][3] += 1
                continue
            counts[name][0 if value > 0.5 else 1] += 1
            counts[name][2] += 0 < value < 1
    return counts


def as_counts(entry):
    keys = ('positives', 'negatives', 'uncertain', 'unannotated')
    return {
        name: [count[key] for key in keys]
        for name, count in entry['classes'].items()
    }


@pytest.mark.parametrize('fast', [True, False])
def test_counts_equal_those_image_by_image(fast, monkeypatch):
    if not fast:  # a dataset without a table is asked for every image
        monkeypatch.setattr(source_labels, 'LabelTable', type(None))
    datasets = {
        'train': wrap(
            random_scores(50, 3),
            'abx',
            'cab',
            'A',
            num_samples=40,
            seed=1,
            labeled_classes=['b', 'a'],
            patients=np.arange(50) // 2,
        ),
        'val': wrap(random_scores(20, 2, 5), 'bc', 'cab', 'B'),
    }
    report = label_report(sources_of_datasets(datasets))
    for split, dataset in datasets.items():
        entry = report['splits'][split]['sources'][dataset.name]
        assert as_counts(entry) == counted_one_by_one(dataset)
        known = sum(
            int((~np.isnan(dataset.get_data_info(i)['gt_score'])).sum())
            for i in range(len(dataset))
        )
        assert entry['labels'] == report['splits'][split]['labels'] == known
    people = {
        datasets['train'].get_data_info(i)['patient_id'] for i in range(40)
    }
    train = report['splits']['train']['sources']['A']
    assert train['patients'] == len(people)
    assert train['classes']['c']['prevalence'] is None
    count = train['classes']['a']
    share = count['positives'] / (count['positives'] + count['negatives'])
    assert count['prevalence'] == pytest.approx(share)


def test_uncertain_labels_are_counted_whatever_the_policy(tmp_path):
    header = (
        'Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged '
        'Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,'
        'Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural '
        'Effusion,Pleural Other,Fracture,Support Devices'
    )
    rows = [
        f'CheXpert/train/patient{i:05d}/study1/view1_frontal.jpg,M,1,Frontal,'
        f'AP,,,{cell},,,,,,,,,,,'
        for i, cell in enumerate(['1.0', '-1.0', '-1.0', '0.0', ''])
    ]
    (tmp_path / 'train.csv').write_text('\n'.join([header, *rows]) + '\n')
    for policy, expected in (
        ('zeros', [1, 4, 2, 0]),
        ('ones', [3, 2, 2, 0]),
        ('ignore', [1, 2, 2, 2]),
        ('lsr_ones', [3, 2, 2, 0]),
    ):
        dataset = PartialLabelDataset(
            dict(
                type='CheXpert',
                data_root=str(tmp_path),
                split='all',
                uncertain=policy,
                check_first=False,
            ),
            classes=['Cardiomegaly'],
        )
        report = label_report(sources_of_datasets({'train': dataset}))
        entry = report['splits']['train']['sources']['CheXpert']
        assert as_counts(entry)['Cardiomegaly'] == expected


def test_stock_datasets_inside_wrappers_are_counted():
    class Stock(BaseDataset):
        METAINFO = dict(classes=('a', 'b'))

        def load_data_list(self):
            return [
                dict(img_path=f'ä{i}.png', gt_label=[i % 2]) for i in range(6)
            ]

    inner = PartialLabelDataset(Stock(ann_file=''), ['b', 'a'])
    repeated = type('Repeat', (), dict(dataset=inner))()
    assert list(find_sources(repeated)) == [inner]
    sources = sources_of_datasets({'train': repeated})
    assert sources[0].paths[5].decode() == 'ä5.png'
    report = label_report(sources)
    entry = report['splits']['train']['sources']['Stock']
    assert as_counts(entry) == {'b': [3, 3, 0, 0], 'a': [3, 3, 0, 0]}


def test_co_occurrence_and_overlap():
    a = wrap([[1, 1, 0], [1, 0, NAN], [1, 1, 1]], 'abc', 'abcd', 'A')
    b = wrap([[1, 1]], 'bd', 'abcd', 'B')
    group = type('Joined', (), dict(datasets=[a, b]))()
    content = label_report(sources_of_datasets({'train': group}))['splits']
    matrix = content['train']['co_occurrence']
    assert matrix == [[3, 2, 1, 0], [2, 3, 1, 1], [1, 1, 1, 0], [0, 1, 0, 1]]
    assert content['train']['overlap'] == [
        dict(a='A', b='B', shared=['b'], only_a=['a', 'c'], only_b=['d'])
    ]


def warnings_of(**datasets):
    return label_report(sources_of_datasets(datasets))['warnings']


def test_classes_of_one_value_or_none_are_warned_of():
    found = warnings_of(train=wrap([[0, 1], [0, 1]], 'ab', 'abc', 'A'))
    assert "train, class 'a': no positive among 2 annotated images" in found
    assert "train, class 'b': no negative among 2 annotated images" in found
    assert "train, class 'c': not annotated in any of 2 images" in found


def test_a_strong_shift_of_prevalence_is_warned_of_and_chance_is_not():
    def rare(share, num=400):
        return (np.arange(num) < share * num).astype(float)[:, None]

    train = wrap(rare(0.05), 'a', 'a', 'A')
    found = warnings_of(train=train, val=wrap(rare(0.4), 'a', 'a', 'A'))
    assert found == ["prevalence of 'a': 5.00% in train, 40.00% in val"]
    assert not warnings_of(train=train, val=wrap(rare(0.1), 'a', 'a', 'A'))
    few = wrap(rare(0.5, num=4), 'a', 'a', 'A')
    assert not warnings_of(train=train, val=few)


def test_names_that_look_like_aliases_are_warned_of():
    score = np.eye(2)
    space = ('Effusion', 'Mass', 'Pleural_Thickening', 'Pleural Thickening')
    a = wrap(score, ['Effusion', 'Pleural_Thickening'], space, 'A')
    b = wrap(
        np.eye(3),
        ['Pleural Effusion', 'Pleural Thickening', 'Mass'],
        space,
        'B',
    )
    group = type('Joined', (), dict(datasets=[a, b]))()
    found = [w for w in warnings_of(train=group) if 'look like' in w]
    assert len(found) == 2
    assert "'Effusion' (train/A) and 'Pleural Effusion' (train/B)" in found[0]
    assert "'Pleural Thickening' (train/B) and 'Pleural_Thick" in found[1]


def test_a_misspelt_column_of_a_validation_table_is_warned_of():
    space = ('Effusion', 'Mass')
    train = wrap(np.eye(2), space, space, 'A')
    val = wrap(np.eye(2), ['Efusion', 'Mass'], space, 'A')
    (found,) = [
        w for w in warnings_of(train=train, val=val) if 'look like' in w
    ]
    assert found.startswith("'Effusion' (train/A) and 'Efusion' (val/A)")


def test_names_that_one_source_has_side_by_side_are_no_aliases():
    names = ['Effusion', 'Pleural Effusion']
    assert not [
        w
        for w in warnings_of(train=wrap(np.eye(2), names, names, 'A'))
        if 'look like' in w
    ]


def source(split, name, origin=('T', 'x'), **columns):
    score = np.array([[0.0], [1.0]])
    return SourceLabels(
        split, name, ('a',), score, np.zeros(1, int), origin=origin, **columns
    )


def test_patients_in_two_splits_are_found_within_one_dataset_only():
    train = source('train', 'A', patients=np.array([1, 2]))
    val = source('val', 'A', patients=np.array([2, 3]))
    other = source('val', 'B', ('U', 'x'), patients=np.array([1, 2]))
    assert leaks([train, val, other]) == [
        'train/A and val/A share patients: 1, such as 2'
    ]
    wrapped = source('val', 'A', patients=np.array([b'2', b'3']))
    assert leaks([train, wrapped]) == leaks([train, val])
    unknown = [
        source(s, 'A', patients=np.array([b'', b'p']))
        for s in ('train', 'val')
    ]
    unknown[1].patients = np.array([b'', b'q'])
    assert not leaks(unknown)


def test_images_in_two_sources_are_found_by_path_and_by_content():
    a = source('train', 'A', paths=np.array([b'/d/1.png', b'/d/2.png']))
    b = source('train', 'B', paths=np.array([b'/d/2.png', b'/d/3.png']))
    assert leaks([a, b]) == [
        'train/A and train/B share image files: 1, such as /d/2.png'
    ]
    images = np.random.default_rng(0).integers(0, 255, (4, 5, 5, 3), 'uint8')
    a = source('train', 'A', images=images[:2])
    b = source('test', 'B', images=images[1:3])
    assert 'share images of equal content: 1' in leaks([a, b])[0]
    assert not leaks([a, source('test', 'B', images=images[2:])])


def files(folder, split, name, **contents):
    """A source whose images are the files that are written here."""
    paths = []
    for stem, content in contents.items():
        (folder / stem).write_bytes(content)
        paths.append(str(folder / stem).encode())
    return source(split, name, paths=np.array(paths))


def test_equal_files_are_found_across_sources_but_not_within_one(
    tmp_path, capsys
):
    long = b'x' * 5000  # longer than what is read first
    train = files(tmp_path, 'train', 'A', a=b'xx', d=b'long', e=long + b'1')
    test = files(tmp_path, 'test', 'B', c=b'yy', b=b'xx', f=long + b'2')
    found = equal_files([train, test], show=True)
    assert found.warnings == [
        'train/A and test/B share files of equal content: 1 pairs, such as '
        f'{tmp_path}/a and {tmp_path}/b'
    ]
    assert str(found) == '6 of 6 image files compared'
    assert '6/6' in capsys.readouterr().out  # progress
    report = label_report([train, test], found)
    assert found.warnings[0] in report['warnings']
    assert 'equal files: 6 of 6 image' in report_text(report)
    alone = files(tmp_path, 'train', 'A', a=b'xx', b=b'xx')
    assert not equal_files([alone]).warnings
    # Both sources have both files: each pair of them is a leak too.
    both = [alone, source('val', 'A', paths=alone.paths)]
    assert 'equal content: 2 pairs' in equal_files(both).warnings[0]


def test_many_equal_files_are_counted_and_not_listed(tmp_path):
    blank = {f'{letter}{i}': b'0' for letter in 'xy' for i in range(300)}
    train = files(
        tmp_path, 'train', 'A', **{k: v for k, v in blank.items() if k < 'y'}
    )
    test = files(
        tmp_path, 'test', 'B', **{k: v for k, v in blank.items() if k >= 'x9'}
    )
    # Of x there are 11 in both: x9, x90 to x99.
    pairs = 300 * 311 - 11
    (warning,) = equal_files([train, test]).warnings
    assert f'{pairs} pairs' in warning


def test_the_comparison_of_files_stops_in_time_and_says_so(tmp_path):
    train = files(tmp_path, 'train', 'A', a=b'xx', c=b'yy')
    test = files(tmp_path, 'test', 'B', b=b'xx')
    found = equal_files([train, test], seconds=-1)
    assert not found.warnings and found.compared == 0
    assert 'stopped after -1 s: mmda label_report' in str(found)
    (tmp_path / 'b').unlink()
    gone = equal_files([train, test], seconds=60)
    assert str(gone) == '2 of 3 image files compared, 1 not found'


def test_label_maps_count_as_images_that_annotate_and_show_a_class(tmp_path):
    maps = ([[0, 0, 1, 255]], [[0, 2, 2, 2]], [[1, 1, 1, 1]])
    for folder in ('images', 'labels'):
        (tmp_path / folder).mkdir()
        for i, label in enumerate(maps):
            path = str(tmp_path / folder / f'{i}.png')
            cv2.imwrite(path, np.array(label, np.uint8))
    streets = BaseSegDataset(
        data_root=str(tmp_path),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        img_suffix='.png',
        metainfo=dict(classes=('bus', 'road', 'wall')),
    )
    space = ('car', 'bus', 'road', 'wall')
    known = ['bus', 'road']
    data = PartialLabelDataset(streets, space, known, name='Streets')
    found = sources_of_datasets({'train': data})
    report = label_report(found)
    counts = report['splits']['train']['sources']['Streets']
    assert counts['images'] == 3 and counts['labels'] == 3 * 2
    assert as_counts(counts) == {
        'car': [0, 0, 0, 3],
        'bus': [2, 1, 0, 0],
        'road': [2, 1, 0, 0],
        'wall': [0, 0, 0, 3],  # the source has it and does not annotate it
    }
    together = report['splits']['train']['co_occurrence']
    assert together[1][2] == 1 and together[1][1] == 2
    assert len(found[0].paths) == 3
    part = sources_of_datasets({'train': data}, max_maps=2)  # first and last
    text = report_text(label_report(part))
    assert '2 images (a sample of 3)' in text
    assert np.array_equal(part[0].score[:, 1], [1, 0])
    cv2.imwrite(str(tmp_path / 'labels/1.png'), np.full((1, 4), 9, np.uint8))
    with pytest.raises(ValueError, match='1.png has ids'):
        sources_of_datasets({'train': data})


def test_sources_of_different_spaces_and_no_source_are_refused():
    one = sources_of_datasets({'train': wrap([[1]], 'a', 'a', 'A')})
    two = sources_of_datasets({'val': wrap([[1]], 'a', 'ab', 'A')})
    with pytest.raises(ValueError, match='another label space'):
        label_report(one + two)
    with pytest.raises(ValueError, match='no train, val or test'):
        label_report([])


def test_which_sources_trained_a_class():
    a = wrap([[1, 0], [1, NAN]], 'ab', 'abc', 'A')
    b = wrap([[0, 1]], 'ab', 'abc', 'B')
    group = type('Joined', (), dict(datasets=[a, b]))()
    report = label_report(sources_of_datasets({'train': group}))
    assert positives_per_source(report) == {
        'a': {'A': 2, 'B': 0},
        'b': {'A': 0, 'B': 1},
        'c': {},
    }


def test_the_digits_config_has_the_papers_labels():
    cfg = Config.fromfile(CONFIG)
    report = label_report(sources_of_config(cfg))
    train = report['splits']['train']
    assert train['labels'] == 3000  # Table 12: 1,500 + 1,500
    assert [s['labels'] for s in train['sources'].values()] == [1500, 1500]
    assert train['overlap'][0]['shared'] == ['3', '4', '5']
    assert report['warnings'] == []  # no digit in two parts or splits
    assert 'train: 3,000 labels of 600 images' in report_text(report)


def test_the_command_writes_text_json_and_picture(tmp_path, capsys):
    main([str(CONFIG), '--out-dir', str(tmp_path)])
    report = json.loads((tmp_path / 'label_report.json').read_text())
    assert report['splits']['train']['labels'] == 3000
    assert '3,000 labels' in (tmp_path / 'label_report.txt').read_text()
    assert imread(tmp_path / 'label_availability.png').std() > 0.01
    assert (tmp_path / 'label_availability.pdf').is_file()
    with pytest.raises(SystemExit):
        main(['configs/da/none.py'])
    assert 'there is no config' in capsys.readouterr().err


def test_one_file_is_found_however_its_root_is_spelt(tmp_path, monkeypatch):
    (tmp_path / 'd').mkdir()
    (tmp_path / 'link').symlink_to('d')
    monkeypatch.chdir(tmp_path)
    plain = source('train', 'A', paths=np.array([b'd/1.png', b'd/2.png']))
    for root in ('./d//', 'x/../d/', f'{tmp_path}/d/', 'link/'):
        paths = np.array([f'{root}2.png', f'{root}s/3.png', '']).astype('S')
        found = leaks([plain, source('test', 'B', paths=paths)])
        assert len(found) == 1
        assert found[0].endswith(f' 1, such as {tmp_path}/d/2.png')


def test_equal_patients_of_another_root_may_be_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ids = np.array([b'p1', b'p2'])
    train = source('train', 'A', ('T', 'd'), patients=ids)
    same = source('val', 'A', ('T', './d/'), patients=ids)
    assert 'share patients: 2, such as p1' in leaks([train, same])[0]
    other = source('val', 'B', ('T', 'e'), patients=ids)
    assert leaks([train, other]) == [
        'train/A and val/B share patient ids, perhaps of different people: '
        '2, such as p1'
    ]
    assert not leaks([train, source('train', 'B', ('T', 'e'), patients=ids)])


def test_what_two_splits_share_comes_first_and_patients_come_last():
    shared = dict(
        paths=np.array([b'/d/1.png', b'/d/2.png']), patients=np.array([1, 2])
    )
    one, two = (source('train', name, **shared) for name in 'AB')
    found = leaks([one, two, source('test', 'A', **shared)])
    assert [text.partition(':')[0] for text in found] == [
        'train/A and test/A share image files',
        'train/B and test/A share image files',
        'train/A and test/A share patients',
        'train/B and test/A share patients',
        'train/A and train/B share image files',
        'train/A and train/B share patients',
    ]


def test_labels_that_contradict_each_other_are_listed(tmp_path):
    rows = ['path,x,y', *(f'{i % 6}.png,{i // 6},1' for i in range(10))]
    (tmp_path / 'a.csv').write_text('\n'.join(rows) + '\n')
    table = CSVLabelDataset('a.csv', str(tmp_path), check_first=False)
    for dataset in (table, PartialLabelDataset(table, ['y', 'x'], name='A')):
        report = label_report(sources_of_datasets({'train': dataset}))
        (source,) = report['splits']['train']['sources'].values()
        assert source['contradictions'] == [
            dict(image=f'{i}.png', rows=[i, i + 6], classes=['x'])
            for i in range(4)
        ]
        (warning,) = [w for w in report['warnings'] if 'differ' in w]
        assert warning.endswith(
            '4 images occur twice with labels that differ: 0.png (x); 1.png '
            '(x); 2.png (x) and 1 more'
        )
        assert f'  ! {warning}' in report_text(report)
    # The wrapper ignores these labels, so they are not counted.
    assert source['classes']['x']['unannotated'] == 8


def test_many_warnings_of_a_kind_are_shown_in_a_few_lines():
    generator = np.random.default_rng(0)
    sources = [
        SourceLabels(
            'train',
            f's{number}',
            ('a', 'b'),
            (generator.random((500, 2)) < rate).astype(np.float32),
            np.zeros(2, int),
            paths=np.array([b'same.png'] * 500),
            origin=('T', ''),
        )
        for number, rate in enumerate(np.linspace(0.01, 0.9, 12))
    ]
    report = label_report(sources)
    leak = [w for w in report['warnings'] if 'share image files' in w]
    assert len(leak) == 66  # pairs
    lines = report_text(report).splitlines()
    assert f'warnings: {len(report["warnings"])}' in lines
    assert sum('share image files' in line for line in lines) == 9
    assert '  ! and 57 more like this: label_report.json has all' in lines
    assert any(
        line.startswith('66 pairs of sources share 2 to 2') for line in lines
    )


def test_rules_show_what_they_fill_and_which_labels_break_them(tmp_path):
    for name in 'abc':
        (tmp_path / f'{name}.png').touch()
    (tmp_path / 'labels.csv').write_text(
        'path,Pneumonia,Opacity\na.png,1,\nb.png,1,0\nc.png,,0\n'
    )
    dataset = PartialLabelDataset(
        dict(
            type='CSVLabelDataset',
            data_root=str(tmp_path),
            ann_file='labels.csv',
        ),
        ('Opacity', 'Pneumonia'),
        name='A',
        rules=dict(implies={'Pneumonia': ['Opacity']}),
    )
    report = label_report(sources_of_datasets(dict(train=dataset)))
    counts = report['splits']['train']['sources']['A']
    found = {name: c['filled'] for name, c in counts['classes'].items()}
    assert found == {'Opacity': 1, 'Pneumonia': 1}
    assert counts['labels'] == 4
    labels = dict(Opacity=0, Pneumonia=1)
    assert counts['conflicts'] == [dict(labels=labels, rows=[1])]
    (warning,) = [w for w in report['warnings'] if 'rules' in w]
    assert 'train/A: 1 images break the rules: Opacity = 0, Pneumo' in warning
    assert 'labels.csv, line 3' in warning
    assert 'filled' in report_text(report)


def test_a_table_of_many_classes_leaves_out_those_without_a_label():
    classes = tuple(f'class {i}' for i in range(101))
    score = np.full((3, 101), NAN, dtype=np.float32)
    score[:, 7] = [0, 0, 1]
    none = np.zeros(101, dtype=np.int64)
    source = SourceLabels('train', 'A', classes, score, none)
    report = label_report([source])
    lines = report_text(report).split('warnings:')[0].splitlines()
    rows = [line for line in lines if '| class ' in line]
    assert len(rows) == 2 and ' 33.33% ' in rows[1]  # the head, and class 7
    assert '100 more classes are not annotated' in lines
    width, height = availability_figure(report).get_size_inches()
    assert width < 4 and height < 15
