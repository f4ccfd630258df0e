"""One seed for a run and its draws; what is tested stays the same."""

import pytest
from mmengine.config import Config

from mmda.apis.config import find_config
from mmda.apis.seeding import set_seed
from mmda.commands import train


def source(seed, reader):
    return dict(type='PartialLabelDataset', dataset=reader, seed=seed)


def make_config(test_reader):
    reader = dict(type='CheXpert', split='train', seed=0)
    datasets = [source(1, dict(type='Digits')), source(1, reader)]
    joined = dict(type='ConcatDataset', datasets=datasets)
    return Config(
        dict(
            randomness=dict(seed=0, deterministic=True),
            train_dataloader=dict(dataset=joined),
            val_dataloader=dict(dataset=source(1, dict(type='Digits'))),
            test_dataloader=dict(dataset=source(1, test_reader)),
        )
    )


def test_all_sources_of_training_and_validation_get_the_seed_of_the_run():
    cfg = make_config(dict(type='Digits'))
    set_seed(cfg, 5)
    first, second = cfg.train_dataloader.dataset.datasets
    assert (first.seed, second.seed, second.dataset.seed) == (5, 5, 5)
    assert cfg.val_dataloader.dataset.seed == 5
    assert 'seed' not in first.dataset
    assert cfg.test_dataloader.dataset.seed == 1
    assert cfg.randomness == dict(seed=5, deterministic=True)


def test_a_split_that_decides_the_test_images_keeps_its_seed():
    cfg = make_config(dict(type='CheXpert', split='test', seed=0))
    set_seed(cfg, 5)
    chexpert = cfg.train_dataloader.dataset.datasets[1]
    assert (chexpert.seed, chexpert.dataset.seed) == (5, 0)


def test_train_command_takes_a_seed(capsys):
    config = find_config('mmda::da/digits.py')
    args = train.make_parser().parse_args([config, '--seed', '3'])
    cfg = train.merge_args(args)
    assert cfg.randomness.seed == 3
    assert [d.seed for d in cfg.train_dataloader.dataset.datasets] == [3, 3]
    with pytest.raises(SystemExit):
        train.main([config, '--seed', '-1'])
    assert (
        "--seed: found '-1', expected a whole number"
        in capsys.readouterr().err
    )
    with pytest.raises(ValueError, match='expected 0 or more'):
        set_seed(cfg, -1)


@pytest.mark.parametrize('part', [(0, 2), ('train', 'splits.csv')])
def test_parts_that_decide_the_test_images_keep_their_seed(part):
    reader = dict(type='CheXpert', data_root='a', uncertain='ones')
    train_d0 = dict(source(1, reader), part=part)
    tested = dict(reader, uncertain='ignore', groups=dict(sex='Sex'))
    tested = dict(type='ClassFilter', keep=['Mass'], dataset=tested)
    test_d0 = dict(source(1, tested), part=(1, 2))
    other = dict(source(1, dict(reader, data_root='b')), part=part)
    joined = dict(type='ConcatDataset', datasets=[train_d0, other])
    cfg = Config(
        dict(
            train_dataloader=dict(dataset=joined),
            val_dataloader=dict(dataset=train_d0),
            test_dataloader=dict(dataset=test_d0),
        )
    )
    set_seed(cfg, 7)
    kept = 1 if part == (0, 2) else 7
    first, second = cfg.train_dataloader.dataset.datasets
    assert (first.seed, second.seed) == (kept, 7)
    assert cfg.val_dataloader.dataset.seed == kept
    assert cfg.test_dataloader.dataset.seed == 1


@pytest.mark.parametrize('key', ['name', 'file'])
def test_files_of_one_folder_are_different_sources(key):
    tested = dict(type='MedMNIST', data_root='a', **{key: 'derma'})
    trained = {**tested, key: 'tissue'}
    loaders = {
        f'{split}_dataloader': dict(dataset=dict(source(1, reader), part=part))
        for split, reader, part in (
            ('train', trained, (0, 2)),
            ('val', tested, (0, 2)),
            ('test', tested, (1, 2)),
        )
    }
    cfg = Config(loaders)
    set_seed(cfg, 7)
    assert cfg.train_dataloader.dataset.seed == 7
    # The other part of the tested file keeps the draw.
    assert cfg.val_dataloader.dataset.seed == 1


@pytest.mark.parametrize(
    ('trained', 'tested'),
    [
        (dict(data_root='a'), dict(data_root='a/')),
        (dict(data_root='./a'), dict(data_root='a')),
        (dict(data_root='a'), dict(data_root='a', data_prefix='')),
        (dict(ann_file='a/x.csv'), dict(ann_file='a//x.csv', data_root='')),
    ],
)
def test_two_spellings_of_a_source_are_one(trained, tested):
    trained = dict(source(1, dict(type='CSVLabelDataset', **trained)))
    tested = dict(source(1, dict(type='CSVLabelDataset', **tested)))
    cfg = Config(
        dict(
            train_dataloader=dict(dataset=dict(trained, part=(0, 2))),
            test_dataloader=dict(dataset=dict(tested, part=(1, 2))),
        )
    )
    set_seed(cfg, 7)
    assert cfg.train_dataloader.dataset.seed == 1
