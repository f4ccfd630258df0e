import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import confusion_matrix, jaccard_score

from mmda.evaluation import PartialLabelIoU
from mmda.evaluation.functional import (
    iou_of_areas,
    known_areas,
    pixel_confusion,
)

NAMES = ('bus', 'road', 'wall')


def sample(label, prediction, logits=None, **meta):
    found = dict(
        gt_sem_seg=dict(data=torch.tensor(label)[None]),
        pred_sem_seg=dict(data=torch.tensor(prediction)[None]),
        **meta,
    )
    if logits is not None:
        found['seg_logits'] = dict(data=logits)
    return found


def run(samples, names=NAMES, background=(), **kwargs):
    metric = PartialLabelIoU(**kwargs)
    metric.dataset_meta = dict(classes=names)
    if background:
        metric.dataset_meta['background_classes'] = background
    for one in samples:
        metric.process({}, [one])
    return metric.evaluate(len(samples))


def random_maps(seed, shape=(40, 30), codes=(0, 1, 2, 254, 255)):
    rng = np.random.default_rng(seed)
    return rng.choice(codes, shape), rng.integers(3, size=shape)


def test_fully_annotated_images_give_the_reference_iou():
    maps = [random_maps(seed, codes=(0, 1, 2, 255)) for seed in range(3)]
    found = run([sample(*pair) for pair in maps])
    label = np.concatenate([pair[0].ravel() for pair in maps])
    prediction = np.concatenate([pair[1].ravel() for pair in maps])
    kept = label != 255
    expected = jaccard_score(label[kept], prediction[kept], average=None) * 100
    for name, value in zip(NAMES, expected, strict=True):
        assert found[f'iou/{name}'] == pytest.approx(value)
    assert found['iou/mean'] == pytest.approx(expected.mean())
    assert found['iou/num_classes'] == 3


def test_predictions_are_saved_under_the_names_of_their_images(tmp_path):
    logits = torch.tensor([[[9.0, 0, 0]], [[0, 9.0, 0]], [[0, 0, 0]]])
    none = torch.full((1, 1, 3), 1.0)  # the third pixel is below it
    saved = tmp_path / 'saved'
    run(
        [
            sample(
                [[0, 1, 1]],
                [[0, 1, 3]],
                torch.cat([logits, none]),
                img_path='streets/a.jpg',
            )
        ],
        output_dir=str(saved),
        keep_results=True,
    )
    (file,) = saved.iterdir()
    assert file.name == 'a.png'
    assert np.array(Image.open(file)).tolist() == [[0, 1, 255]]


def test_predictions_of_two_images_do_not_get_one_name(tmp_path):
    label = torch.tensor([[[9.0]], [[0.0]], [[0.0]]])
    images = [
        sample([[0]], [[0]], label, img_path=f'{source}/0001.jpg')
        for source in 'AB'
    ]
    with pytest.raises(ValueError, match='A/0001.jpg and B/0001.jpg would'):
        run(images, output_dir=str(tmp_path), keep_results=True)


@pytest.mark.parametrize('exclusive', [True, False])
def test_partial_annotation_equals_a_loop_over_known_pixels(exclusive):
    images, counts = [], np.zeros((3, 3))  # classes x (I, P, L)
    annotations = ([1, 1, 0], [0, 1, 1], [1, 1, 1])
    for seed, annotated in enumerate(annotations):
        codes = [c for c in range(3) if annotated[c]] + [254, 255]
        label, prediction = random_maps(seed, (12, 9), codes)
        images.append(
            sample(
                label,
                prediction,
                annotated_classes=np.array(annotated, bool),
                exclusive=exclusive,
            )
        )
        for truth, said in zip(label.flat, prediction.flat, strict=True):
            for c in range(3):
                if truth == 255:
                    continue
                if truth == 254 or not exclusive:
                    known = annotated[c]
                else:
                    known = True
                if known:
                    counts[c] += (
                        truth == said == c,
                        said == c,
                        truth == c,
                    )
    found = run(images)
    for c, name in enumerate(NAMES):
        inter, predicted, labelled = counts[c]
        iou = 100 * inter / (predicted + labelled - inter)
        assert found[f'iou/{name}'] == pytest.approx(iou)


def answers(*probabilities, thr=None):
    """Logits of a row of pixels, and what a head with ``thr`` makes of it."""
    rows = torch.tensor(probabilities)[:, None]
    if thr is not None:
        rows = torch.cat([rows, torch.full_like(rows[:1], thr)])
    logits = torch.logit(rows)
    return logits.argmax(0).tolist(), logits


def test_a_pixel_below_the_threshold_is_no_class():
    label, names = [[0, 0, 1]], ('a', 'b')

    def iou(thr=None):
        found = answers([0.9, 0.4, 0.2], [0.1, 0.3, 0.6], thr=thr)
        return run([sample(label, *found)], names)

    assert iou()['iou/a'] == 100
    assert iou(0.5)['iou/a'] == 50 and iou(0.5)['iou/b'] == 100
    assert iou(0.7)['iou/b'] == 0


def test_the_confusion_says_which_classes_take_pixels_of_the_one_of_interest():
    # Background classes: 3 is truck, 4 is car; 254 is none of all.
    label = [[0, 0, 0, 0, 1, 3, 3, 4, 254, 255]]
    prediction = [[0, 0, 1, 2, 0, 0, 1, 1, 0, 0]]
    found = run(
        [sample(label, prediction, annotated_classes=np.ones(3, dtype=bool))],
        background=('truck', 'car'),
        class_of_interest='bus',
    )
    confusion = {
        key.removeprefix('confusion/bus/'): value
        for key, value in found.items()
        if key.startswith('confusion/')
    }
    assert confusion == {
        'lost_to/road': 25.0,
        'lost_to/wall': 25.0,
        'lost_to/none': 0.0,
        'taken_from/road': 20.0,
        'taken_from/wall': 0.0,
        'taken_from/truck': 20.0,
        'taken_from/car': 0.0,
        'taken_from/none': 20.0,
    }


def test_bus_pixels_below_the_threshold_are_lost_to_none():
    found = answers([0.9, 0.1], [0.1, 0.1], [0.1, 0.1], thr=0.5)
    found = run([sample([[0, 0]], *found)], class_of_interest='bus')
    assert found['confusion/bus/lost_to/none'] == 50


def test_images_that_do_not_annotate_the_class_of_interest_are_left_out():
    unsure = sample(
        [[1, 254]],
        [[0, 0]],
        annotated_classes=np.array([False, True, False]),
    )
    sure = sample([[0, 1]], [[0, 0]])
    found = run([unsure, sure], class_of_interest='bus')
    assert found['confusion/bus/taken_from/road'] == 50
    assert found['confusion/bus/taken_from/none'] == 0


def test_a_class_that_no_image_annotates_is_nan_and_the_log_says_why(mm_log):
    one = sample(
        [[1, 254]], [[0, 0]], annotated_classes=np.array([False, True, False])
    )
    found = run([one])
    assert np.isnan(found['iou/bus']) and np.isnan(found['iou/wall'])
    assert found['iou/num_classes'] == 1
    assert found['iou/mean'] == found['iou/road'] == 0
    assert 'iou/bus is undefined: no image annotates it' in mm_log.text


def test_a_class_that_is_nowhere_is_nan_and_the_log_says_so(mm_log):
    found = run([sample([[0, 1]], [[0, 1]])])
    assert np.isnan(found['iou/wall'])
    assert 'iou/wall is undefined: no pixel' in mm_log.text


def test_a_space_without_the_class_of_interest_is_an_error():
    with pytest.raises(ValueError, match="class 'busses'; nearest: 'bus'"):
        run([sample([[0]], [[0]])], class_of_interest='busses')


def test_a_prediction_of_another_size_is_an_error():
    with pytest.raises(ValueError, match=r'shape \(1, 1\).*\(1, 2\)'):
        run([sample([[0, 1]], [[0]])])


def test_the_confusion_matrix_equals_the_reference():
    label, prediction = random_maps(0)
    kept = label != 255
    rows = np.where(label == 254, 3, label)
    expected = confusion_matrix(
        rows[kept], prediction[kept], labels=[0, 1, 2, 3]
    )
    found = pixel_confusion(label, prediction, 4, 4)
    np.testing.assert_array_equal(found, expected)


def test_areas_of_an_image_without_known_pixels_give_no_iou():
    confusion = pixel_confusion(
        np.full((2, 2), 255), np.zeros((2, 2), int), 3, 3
    )
    areas = known_areas(confusion, np.array([True, False]))
    assert not areas.any() and np.isnan(iou_of_areas(areas)).all()


@pytest.mark.parametrize('bad', [3, 5, -1])
def test_a_prediction_outside_of_the_label_space_is_an_error(bad):
    with pytest.raises(ValueError, match=f'predict.* {bad}.*expected 0 to'):
        run([sample([[0, 1]], [[bad, 1]])])


def test_a_class_more_is_not_taken_for_none():
    # A fourth class has answers of its own, "none" has one everywhere.
    four = answers([0.1, 0.2], [0.2, 0.3], [0.3, 0.1], [0.9, 0.8])
    with pytest.raises(ValueError, match='predicts class 3.* 3 classes'):
        run([sample([[0, 1]], *four)])


def test_a_class_named_none_is_an_error_beside_a_class_of_interest():
    names = ('bus', 'none')
    one = sample([[0, 1]], [[0, 1]])
    assert run([one], names)['iou/none'] == 100
    for classes, background in ((names, ()), (('bus', 'a'), ('none',))):
        with pytest.raises(ValueError, match="named 'none'.*rename it"):
            run([one], classes, background, class_of_interest='bus')


def test_pixels_of_no_class_without_the_annotated_classes_are_an_error():
    one = sample([[0, 254]], [[0, 1]], img_path='a.png')
    with pytest.raises(ValueError, match=r'a\.png has no annotated_classes'):
        run([one])


def test_the_confusion_matrix_refuses_predictions_without_a_column():
    with pytest.raises(ValueError, match='from 0 to 5: expected 0 to 1'):
        pixel_confusion(np.array([0, 0, 1]), np.array([0, 5, 1]), 3, 2)


def test_shares_of_no_pixels_are_nan():
    found = run([sample([[1, 1]], [[1, 1]])], class_of_interest='bus')
    for kind in ('lost_to', 'taken_from'):
        assert np.isnan(found[f'confusion/bus/{kind}/road'])
