import pytest
import torch
from mmpretrain.structures import DataSample

from mmda.models import DoDNetHead
from mmda.models.adapters.dodnet_controller import draw_questions

NAN = float('nan')
CLASSES = ('a', 'b', 'c')
TARGET = torch.tensor([[1.0, NAN, NAN], [NAN, 0.0, NAN], [NAN, NAN, NAN]])


def make_head(classes=CLASSES, **kwargs):
    torch.manual_seed(0)
    return DoDNetHead(len(classes or CLASSES), 8, classes, **kwargs)


def make_feats(rows, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, 8, generator=generator)


def make_samples(target=TARGET):
    return [DataSample().set_gt_score(score) for score in target]


def naive_answer(layer, feature, question):
    """One image, one question: the published formula in plain numbers."""
    task = [1.0 if j == question else 0.0 for j in range(len(CLASSES))]
    given = [*feature.tolist(), *task]
    rows, bias = layer.weight.tolist(), layer.bias.tolist()
    generated = [
        sum(w * x for w, x in zip(row, given, strict=True)) + b
        for row, b in zip(rows, bias, strict=True)
    ]
    *weight, offset = generated
    return sum(
        w * x for w, x in zip(weight, feature.tolist(), strict=True)
    ) + (offset)


def test_all_answers_are_those_of_the_published_formula_one_by_one():
    head, feats = make_head(), make_feats(4)
    answers = head((make_feats(4, seed=5)[:, :3], feats))
    for row in range(4):
        for question in range(3):
            expected = naive_answer(head.classifier, feats[row], question)
            asked = head.classifier.answer(
                feats[row : row + 1], torch.tensor([question])
            )
            assert answers[row, question].item() == pytest.approx(
                expected, abs=1e-5
            )
            assert asked.item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize('views', [1, 2])
def test_a_pass_asks_one_annotated_question_about_each_image(views):
    loss = dict(type='PartialBCEPseudoConsistLoss', pseudo_weight=0.0)
    head = make_head(loss={**loss, 'consist_weight': 0.0})
    feats = make_feats(3 * views)
    losses = head.loss((feats,), make_samples())
    answers = head((feats,))
    bce = torch.nn.BCEWithLogitsLoss()
    expected = bce(
        torch.stack([answers[0, 0], answers[1, 1]]), torch.tensor([1.0, 0.0])
    )
    assert losses['loss_bce'].item() == pytest.approx(expected.item())
    assert losses['annotated_fraction'].item() == pytest.approx(2 / 9)


def test_every_parameter_gets_a_finite_gradient():
    head = make_head()
    losses = head.loss((make_feats(3),), make_samples())
    losses['loss_bce'].backward()
    for parameter in head.parameters():
        assert parameter.grad.isfinite().all()
        assert parameter.grad.abs().sum() > 0
    # The question c was not asked, no image annotates it.
    assert head.classifier.weight.grad[:, -1].abs().sum() == 0


def test_a_batch_without_any_annotated_entry_gives_0_with_a_graph():
    head = make_head()
    losses = head.loss((make_feats(3),), make_samples(TARGET * NAN))
    losses['loss_bce'].backward()
    assert losses['loss_bce'].item() == 0
    assert head.classifier.weight.grad.abs().sum() == 0


def test_annotated_questions_are_asked_equally_often_and_no_others():
    target = torch.tensor([[0.0, NAN, 1.0, 0.0]]).expand(3000, 4)
    drawn = draw_questions(target, torch.Generator().manual_seed(0))
    counts = drawn.bincount(minlength=4)
    assert counts[1] == 0
    # Binomial(3000, 1/3): 1000 with a standard deviation of 26.
    assert all(abs(counts[j] - 1000) < 130 for j in (0, 2, 3))


def test_the_questions_follow_from_the_seed_alone():
    target = torch.zeros(50, 3)

    def drawn(seed):
        return draw_questions(
            target, make_head(seed=seed).classifier.generator
        )

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_another_label_space_is_matched_by_name():
    source, target = make_head().eval(), make_head(('c', 'z', 'a')).eval()
    start = target.classifier.weight[:, 8 + 1].detach().clone()
    target.load_state_dict(source.state_dict())
    feats = (make_feats(4),)
    torch.testing.assert_close(
        target(feats)[:, [0, 2]], source(feats)[:, [2, 0]]
    )
    assert torch.equal(target.classifier.weight[:, 8 + 1], start)
    assert target.classes == ('c', 'z', 'a')


def test_one_question_per_image_tells_nothing_about_exactly_one():
    loss = dict(type='PartialBCEPseudoConsistLoss', exactly_one=True)
    with pytest.raises(ValueError, match='one class at a time'):
        make_head(loss=loss).loss((make_feats(len(TARGET)),), make_samples())
