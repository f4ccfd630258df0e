"""A label space, from the command to the configs that use its file."""

import json
import shlex

import pandas as pd
import pytest
from mmengine.registry import DATASETS, DefaultScope

from mmda.apis.config import load_config
from mmda.commands.label_space import main
from mmda.datasets import CSVLabelDataset, PartialLabelDataset
from mmda.datasets.tables import sources_of_tables
from mmda.models.heads import DynamicAdapterHead

# The spellings of the real data sets, and the class that each one means.
TABLES = dict(
    nih=['Atelectasis', 'Effusion', 'Mass', 'Pleural_Thickening'],
    chexpert=['Lung Opacity', 'Edema', 'Atelectasis', 'Pleural Effusion'],
    padchest=[
        *('atelectasis', 'pleural effusion', 'oedema', 'masses'),
        *('pleural thickening', 'nodule'),
    ],
)
CLASSES = [
    *('Atelectasis', 'Effusion', 'Mass', 'Pleural_Thickening'),
    *('Lung Opacity', 'Edema', 'Pleural Effusion', 'nodule'),
]
ALIASES = {
    'atelectasis': 'Atelectasis',
    'pleural effusion': 'Pleural Effusion',
    'oedema': 'Edema',
    'masses': 'Mass',
    'pleural thickening': 'Pleural_Thickening',
}


@pytest.fixture
def tables(tmp_path):
    """Write tables of twelve images in which some cells are empty."""
    for name, classes in TABLES.items():
        lines = [','.join(['path', 'patient', *classes])]
        for image in range(12):
            cells = [
                ('1', '0', '')[(image * image + 2 * k) % 3]
                for k in range(len(classes))
            ]
            lines.append(','.join([f'{name}{image}.png', f'p{image}', *cells]))
        (tmp_path / f'{name}.csv').write_text('\n'.join(lines))
    return tmp_path


@pytest.fixture
def run(tables, capsys, monkeypatch):
    """Run the command beside the tables; return the file and the output."""
    monkeypatch.chdir(tables)

    def run(*argv):
        try:
            main([*argv, '-o', 'space.json', '--patient-column', 'patient'])
        except SystemExit:
            return capsys.readouterr().err.splitlines()[-1]
        return json.loads(open('space.json').read()), capsys.readouterr().out

    before = dict(DefaultScope._instance_dict)
    yield run
    # The command sets the default scope, as each process does once.
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)


def test_three_hospitals_become_one_space_with_the_counts_of_pandas(run):
    space, printed = run('nih.csv', 'chexpert.csv', 'padchest.csv')
    assert space['classes'] == CLASSES and space['aliases'] == ALIASES
    # To join these is a decision that the command leaves to a person.
    assert space['possible'] == [['Effusion', 'Pleural Effusion']]
    assert "--alias 'Pleural Effusion=Effusion' joins" in printed
    for name, classes in TABLES.items():
        labels = pd.read_csv(f'{name}.csv')
        found = space['sources'][name]
        assert found['images'] == len(labels)
        assert len(found['classes']) == len(classes)
        for own in classes:
            assert found['classes'][ALIASES.get(own, own)] == dict(
                annotated=labels[own].notna().sum(),
                positive=(labels[own] == 1).sum(),
            )


def test_sources_that_are_added_one_by_one_give_the_same_file(run):
    whole, _ = run('nih.csv', 'chexpert.csv', 'padchest.csv')
    again, printed = run('nih.csv', 'chexpert.csv', 'padchest.csv')
    assert (
        again == whole and 'classes 8 (0 new), aliases 5, sources 3' in printed
    )
    open('space.json', 'w').write(
        '{"mmda_label_space": 1, "classes": ["Fracture", "Edema"]}'
    )
    found, printed = run('nih.csv', '--rules', 'chest_xray')
    assert found['classes'] == ['Fracture', 'Edema', *CLASSES[:4]]
    assert "no source has the classes ['Fracture', 'Edema']" in printed
    found, _ = run('chexpert.csv')
    found, _ = run('padchest.csv')
    assert found['classes'] == [
        *('Fracture', 'Edema', *CLASSES[:5], *CLASSES[6:]),
    ]
    assert found['aliases'] == ALIASES
    assert found['sources'] == whole['sources']
    assert found['rules'] == 'chest_xray'


def test_tables_of_one_name_in_two_folders_are_two_sources(run, tables):
    for name in ('nih', 'chexpert'):
        (tables / name).mkdir()
        (tables / f'{name}.csv').rename(tables / name / 'labels.csv')
    run('nih/labels.csv')
    space, text = run('chexpert/labels.csv')
    assert list(space['sources']) == ['labels', 'chexpert/labels']
    assert 'no source has' not in text and 'takes the place' not in text
    # The same file, by another path, is the same source.
    space, text = run(str(tables / 'nih' / 'labels.csv'))
    assert list(space['sources']) == ['labels', 'chexpert/labels']
    assert 'takes the place' not in text
    table = tables / 'nih' / 'labels.csv'
    rows = table.read_text().splitlines()
    table.write_text('\n'.join(rows[:-2]))
    space, text = run('chexpert/labels.csv', 'nih/labels.csv')
    assert list(space['sources']) == ['labels', 'chexpert/labels']
    assert space['sources']['labels']['images'] == 10
    assert "'labels' takes the place" in text
    assert '(12 images before, 10 now)' in text


def test_an_alias_of_the_user_joins_and_says_which_places_move(run):
    names = ('nih.csv', 'chexpert.csv', 'padchest.csv')
    alias = ('--alias', 'Pleural Effusion=Effusion')
    first, _ = run(*names, *alias)
    second, printed = run(*names)
    assert first == second and 'places' not in printed
    assert first['classes'] == [n for n in CLASSES if n != 'Pleural Effusion']
    assert first['aliases']['pleural effusion'] == 'Effusion'
    assert 'Effusion' in first['sources']['padchest']['classes']

    open('space.json', 'w').write(
        json.dumps(
            dict(
                mmda_label_space=1,
                classes=CLASSES,
                aliases=ALIASES,
            )
        )
    )
    third, printed = run(*names, *alias)
    assert third['classes'] == first['classes']
    assert third['aliases'] == first['aliases']
    assert "places of 1 old classes change, the first is 'Pleural" in printed
    assert "--alias: unknown class 'Mases'" in run(
        *names, '--alias', 'Mases=x'
    )


CONFIG = """
_base_ = []
from mmda.datasets.tables import sources_of_tables
tables = {tables}
classes, train, val, test = sources_of_tables(
    tables, '', [], [], aliases='space.json')
train_dataloader = dict(dataset=dict(type='ConcatDataset', datasets=train))
test_dataloader = dict(dataset=dict(type='ConcatDataset', datasets=test))
model = dict(head=dict(classes=classes, in_channels=8))
"""


def write_config(names):
    more = dict(patient_column='patient', check_first=False)
    tables = {name: dict(more, train=f'{name}.csv') for name in names}
    with open('config.py', 'w') as file:
        file.write(CONFIG.format(tables=tables))


def test_an_alias_joins_classes_of_sources_that_are_not_read_again(run):
    run('nih.csv', 'chexpert.csv')
    alias = ('--alias', 'Pleural Effusion=Effusion')
    space, _ = run('padchest.csv', *alias)
    whole, _ = run('nih.csv', 'chexpert.csv', 'padchest.csv')
    assert space['sources'] == whole['sources']
    assert 'Effusion' in space['sources']['chexpert']['classes']
    # Both are classes of a source that this call does not read.
    alias = ('--alias', 'Lung Opacity=Edema')
    assert "'Edema' of chexpert get this name" in run('nih.csv', *alias)


def test_a_proposed_alias_can_be_pasted_into_a_shell(run, tables):
    name = '`touch` Mass'
    (tables / 'odd.csv').write_text(f'path,patient,{name}\na.png,p,1\n')
    _, printed = run('nih.csv', 'odd.csv')
    (line,) = (s for s in printed.splitlines() if 'possible: ' in s)
    words = shlex.split(line.partition('possible: ')[2])
    assert words[:2] == ['--alias', f'{name}=Mass']
    assert f"'{name}=Mass'" in line


def test_rules_come_from_the_file_of_another_space(run, tables):
    rules = dict(excludes={'Mass': ['Effusion']})
    classes = ['Mass', 'Effusion']
    other = dict(mmda_label_space=1, classes=classes, rules=rules)
    (tables / 'other.json').write_text(json.dumps(other))
    assert run('nih.csv', '--rules', 'other.json')[0]['rules'] == rules


def test_a_config_names_the_file_before_and_after_it_is_written(run, tables):
    write_config(['nih', 'chexpert'])
    with pytest.raises(FileNotFoundError, match='mmda label_space'):
        load_config('config.py')
    space, _ = run('config.py', '--rules', 'chest_xray')
    assert space['classes'] == CLASSES[:7]

    cfg = load_config('config.py')
    write_config(TABLES)
    assert run('config.py')[0]['classes'] == CLASSES
    larger = load_config('config.py')
    (tables / 'space.json').unlink()
    # What is loaded holds all of the file, so a checkpoint does, too.
    assert cfg.model.head.classes == CLASSES[:7]
    assert larger.model.head.classes == CLASSES
    assert DynamicAdapterHead(**larger.model.head).classes == tuple(CLASSES)
    *_, last = larger.train_dataloader.dataset.datasets
    dataset = DATASETS.build(last)
    assert dataset.metainfo['classes'] == tuple(CLASSES)
    assert {*dataset.annotated_classes} == {*ALIASES.values(), 'nodule'}
    assert dataset.rules is not None


def test_a_dataset_and_a_head_take_the_file_themselves(run, tables):
    run('padchest.csv', 'nih.csv', '--alias', 'pleural effusion=Effusion')
    source = CSVLabelDataset(
        'nih.csv', check_first=False, patient_column='patient'
    )
    dataset = PartialLabelDataset(source, 'space.json')
    head = DynamicAdapterHead(in_channels=8, classes='space.json')
    assert head.classes == dataset.metainfo['classes']
    # 'oedema' and 'nodule' are those of padchest alone.
    known = pd.Series(dataset[0]['gt_score'], head.classes).notna()
    own = pd.read_csv('nih.csv').iloc[0][TABLES['nih']].notna()
    joint = {'Atelectasis': 'atelectasis', 'Mass': 'masses'}
    joint['Pleural_Thickening'] = 'pleural thickening'
    assert set(known.index[known]) == {
        joint.get(name, name) for name in own.index[own]
    }


def test_labels_that_a_config_leaves_out_are_no_classes(run, tables):
    source = dict(
        type='CSVLabelDataset',
        ann_file='chexpert.csv',
        patient_column='patient',
        check_first=False,
    )
    other = {**source, 'ann_file': 'nih.csv'}
    wrapped = dict(
        type='PartialLabelDataset',
        name='CheXpert',
        classes=['Effusion', 'Edema (CheXpert)'],
        labeled_classes=['Edema', 'Effusion'],
        aliases={'Pleural Effusion': 'Effusion', 'x': 'y'},
        num_samples=2,
        dataset=source,
    )
    wrapped['labeled_classes'] = ['Edema (CheXpert)', 'Effusion']
    wrapped['keep_apart'] = ['Edema']
    (tables / 'config.py').write_text(
        f'train_dataloader = dict(dataset={wrapped})\n'
        f'val_dataloader = dict(dataset={source})\n'
        f'test_dataloader = dict(dataset={other})\n'
    )
    space, _ = run('config.py')
    assert space['classes'][:2] == ['Effusion', 'Edema (CheXpert)']
    assert list(space['sources']) == [
        'CheXpert',
        'CSVLabelDataset (val)',
        'CSVLabelDataset (test)',
    ]
    assert list(space['sources']['CheXpert']['classes']) == [
        'Edema (CheXpert)',
        'Effusion',
    ]
    assert space['sources']['CheXpert']['images'] == 12


@pytest.mark.parametrize(
    ('argv', 'text'),
    [
        (['no.csv'], 'there is no table no.csv'),
        (['nih.csv', '--rules', 'no.json'], "rules: found 'no.json'"),
        (['nih.csv', '--rules', 'nih.csv'], 'nih.csv: Expecting value'),
        (['nih.csv', '--alias', 'Mass'], 'expected a spelling, = and the'),
        (
            ['nih.csv', '--alias', 'Mass=Effusion'],
            "both 'Effusion' and 'Mass'",
        ),
        (['config.py'], 'config.py: has no dataset'),
    ],
)
def test_a_wrong_argument_is_named_and_no_file_is_written(
    argv, text, run, tables
):
    (tables / 'config.py').write_text('model = dict()')
    assert text in run(*argv)
    assert not (tables / 'space.json').exists()


def test_another_file_is_not_overwritten(run, tables):
    (tables / 'space.json').write_text('{"mine": 1}')
    assert 'is no label space of version 1' in run('nih.csv')
    assert (tables / 'space.json').read_text() == '{"mine": 1}'


def test_a_table_of_ones_own_takes_the_file_as_aliases(tables):
    table = dict(train='nih.csv', patient_column=None)
    found = sources_of_tables(dict(A=table), str(tables), [], [], 'x.json')
    assert found.classes == 'x.json'
    assert found.train[0]['classes'] == 'x.json'


def test_the_two_official_chest_tables_have_seven_classes_in_common(
    run, shared_data
):
    nih = shared_data / 'nih64/Data_Entry_2017_v2020.csv'
    chexpert = shared_data / 'chexpert/train.sample.csv'
    open('config.py', 'w').write(
        f"""
nih = dict(
    type='CSVLabelDataset', ann_file='{nih}', check_first=False,
    image_column='Image Index', label_column='Finding Labels')
chexpert = dict(
    type='CheXpert', ann_file='{chexpert}', check_first=False, split='train',
    blank='ignore', uncertain='ignore')
train_dataloader = dict(
    dataset=dict(type='ConcatDataset', datasets=[nih, chexpert]))
"""
    )
    space, _ = run('config.py', '--alias', 'Pleural Effusion=Effusion')
    assert len(space['classes']) == 20  # 14 + 13 - 7, as the paper counts
    one, two = (space['sources'][n] for n in ('CSVLabelDataset', 'CheXpert'))
    assert len({*one['classes']} & {*two['classes']}) == 7
    findings = pd.read_csv(nih)['Finding Labels'].str.split('|')
    for name, found in one['classes'].items():
        positive = findings.map(lambda names, name=name: name in names).sum()
        assert found == dict(annotated=len(findings), positive=positive)
    # The split leaves patients out, so its counts are below those of all.
    labels = pd.read_csv(chexpert).rename(
        columns={'Pleural Effusion': 'Effusion'}
    )
    for name, found in two['classes'].items():
        assert 0 < found['positive'] <= (labels[name] == 1).sum()
        assert found['annotated'] <= labels[name].isin([0, 1]).sum()
