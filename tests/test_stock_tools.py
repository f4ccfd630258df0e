"""The tools that mmpretrain and mmseg ship run on our configs and dumps."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import mmengine
import mmpretrain
import numpy as np
import pytest
import torch
from digits_run import CONFIG, train_digits
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain import get_model, list_models

from mmda.apis import register_models
from mmda.datasets import Digits

ROOT = Path(__file__).resolve().parents[1]
# Each image of the digits is in memory. This tests files, as a user would.
WITH_FILES = f"""
_base_ = {str(CONFIG)!r}
load_image = dict(type='LoadMedicalImage', color_type='grayscale')
test_pipeline = [load_image, *_base_.test_pipeline]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
"""
ONE_SOURCE = f"""
_base_ = {str(CONFIG)!r}
train_dataloader = dict(dataset=dict(_delete_=True, **_base_.train_d0))
"""
STREETS = f"""
_base_ = {str(CONFIG.parent / 'real/da-bce_resnet18-small_500i_camvid.py')!r}
classes = ('sky', 'road', 'car')
frames = dict(
    type='BaseSegDataset',
    data_root='streets',
    data_prefix=dict(img_path='images', seg_map_path='labels'),
    metainfo=dict(classes=classes),
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='PartialLabelDataset',
        classes=classes,
        labeled_classes=['sky'],
        dataset=frames,
        pipeline=_base_.train_pipeline,
    )
)
test_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        classes=classes,
        dataset=dict(frames, _delete_=True, test_mode=True),
    )
)
model = dict(decode_head=dict(classes=classes))
"""


@pytest.fixture
def tool(tmp_path, monkeypatch, quick_configs):
    """Run a tool of a host in an empty folder, as from a command line."""
    monkeypatch.chdir(tmp_path)

    def run(host, name, *argv):
        folder = Path(mmpretrain.__file__).parents[1] / host / '.mim'
        path = str(folder / 'tools' / name)
        monkeypatch.setattr(sys, 'argv', [path, *map(str, argv)])
        # A tool sets the default scope of its process.
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            runpy.run_path(path, run_name='__main__')

    return run


@pytest.fixture(scope='module')
def digits():
    """Config and checkpoint; the predictions, as the stock tool dumps them."""
    folder = train_digits()
    return CONFIG, folder / 'epoch_2.pth', folder / 'stock.pkl'


def size(path):
    return cv2.imread(str(path)).shape[:2]


def test_testing_dumps_what_the_other_tools_read(tool, digits, tmp_path):
    config, checkpoint, dump = digits
    tool('mmpretrain', 'test.py', config, checkpoint, '--out', dump)
    predictions = mmengine.load(dump)
    labels = Digits('test', range(1, 8)).get_gt_labels()
    assert [int(p['gt_label']) for p in predictions] == (
        labels.argmax(axis=1).tolist()
    )
    tool(
        *('mmpretrain', 'analysis_tools/confusion_matrix.py', config, dump),
        *('--out', 'matrix.pkl', '--show-path', 'matrix.png'),
    )
    matrix = mmengine.load('matrix.pkl')
    answers = torch.stack([p['pred_score'] for p in predictions]).argmax(1)
    expected = np.zeros((7, 7), dtype=int)
    np.add.at(expected, (labels.argmax(axis=1), answers.numpy()), 1)
    assert matrix.tolist() == expected.tolist()
    assert size('matrix.png')
    tool(
        *('mmpretrain', 'analysis_tools/analyze_results.py', config, dump),
        *('--out-dir', 'found', '--topk', '2'),
    )
    assert len(list(Path('found').glob('*/*.png'))) >= 2


@pytest.mark.slow
def test_the_line_of_the_page_evaluates_a_metric_of_mmda(tmp_path):
    page = (ROOT / 'docs/stock_tools.md').read_text()
    (line,) = re.findall(r'python -c "import mmda.*\n.*AUC', page)
    answers = [(0.9, 1.0), (0.1, 0.0), (0.5, float('nan'))]
    mmengine.dump(
        [
            dict(pred_score=torch.tensor([p]), gt_score=torch.tensor([y]))
            for p, y in answers
        ],
        tmp_path / 'answers.pkl',
    )
    done = subprocess.run(
        ['bash', '-c', line],
        cwd=tmp_path,
        env=dict(
            os.environ,
            PYTHONPATH=str(ROOT),
            PATH=f'{Path(sys.executable).parent}:{os.environ["PATH"]}',
            CLS=str(Path(mmpretrain.__file__).parent / '.mim/tools'),
        ),
        capture_output=True,
        text=True,
    )
    assert "'auc/mean': 100.0" in done.stdout, done.stderr


@pytest.mark.slow
def test_tta_averages_the_answers_over_a_flip(tool, digits):
    config, checkpoint, dump = digits
    argv = (config, checkpoint, '--tta', '--out', 'tta.pkl')
    tool('mmpretrain', 'test.py', *argv)
    model = get_model(Config.fromfile(config), str(checkpoint))
    sample = mmengine.load('tta.pkl')[0]
    image = Digits('test', range(1, 8)).get_data_info(0)['img']
    image = torch.from_numpy(cv2.resize(image, (32, 32))).permute(2, 0, 1)
    both = torch.stack([image.flip(-1), image])
    data = model.data_preprocessor(dict(inputs=both))
    expected = model(**data).sigmoid().mean(dim=0)
    torch.testing.assert_close(sample['pred_score'], expected)


def test_activation_maps_of_an_image_file(tool, digits, tmp_path):
    pytest.importorskip('pytorch_grad_cam')
    Path('files.py').write_text(WITH_FILES)
    cv2.imwrite('seven.png', Digits('test', [7]).get_data_info(0)['img'])
    argv = ('seven.png', 'files.py', digits[1], '--target-category', '6')
    name = 'visualization/vis_cam.py'
    tool('mmpretrain', name, *argv, '--save-path', 'cam.png')
    layer = ('--target-layers', 'backbone.layer2')
    tool('mmpretrain', name, *argv, *layer, '--save-path', 'other.png')
    assert size('cam.png') == size('other.png') == (32, 32)
    assert (cv2.imread('cam.png') != cv2.imread('other.png')).any()


def test_a_map_of_features_shows_images_of_one_class(tool, digits):
    tool(
        *('mmpretrain', 'visualization/vis_tsne.py', digits[0]),
        *('--checkpoint', digits[1], '--work-dir', 'w', '--max-num-samples'),
        *('3', '--perplexity', '3', '--n-iter', '250', '--legend'),
    )
    (feature,) = Path('w').glob('tsne_*/feat_*.npy')
    assert len(np.load(feature)) == 21
    assert size(feature.with_suffix('.png'))


def test_the_images_of_a_source_can_be_browsed(tool, tmp_path):
    Path('one.py').write_text(ONE_SOURCE)
    # The other modes of the tool do not run with today's matplotlib.
    tool(
        *('mmpretrain', 'visualization/browse_dataset.py', 'one.py'),
        *('--output-dir', 'shown', '--not-show', '--mode', 'original'),
        *('--show-number', '2'),
    )
    assert len(list(Path('shown').iterdir())) == 2


def test_the_cost_and_the_schedule_of_a_config(tool, capsys):
    name = 'analysis_tools/get_flops.py'
    tool('mmpretrain', name, CONFIG, '--shape', '32')
    assert 'Flops: 35.355M\nParams: 0.701M' in capsys.readouterr().out
    tool(
        *('mmpretrain', 'visualization/vis_scheduler.py', CONFIG),
        *('--save-path', 'schedule.png', '--not-show'),
    )
    assert size('schedule.png')
    # The log of a training
    (log,) = train_digits().glob('*/vis_data/scalars.json')
    tool(
        *('mmpretrain', 'analysis_tools/analyze_logs.py', 'plot_curve', log),
        *('--keys', 'loss', '--out', 'loss.png'),
    )
    assert size('loss.png')


@pytest.fixture
def streets(tool, tmp_path):
    """Config and checkpoint of a segmentor with random weights."""
    from mmseg.registry import MODELS

    rng = np.random.default_rng(0)
    for kind, suffix in (('images', 'jpg'), ('labels', 'png')):
        (tmp_path / 'streets' / kind).mkdir(parents=True)
        for name in 'ab':
            pixels = rng.integers(0, 3, (90, 120), dtype=np.uint8)
            path = tmp_path / 'streets' / kind / f'{name}.{suffix}'
            cv2.imwrite(str(path), pixels)
    Path('streets.py').write_text(STREETS)
    cfg = Config.fromfile('streets.py')
    with DefaultScope.overwrite_default_scope('mmseg'):
        torch.manual_seed(0)
        model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), 'streets.pth')
    return 'streets.py', 'streets.pth'


def test_pixels_are_tested_saved_and_compared(tool, streets, capsys):
    tool('mmseg', 'test.py', *streets, '--out', 'saved')
    assert [path.name for path in sorted(Path('saved').iterdir())] == [
        'a.png',
        'b.png',
    ]
    saved = cv2.imread('saved/a.png', cv2.IMREAD_UNCHANGED)
    label = cv2.imread('streets/labels/a.png', cv2.IMREAD_UNCHANGED)
    assert saved.shape == label.shape
    other = cv2.imread('saved/b.png', cv2.IMREAD_UNCHANGED)
    both = np.stack([saved, other])
    labels = cv2.imread('streets/labels/b.png', cv2.IMREAD_UNCHANGED)
    labels = np.stack([label, labels])
    printed = capsys.readouterr().out
    for index, name in enumerate(('sky', 'road', 'car')):
        one, two = both == index, labels == index
        iou = 100 * (one & two).sum() / (one | two).sum()
        assert re.search(rf'iou/{name}: {iou:.4f}', printed)
    argv = ('streets.py', 'saved', 'matrix')
    tool('mmseg', 'analysis_tools/confusion_matrix.py', *argv)
    assert size('matrix/confusion_matrix.png')


@pytest.mark.slow
def test_pixels_are_tested_with_a_flip(tool, streets, capsys):
    tool('mmseg', 'test.py', *streets, '--tta')
    assert 'iou/mean' in capsys.readouterr().out


def test_label_maps_can_be_browsed(tool, streets):
    tool(
        *('mmseg', 'analysis_tools/browse_dataset.py', 'streets.py'),
        *('--output-dir', 'shown', '--not-show'),
    )
    names = [path.name for path in sorted(Path('shown').iterdir())]
    assert names == ['a.jpg', 'b.jpg']


def test_the_hub_of_mmpretrain_knows_our_models():
    register_models()
    register_models()
    index = mmengine.load(ROOT / 'model-index.yml')['Import']
    models = [mmengine.load(ROOT / path)['Models'] for path in index]
    names = {model['Name'].lower() for part in models for model in part}
    assert len(names) > 100
    assert names <= set(list_models())
    assert list_models('digits', task='null') == ['digits']
    model = get_model('da-recipe_small-cnn_500i_mnist-overlap')
    assert model.head.classes == tuple('1234567')


@pytest.mark.slow
def test_mim_runs_a_config_of_a_checkout(tmp_path, monkeypatch):
    # onedl-mim 0.5.1 pins an old pandas, so it is not in the lock.
    train = pytest.importorskip('mim.commands.train').train
    info = tmp_path / 'site' / 'mmda-0.dist-info'
    info.mkdir(parents=True)
    (info / 'METADATA').write_text('Name: mmda\nVersion: 0\n')
    editable = f'{{"url": "file://{ROOT}", "dir_info": {{"editable": true}}}}'
    (info / 'direct_url.json').write_text(editable)
    monkeypatch.syspath_prepend(str(info.parent))
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    argv = ('--work-dir', str(tmp_path), '--dry-run')
    done, said = train('mmda', str(CONFIG), gpus=0, other_args=argv)
    assert done, said
