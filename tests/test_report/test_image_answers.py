"""The answers about each image, and which of them are most wrong."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmpretrain.structures import DataSample
from mmseg.structures import SegDataSample

from mmda.evaluation.functional import iou_of_areas
from mmda.evaluation.metrics import PartialLabelIoU
from mmda.report import wrong_images
from mmda.report.activation import NOTHING_SEEN, shown_pixels
from mmda.report.image_answers import ImageAnswers, to_predictions
from mmda.report.wrong_images import draw_wrong_images, most_wrong

NAN = float('nan')


def sample_of(score, target, path='x/a.png', source='A'):
    sample = DataSample(metainfo=dict(img_path=path, source=source))
    sample.set_field(torch.tensor(target), 'gt_score')
    return sample.set_pred_score(torch.tensor(score))


def pixels_of(label, found, annotated):
    fields = dict(annotated_classes=np.array(annotated), exclusive=True)
    sample = SegDataSample(metainfo=fields)
    sample.gt_sem_seg = PixelData(data=torch.tensor([label]))
    sample.pred_sem_seg = PixelData(data=torch.tensor([found]))
    return sample


def answers_of(*samples, num_classes=2):
    answers = ImageAnswers(num_classes)
    answers.add(samples)
    return answers


def test_an_image_that_the_sampler_repeats_counts_once():
    answers = answers_of(
        *(sample_of([0.1 * i, 0.5], [1.0, NAN]) for i in range(4))
    )
    rows = answers.gather([2, 0, 1, 2], total=3)
    assert [row.place for row in rows] == [0, 1, 2]
    found = to_predictions(rows, ['a', 'b'], 'test')
    assert found.score[:, 0] == pytest.approx([0.1, 0.2, 0.3])
    assert np.isnan(found.target[:, 1]).all()
    assert found.sources == ('A',) * 3


def test_the_iou_of_one_image_is_that_of_the_metric():
    label = [[0, 0, 1, 2], [1, 1, 255, 2]]
    sample = pixels_of(
        label, [[0, 1, 1, 0], [1, 0, 0, 1]], [True, True, False]
    )
    row = answers_of(sample, num_classes=3).gather([0], 1)[0]
    metric = PartialLabelIoU()
    metric.dataset_meta = dict(classes=('a', 'b', 'c'))
    metric.process({}, [sample.to_dict()])
    expected = metric.evaluate(1)
    iou = iou_of_areas(row.areas) * 100
    assert iou[:2].tolist() == [expected['iou/a'], expected['iou/b']]
    assert to_predictions([row], 'abc', 'test') is None


def test_the_worst_classes_and_their_worst_images_come_first():
    rows = answers_of(
        sample_of([0.9, 0.2], [0.0, 1.0]),
        sample_of([0.6, 0.4], [0.0, 0.0]),
        sample_of([0.7, 0.9], [NAN, 0.0]),
        sample_of([0.2, 0.1], [1.0, 0.0]),
    ).gather(range(4), 4)
    values = dict(a=80.0, b=70.0)
    chosen = most_wrong(rows, 'ab', values, num_classes=2, num_images=2)
    assert [*chosen] == [1, 0]
    assert [row.place for row in chosen[1]] == [2, 0]
    # Without a label there is no error, and 0.4 is on the right side.
    assert [row.place for row in chosen[0]] == [0, 3]
    assert [*most_wrong(rows, 'ab', dict(a=80.0), 2, 2)] == [0]
    assert most_wrong([], 'ab', values, 2, 2) == {}


class Model(torch.nn.Module):
    """Draws nothing well: each part fails or gives an empty map."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 2, 3)
        torch.nn.init.zeros_(self.conv.weight)
        self.backbone = lambda inputs: (self.conv(inputs),)
        self.head = lambda feats: feats[-1].mean((2, 3))
        self.with_neck = False

    def data_preprocessor(self, data):
        return dict(inputs=torch.stack(data['inputs']).float())


def test_a_missing_picture_or_map_has_a_word():
    rows = answers_of(
        sample_of([0.9, 0.2], [0.0, 0.0]),
        sample_of([0.8, 0.2], [0.0, 0.0], 'data/x/b.png'),
    ).gather(range(2), 2)
    chosen = {0: rows}
    images = {0: dict(inputs=torch.full((3, 8, 8), 9), data_samples=None)}
    model = Model().train()
    (entry,), notes = draw_wrong_images(chosen, 'ab', images, model, 60)
    first, second = entry.images
    assert first.says == 'answer 0.90, label no'
    assert first.note == NOTHING_SEEN
    assert first.picture.startswith('data:image/jpeg;base64,')
    assert second.name == 'x/b.png' and second.picture == ''
    assert notes == ['no picture of x/b.png: KeyError, 1']
    assert model.training
    (entry,), notes = draw_wrong_images(chosen, 'ab', images, model, 0)
    assert 'images without a map: 0 s had passed' in notes
    assert entry.images[0].picture and not entry.images[0].map


class Segmentor(torch.nn.Module):
    """Finds the first class in the left column only."""

    def test_step(self, batch):
        (sample,) = batch['data_samples']
        found = torch.ones(1, 4, 4, dtype=torch.long)
        found[..., 0] = 0
        sample.pred_sem_seg = PixelData(data=found)
        return [sample]


def test_the_pixels_of_a_class_are_painted_by_what_the_model_found():
    label = [[0, 0, 1, 1], [1, 1, 1, 1], [255, 1, 1, 1], [1, 1, 1, 1]]
    sample = pixels_of(label, label, [True, True])
    image = dict(
        inputs=torch.full((3, 4, 4), 255, dtype=torch.uint8),
        data_samples=sample,
    )
    pixels, over = wrong_images._pixel_map(image, 0, Segmentor())
    assert (pixels == 1).all()
    painted = {
        kind: np.frombuffer(bytes.fromhex(color[1:]), np.uint8) / 255
        for kind, color in wrong_images.PIXEL_COLORS.items()
    }
    kinds = {(0, 0): 'found', (0, 1): 'missed', (1, 0): 'false alarm'}
    for place, kind in kinds.items():
        assert over[place] == pytest.approx((1 + 2 * painted[kind]) / 3)
    assert (over[2, 0] == 1).all() and (over[1, 1] == 1).all()
    row = answers_of(sample)
    rows = row.gather([0], 1)
    (entry,), notes = draw_wrong_images(
        {0: rows}, 'ab', {0: image}, Segmentor(), 60
    )
    assert entry.images[0].map and not notes


def test_an_image_is_shown_whatever_the_range_of_its_values():
    ramp = torch.linspace(0, 1, 12).reshape(3, 2, 2)
    assert shown_pixels(ramp).max() == 1
    assert shown_pixels(5 * ramp - 2).max() == 1
    np.testing.assert_allclose(shown_pixels(255 * ramp).max(), 1)
    byte = torch.full((1, 2, 2), 1, dtype=torch.uint8)
    np.testing.assert_allclose(shown_pixels(byte), 1 / 255, rtol=1e-6)
    assert np.isfinite(shown_pixels(torch.full((3, 2, 2), -2.1))).all()
