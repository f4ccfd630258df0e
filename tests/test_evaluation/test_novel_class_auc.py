"""Telling images of a class that was never trained."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from mmda.evaluation import NovelClassAUC
from mmda.evaluation.functional.novelty import max_novelty

NAN = float('nan')


def make_samples(num=60, seed=0):
    """Four classes, one positive each; the last one is the novel one."""
    generator = np.random.default_rng(seed)
    label = generator.integers(0, 4, num)
    target = np.eye(4, dtype=np.float32)[label]
    logit = generator.normal(size=(num, 4)) + 2 * target - 1
    return (1 / (1 + np.exp(-logit))).astype(np.float32), target


def evaluate(metric, score, target, classes=('1', '2', '3', '0')):
    metric.dataset_meta = dict(classes=classes)
    metric.process(
        {},
        [
            dict(pred_score=torch.tensor(p), gt_score=torch.tensor(y))
            for p, y in zip(score, target, strict=True)
        ],
    )
    return metric.evaluate(len(score))


def reference(answers, is_novel):
    """Novelty scores image by image, ranked by scikit-learn."""
    scores = dict(max=[], entropy=[], energy=[])
    for row in answers.astype(float):
        scores['max'].append(1 - max(row))
        scores['entropy'].append(
            -sum(a * np.log(a) + (1 - a) * np.log(1 - a) for a in row)
        )
        logits = [np.log(a / (1 - a)) for a in row]
        scores['energy'].append(-sum(np.log1p(np.exp(z)) for z in logits))
    return {k: 100 * roc_auc_score(is_novel, v) for k, v in scores.items()}


def test_a_named_novel_class_is_told_by_the_other_answers():
    score, target = make_samples()
    found = evaluate(NovelClassAUC(novel_classes=['0']), score, target)
    expected = reference(score[:, :3], target[:, 3])
    for name, value in expected.items():
        assert found[f'novel/{name}'] == pytest.approx(value, abs=1e-9)
    assert found['novel/num_novel'] == target[:, 3].sum()
    assert found['novel/num_known'] == len(target) - target[:, 3].sum()
    # The answer to the novel class's own question must not matter.
    score[:, 3] = 1 - score[:, 3]
    again = evaluate(NovelClassAUC(novel_classes=['0']), score, target)
    assert again == found


def test_without_names_an_image_of_no_class_is_novel():
    score, target = make_samples()
    found = evaluate(
        NovelClassAUC(), score[:, :3], target[:, :3], ('1', '2', '3')
    )
    expected = reference(score[:, :3], target[:, 3])
    assert found['novel/max'] == pytest.approx(expected['max'], abs=1e-9)


def test_images_whose_novelty_is_unknown_are_left_out():
    score, target = make_samples()
    target[:5, 3] = NAN
    found = evaluate(NovelClassAUC(novel_classes=['0']), score, target)
    expected = reference(score[5:, :3], target[5:, 3])
    assert found['novel/energy'] == pytest.approx(expected['energy'], abs=1e-9)
    assert found['novel/num_novel'] + found['novel/num_known'] == 55


def test_no_novel_image_is_nan_with_a_reason(mm_log):
    score, target = make_samples()
    target[:, 3] = 0
    found = evaluate(NovelClassAUC(novel_classes=['0']), score, target)
    assert np.isnan(found['novel/max']) and found['novel/num_novel'] == 0
    assert 'no positive among 60' in mm_log.text


def test_saturated_answers_stay_finite():
    score = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]], dtype=np.float32)
    target = np.array([[1, 0], [0, 0], [1, 1]], dtype=np.float32)
    found = evaluate(NovelClassAUC(), score, target, ('1', '2'))
    assert found['novel/energy'] == found['novel/max'] == 100


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="found 'odin'"):
        NovelClassAUC(scores=['odin'])
    score, target = make_samples(4)
    with pytest.raises(ValueError, match="unknown class 'zero'"):
        evaluate(NovelClassAUC(novel_classes=['zero']), score, target)
    with pytest.raises(ValueError, match='every class'):
        evaluate(NovelClassAUC(novel_classes=list('1230')), score, target)


def test_tiny_answers_do_not_tie():
    answers = np.array([[1e-9], [1e-10], [1e-8]], np.float32)
    assert max_novelty(answers).argsort().tolist() == [2, 0, 1]
