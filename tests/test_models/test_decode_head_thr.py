"""Below which answer a pixel has no class."""

import copy

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.evaluation import IoUMetric
from mmseg.structures import SegDataSample
from mmseg.visualization import SegLocalVisualizer
from small_segmentors import (
    FCN,
    NUM_CLASSES,
    OCR,
    adapted,
    batch,
    build,
    model_config,
)

from mmda.models import PartialLabelSegTTAModel

MODELS = {
    'FCN': model_config(adapted(FCN)),
    'OCR in a cascade': model_config([adapted(FCN), adapted(OCR)]),
}


def with_thr(config, thr, **kwargs):
    config = copy.deepcopy({**config, **kwargs})
    heads = config['decode_head']
    (heads[-1] if isinstance(heads, list) else heads)['thr'] = thr
    return config


def answer_in_the_middle(logits):
    """An answer that the best one of many pixels is below, but none close."""
    best = logits.max(dim=0).values.flatten().sort().values
    middle = best[len(best) // 4 : 3 * len(best) // 4]
    gap = int(middle.diff().argmax())
    return middle[gap : gap + 2].mean().sigmoid().item()


@pytest.mark.parametrize('name', ['FCN', 'OCR in a cascade'])
@pytest.mark.parametrize('kind', ['mmda', 'stock'])
@pytest.mark.parametrize('mode', ['whole', 'slide'])
@torch.no_grad()
def test_a_pixel_whose_best_answer_is_below_thr_has_no_class(name, kind, mode):
    config = MODELS[name]
    if kind == 'stock':
        config = {**config, 'type': config['type'].removeprefix('DualView')}
    windows = dict(crop_size=(16, 16), stride=(8, 8))
    test_cfg = dict(mode=mode, **(windows if mode == 'slide' else {}))
    plain = build({**config, 'test_cfg': test_cfg}).eval()
    (sample,) = plain.test_step(batch(1))
    logits = sample.seg_logits.data
    thr = answer_in_the_middle(logits)
    model = build(with_thr(config, thr, test_cfg=test_cfg)).eval()
    model.load_state_dict(plain.state_dict())
    (cut,) = model.test_step(batch(1))
    best, index = logits.max(dim=0)
    expected = torch.where(best.sigmoid() < thr, NUM_CLASSES, index)
    found = cut.pred_sem_seg.data
    assert 0.2 < (found == NUM_CLASSES).float().mean() < 0.8
    assert torch.equal(found.squeeze(0), expected)
    torch.testing.assert_close(cut.seg_logits.data[:-1], logits)
    none = cut.seg_logits.data[-1].sigmoid()
    torch.testing.assert_close(none, torch.full_like(none, thr))


def test_thr_leaves_the_training_alone():
    data = batch()
    losses = []
    for thr in (0.0, 0.7):
        model = build(with_thr(MODELS['FCN'], thr)).train()
        torch.manual_seed(0)
        views = model.data_preprocessor(copy.deepcopy(data), training=True)
        losses.append(model.loss(**views))
    for key, value in losses[0].items():
        assert torch.equal(losses[1][key], value)


@pytest.mark.parametrize(('thr', 'share'), [(0, 0), (1, 1)])
@torch.no_grad()
def test_both_ends_of_thr_have_a_meaning(thr, share):
    model = build(with_thr(MODELS['FCN'], thr)).eval()
    (sample,) = model.test_step(batch(1))
    none = sample.pred_sem_seg.data == NUM_CLASSES
    assert none.float().mean().item() == share


@torch.no_grad()
def test_thr_means_the_same_with_test_time_augmentation():
    plain, data = build(MODELS['FCN']).eval(), batch(1)
    (sample,) = plain.test_step(copy.deepcopy(data))
    thr = answer_in_the_middle(sample.seg_logits.data)
    model = build(with_thr(MODELS['FCN'], thr)).eval()
    model.load_state_dict(plain.state_dict())
    (alone,) = model.test_step(copy.deepcopy(data))
    data['data_samples'][0].set_metainfo(dict(img_path='a.png'))
    twice = {k: [v, copy.deepcopy(v)] for k, v in data.items()}
    (merged,) = PartialLabelSegTTAModel(model).eval().test_step(twice)
    assert torch.equal(merged.pred_sem_seg.data, alone.pred_sem_seg.data)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_augmentation_keeps_the_order_of_large_logits_in_half_precision(dtype):
    logits = torch.tensor([9.0, 12.0], dtype=dtype)[:, None, None]
    views = [SegDataSample(seg_logits=PixelData(data=logits))] * 2
    model = PartialLabelSegTTAModel(build(MODELS['FCN']))
    (merged,) = model.merge_preds([views])
    assert merged.pred_sem_seg.data.item() == 1
    assert merged.seg_logits.data.isfinite().all()


@torch.no_grad()
def test_no_class_is_not_painted_written_as_c_and_no_class_of_a_stock_metric(
    tmp_path,
):
    classes = tuple('abcde')
    label = torch.tensor([[[0, 1], [1, NUM_CLASSES]]])
    found = torch.tensor([[[0, 1], [NUM_CLASSES, NUM_CLASSES]]])
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=label), pred_sem_seg=PixelData(data=found)
    )
    visualizer = SegLocalVisualizer(alpha=1.0)
    visualizer.dataset_meta = dict(
        classes=classes, palette=[[9 + i] * 3 for i in range(5)]
    )
    black = np.zeros((2, 2, 3), np.uint8)
    visualizer.add_datasample(
        'x', black, sample, draw_gt=False, with_labels=False
    )
    drawn = visualizer.get_image()[..., 0]
    assert drawn.tolist() == [[9, 10], [0, 0]]
    metric = IoUMetric(output_dir=str(tmp_path))
    metric.dataset_meta = dict(classes=classes)
    metric.process({}, [{**sample.to_dict(), 'img_path': 'x.jpg'}])
    written = cv2.imread(str(tmp_path / 'x.png'), cv2.IMREAD_UNCHANGED)
    assert written.tolist() == found[0].tolist()
    hit, union = metric.results[0][:2]
    assert hit.tolist() == [1, 1, 0, 0, 0]
    assert union.tolist() == [1, 2, 0, 0, 0]


@pytest.mark.parametrize('thr', [-0.1, 2])
def test_a_threshold_outside_of_its_range_is_an_error(thr):
    with pytest.raises(ValueError, match=f'thr={thr}: expected 0 to 1'):
        build(with_thr(MODELS['FCN'], thr))
