"""Every shipped segmentation config trains on toy data."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import load as load_file
from mmengine.registry import DATASETS, MODELS, DefaultScope
from mmengine.runner import Runner
from mmseg.models.segmentors import SegTTAModel
from reproduction.compare_segmentation import main as compare
from reproduction.recipe_config import load_recipe
from reproduction.table import find_tables
from shipped_configs import DA, PATHS
from shipped_configs import load as read

from mmda.apis.config import load_config
from mmda.commands.test import main as evaluate
from mmda.commands.train import main as train
from mmda.models.decode_heads import DynamicAdapterHead

CONFIGS = [
    path
    for name, path in PATHS.items()
    if 'cityscapes' in name or 'camvid' in name
]
SLOW = pytest.mark.slow
QUICK = ('cityscapes_bus_5way_light', 'cityscapes_bus_19way_light')
QUICK += ('da-recipe_resnet18-small_500i_camvid',)
FIVE = ['bus', 'road', 'sidewalk', 'building', 'wall']
# Width and height of the configs' images, in place of which:
SCALES = {
    (2048, 1024): (128, 64),
    (256, 128): (128, 64),
    (512, 1024): (48, 96),
    (96, 192): (48, 96),
}
CAMVID = 'da-{}_resnet18-small_500i_camvid'


@pytest.fixture(scope='session')
def toy_root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('toy')
    from make_toy import main as make_toy

    arguments = ['cityscapes', str(folder)]
    make_toy([*arguments, '--images', '8', '--size', '64'])
    return folder / 'cityscapes'


@pytest.fixture(scope='session')
def toy_camvid(tmp_path_factory):
    folder = tmp_path_factory.mktemp('toy') / 'camvid'
    rng = np.random.default_rng(0)
    for split in ('train', 'val'):
        for kind in ('images', 'labels'):
            (folder / kind / split).mkdir(parents=True)
        for name in 'abcd':
            image = rng.integers(0, 255, (180, 240, 3), dtype=np.uint8)
            label = rng.choice([*range(11), 255], (18, 24)).astype(np.uint8)
            label = label.repeat(10, axis=0).repeat(10, axis=1)
            cv2.imwrite(str(folder / 'images' / split / f'{name}.jpg'), image)
            cv2.imwrite(str(folder / 'labels' / split / f'{name}.png'), label)
    return folder


def shrink(node):
    """Small images, two of them, and no extra processes."""
    if isinstance(node, dict):
        if 'num_workers' in node:
            node['num_workers'] = 0
            node['persistent_workers'] = False
            node['batch_size'] = 2
        if 'num_samples' in node:
            node['num_samples'] = None
        node.pop('indices', None)
        for key, value in node.items():
            if isinstance(value, (tuple, list)):
                node[key] = (
                    SCALES.get(tuple(value), value)
                    if (len(value) == 2 and isinstance(value[0], int))
                    else value
                )
            shrink(node[key])
    elif isinstance(node, (list, tuple)):
        for value in node:
            shrink(value)


def load(path, toy_root, tmp_path):
    cfg = read(path.stem, data_root=str(toy_root))
    shrink(cfg._cfg_dict)
    # Pretrained weights would be downloaded.
    cfg.model.pretrained = None
    cfg.work_dir = str(tmp_path)
    cfg.experiment_name = f'{path.stem}_{tmp_path.name}'
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    cfg.default_hooks.checkpoint = None
    cfg.default_hooks.run_summary.figures = False
    cfg.default_hooks.pop('run_report', None)
    return cfg


@pytest.mark.parametrize(
    'path',
    [
        pytest.param(path, marks=() if path.stem in QUICK else SLOW)
        for path in CONFIGS
    ],
    ids=lambda path: path.stem,
)
def test_config_trains_two_iterations_and_validates(
    path, toy_root, toy_camvid, tmp_path
):
    camvid = 'camvid' in path.stem
    cfg = load(path, toy_camvid if camvid else toy_root, tmp_path)
    runner = Runner.from_cfg(cfg)
    heads = [runner.model.decode_head]
    if runner.model.with_auxiliary_head:
        heads.append(runner.model.auxiliary_head)
    before = [head.adapter.kernel.detach().clone() for head in heads]
    runner.train()
    for head, kernel in zip(heads, before, strict=True):
        assert isinstance(head, DynamicAdapterHead)
        assert not torch.equal(head.adapter.kernel, kernel)
        assert (
            head.classes == runner.val_dataloader.dataset.metainfo['classes']
        )
    hub = runner.message_hub
    assert np.isfinite(hub.get_scalar('train/loss').data[0]).all()
    assert 0 <= hub.get_scalar('val/iou/mean').current() <= 100
    two_views = 'train/decode.loss_consist' in hub.log_scalars
    assert two_views == ('paper' in path.stem)
    recipe = 'recipe' in path.stem or 'assemble' in path.stem
    pseudo = 'train/decode.loss_pseudo' in hub.log_scalars
    assert pseudo == (two_views or recipe)
    assert ('train/decode.loss_marginal' in hub.log_scalars) == recipe


def test_the_arms_of_camvid_have_the_parts_they_name():
    panel = find_tables(['camvid'])[0].panels[0]
    arms = {
        row: load_recipe(panel.cells[index, 0].recipe)
        for index, row in enumerate(panel.rows)
    }
    parts = {
        row: (
            bool(cfg.model.data_preprocessor.strong_view),
            loss.get('exactly_one', False),
            loss.get('pseudo_weight', 1.0),
            loss.get('marginal_weight', 0.0),
        )
        for row, cfg in arms.items()
        for loss in [cfg.model.decode_head.loss_decode]
    }
    assert parts == {
        'BCE': (False, False, 1.0, 0.0),
        'literal equations': (True, False, 1.0, 0.0),
        'recipe, pseudo-labels alone': (False, True, 0.2, 0.0),
        'recipe, marginal likelihood alone': (False, True, 0.0, 1.0),
        'recipe': (False, True, 0.2, 1.0),
        'full labels, BCE': (False, False, 1.0, 0.0),
    }
    literal = arms['literal equations'].model.decode_head.loss_decode
    assert (literal.ramp_up, literal.detach_pseudo) == (0, False)
    for row, cfg in arms.items():
        near, far = cfg.train_dataloader.dataset.datasets
        if row.startswith('full'):
            assert near.labeled_classes is far.labeled_classes is None
        else:
            assert not {*near.labeled_classes} & {*far.labeled_classes}
            both = [*near.labeled_classes, *far.labeled_classes]
            assert sorted(both) == sorted(near.classes)


@pytest.mark.parametrize('split', ['train', 'test'])
def test_missing_frames_of_camvid_are_an_error(toy_camvid, split):
    cfg = read(CAMVID.format('bce'), data_root=str(toy_camvid))
    with DefaultScope.overwrite_default_scope('mmseg'):
        with pytest.raises(ValueError, match='Are some of its files missing'):
            DATASETS.build(cfg[f'{split}_dataloader'].dataset)


def test_the_two_sources_of_camvid_are_two_parts_of_the_drives(shared_data):
    cfg = read(CAMVID.format('bce'), data_root=str(shared_data / 'camvid'))
    with DefaultScope.overwrite_default_scope('mmseg'):
        near, far = DATASETS.build(cfg.train_dataloader.dataset).datasets
        test = DATASETS.build(cfg.test_dataloader.dataset)
    drives = [
        {
            Path(part.get_data_info(i)['img_path']).name[:6]
            for i in range(len(part))
        }
        for part in (near, far, test)
    ]
    assert drives == [{'0016E5'}, {'0001TP', '0006R0'}, {'0016E5'}]
    assert [len(part) for part in (near, far, test)] == [100, 100, 101]


@pytest.mark.parametrize('size', ['', '_light'])
def test_half_of_the_images_annotate_5_and_half_the_other_14(
    size, toy_root, tmp_path
):
    path = DA / f'cityscapes_assemble{size}.py'
    cfg = load(path, toy_root, tmp_path)
    with DefaultScope.overwrite_default_scope('mmseg'):
        five, fourteen = DATASETS.build(cfg.train_dataloader.dataset).datasets
    assert sorted(five.annotated_classes) == sorted(FIVE)
    assert len(fourteen.annotated_classes) == 14
    assert not set(fourteen.annotated_classes) & set(FIVE)
    paths = [
        {part.get_data_info(i)['img_path'] for i in range(len(part))}
        for part in (five, fourteen)
    ]
    assert [len(part) for part in paths] == [4, 4]
    assert not paths[0] & paths[1]


@pytest.mark.parametrize('way', ['5way', '19way', '5way_light'])
def test_the_validation_tells_all_19_classes_apart(way, toy_root, tmp_path):
    path = DA / f'cityscapes_bus_{way}.py'
    cfg = load(path, toy_root, tmp_path)
    with DefaultScope.overwrite_default_scope('mmseg'):
        dataset = DATASETS.build(cfg.val_dataloader.dataset)
    meta = dataset.metainfo
    names = (*meta['classes'], *meta.get('background_classes', ()))
    assert len(set(names)) == 19
    codes = {
        int(code)
        for i in range(len(dataset))
        for code in dataset[i]['data_samples'].gt_sem_seg.data.unique()
    }
    assert len(codes) > 15 and codes <= {*range(19), 255}


@pytest.mark.parametrize('way', ['5way', 'assemble'])
def test_the_light_config_asks_the_same_questions(way, toy_root, tmp_path):
    stem = (
        'cityscapes_assemble'
        if way == 'assemble'
        else (f'cityscapes_bus_{way}')
    )
    one, other = (
        load(DA / f'{name}.py', toy_root, tmp_path)
        for name in (stem, f'{stem}_light')
    )
    for key in ('decode_head', 'auxiliary_head'):
        assert one.model[key].classes == other.model[key].classes
        assert one.model[key].loss_decode == other.model[key].loss_decode
    assert one.model.decode_head.thr == other.model.decode_head.thr
    assert one.val_evaluator == other.val_evaluator


@pytest.fixture(scope='session')
def trained_light(toy_root, tmp_path_factory):
    """The training command's checkpoint of a config, and its options."""
    path = str(DA / 'cityscapes_bus_5way_light.py')
    folder = tmp_path_factory.mktemp('light')
    options = [f'data_root={toy_root}', 'val_dataloader.num_workers=0']
    options += ['test_dataloader.num_workers=0']
    short = ['train_cfg.max_iters=2', 'train_cfg.val_interval=2']
    short += ['default_hooks.checkpoint.interval=2']
    short += [
        'train_dataloader.num_workers=0',
        'train_dataloader.batch_size=2',
    ]
    train([path, '--work-dir', str(folder), '--cfg-options', *options, *short])
    checkpoint = torch.load(folder / 'iter_2.pth', weights_only=False)
    # Answers as far apart as those of a long training.
    state = checkpoint['state_dict']
    state['decode_head.head.conv_seg.kernel'] *= 50
    state['decode_head.head.conv_seg.bias'].zero_()
    torch.save(checkpoint, folder / 'sure.pth')
    return path, str(folder / 'sure.pth'), options


def test_the_test_command_draws_and_writes_what_the_metric_counts(
    trained_light, tmp_path
):
    path, checkpoint, options = trained_light
    out = tmp_path / 'out.pkl'
    evaluate(
        [path, checkpoint, '--work-dir', str(tmp_path / 'work')]
        + ['--show-dir', str(tmp_path / 'shown'), '--out', str(out)]
        # A visualizer is kept by its name, with its folder, in a process.
        + ['--cfg-options', *options, f'visualizer.name={tmp_path.name}']
    )
    samples = load_file(out)
    assert len(samples) == 4
    pictures = sorted((tmp_path / 'shown').rglob('*.png'))
    assert len(pictures) == 4
    none = 0
    for sample, picture in zip(samples, pictures, strict=True):
        label = sample['pred_sem_seg']['data'][0].numpy()
        best = sample['seg_logits']['data'][:5].max(0).values.sigmoid()
        np.testing.assert_array_equal(label == 5, best.numpy() < 0.5)
        none += (label == 5).mean() / 4
        # Truth to the left, prediction to the right; "none" is not painted,
        # so that the image alone, darkened, is there: no bright pixel.
        drawn = cv2.imread(str(picture))[:, label.shape[1] :]
        frame = cv2.imread(sample['img_path'])
        bare = label == 5
        gap = np.abs(drawn[bare] - 0.2 * frame[bare])
        assert np.median(gap) <= 1
    assert 0.001 < none < 0.999  # both kinds of pixels were compared


def test_the_test_command_augments_a_light_config_in_its_own_size(
    trained_light, tmp_path, monkeypatch
):
    path, checkpoint, options = trained_light
    seen = []
    stock = SegTTAModel.test_step

    def spy(self, data):
        seen.append({tuple(x.shape[-2:]) for b in data['inputs'] for x in b})
        return stock(self, data)

    monkeypatch.setattr(SegTTAModel, 'test_step', spy)
    out = tmp_path / 'out.json'
    evaluate(
        [path, checkpoint, '--tta', '--work-dir', str(tmp_path / 'work')]
        + ['--out', str(out), '--out-item', 'metrics']
        + ['--cfg-options', *options, 'test_dataloader.batch_size=4']
    )
    # 64 pixels high in the file, 128 in the config.
    ratios = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
    assert seen == [{(int(128 * r), int(256 * r)) for r in ratios}]
    assert 0 <= load_file(out)['iou/mean'] <= 100


def write_checkpoint(way, path):
    """Write random weights of a light config; return both paths."""
    config = str(DA / f'cityscapes_bus_{way}_light.py')
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(load_config(config).model)
    torch.save(dict(state_dict=model.state_dict()), path)
    return [config, str(path)]


@SLOW
def test_the_side_by_side_picture_of_two_label_spaces(toy_root, tmp_path):
    arguments = []
    for way in ('5way', '19way'):
        arguments += write_checkpoint(way, tmp_path / f'{way}.pth')
    out = tmp_path / 'out.png'
    options = ['--cfg-options', f'data_root={toy_root}']
    compare([*arguments, '--images', '0', '2', '--out', str(out), *options])
    assert cv2.imread(str(out)).shape[1] > 2000
    assert out.with_suffix('.pdf').is_file()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(checkpoint='none.pth'), 'there is no checkpoint none.pth'),
        (dict(name='buss'), "no class 'buss'; nearest: 'bus'"),
    ],
)
def test_wrong_input_of_the_picture_ends_in_one_line(
    change, message, toy_root, tmp_path, capsys
):
    path, good = write_checkpoint('5way', tmp_path / 'good.pth')
    first = change.get('checkpoint', good)
    name = change.get('name', 'bus')
    with pytest.raises(SystemExit):
        compare(
            [path, first, path, good, '--class-of-interest', name]
            + ['--cfg-options', f'data_root={toy_root}']
        )
    assert message in capsys.readouterr().err
