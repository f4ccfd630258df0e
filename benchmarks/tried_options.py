"""What was tried for the recipe and is not in the library, on real MNIST.

This script trains the recipe of Table 12 with each option, on 30 images per
source. It prints the AUC on 4,000 validation digits. These are training images
of MNIST, so a choice made here has not seen the test images. Differences from
the recipe are tested in pairs over seeds. docs/method_tables.md uses other
seeds.

Example: ``python benchmarks/tried_options.py --seeds 5 --jobs 2``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import torch
from mmengine.model import ExponentialMovingAverage
from mmengine.registry import MODELS
from reproduction.recipe_config import load_recipe, move_data, plain_config
from reproduction.report import markdown_row
from reproduction.summary import paired_seed_test
from reproduction.table import Recipe
from torch import Tensor, nn

from mmda.apis.runner import build_runner
from mmda.apis.seeding import set_seed
from mmda.models.adapters import DynamicAdapter
from mmda.models.classifiers import DualViewImageClassifier
from mmda.models.losses import PartialBCEPseudoConsistLoss, sharpen
from mmda.models.utils import frozen_running_stats
from mmda.report.comparison_report import interval_text, p_text
from mmda.structures import PixelTarget

RECIPE, BCE = (
    'da/table12/da-recipe_small-cnn_500i_mnist-overlap.py',
    'da/table12/linear_small-cnn_500i_mnist-overlap.py',
)
FIRST_SEED = 100  # docs/method_tables.md reports the seeds from 0
NUM_IMAGES, NUM_VALIDATION = 30, 4000

LOSS, HEAD = 'model.head.loss.', 'model.head.'
STRONG_VIEW = 'model.data_preprocessor.strong_view'
AFFINE, BRIGHTNESS, ERASING = load_recipe(
    Recipe(RECIPE)
).model.data_preprocessor.strong_view
WIDER = {
    **AFFINE,
    'degrees': 25,
    'translate': (0.12, 0.12),
    'scale': (0.7, 1.3),
    'shear': (-20.0, 20.0),
}
ELASTIC = dict(
    type='RandomElasticTransform',
    kernel_size=(17, 17),
    sigma=(4.0, 4.0),
    alpha=(0.6, 0.6),
    p=0.8,
)


def iterations(number: int) -> dict[str, int]:
    """Return the options of a training of another length."""
    keys = ('train_cfg.max_iters', 'train_cfg.val_interval')
    return {**dict.fromkeys(keys, number), 'param_scheduler.T_max': number}


def tried(
    options: dict[str, Any] | None = None, config: str = RECIPE
) -> Recipe:
    """Return a config with other options, on few images."""
    return Recipe(config, NUM_IMAGES, options=options or {})


#: Name -> training.
OPTIONS: dict[str, Recipe] = {
    'recipe': tried(),
    'BCE': tried(config=BCE),
    'BCE on both views': tried(
        config='da/method/linear-bce-two-views_small-cnn_500i_mnist-overlap.py'
    ),
    'full labels, BCE': tried(
        config='da/table12/linear_small-cnn_500i_mnist-overlap-full.py'
    ),
    'BCE, 200 iterations': tried(iterations(200), BCE),
    'BCE, 1000 iterations': tried(iterations(1000), BCE),
    'recipe, 200 iterations': tried(iterations(200)),
    'recipe, 1000 iterations': tried(iterations(1000)),
    'blocks that start as the identity': tried(
        {'model.backbone.zero_init_residual': True},
    ),
    'ramp-up over the first half': tried({LOSS + 'ramp_up': 0.5}),
    'four times the unsupervised weights': tried(
        {LOSS + 'pseudo_weight': 4.0, LOSS + 'consist_weight': 4.0},
    ),
    'cross entropy for squared distance': tried(
        {LOSS + 'distance': 'bce'},
    ),
    'answers aligned to the prevalence': tried(
        {LOSS + 'type': 'TriedLoss', LOSS + 'align': True},
    ),
    'tau per class, from the prevalence': tried(
        {LOSS + 'type': 'TriedLoss', LOSS + 'prevalence_tau': True},
    ),
    'mean teacher, momentum 0.03': tried(
        {'model.type': 'TeacherClassifier', LOSS + 'type': 'TriedLoss'},
    ),
    'test of averaged weights, momentum 0.03': tried(
        {'custom_hooks': [dict(type='EMAHook', momentum=0.03)]},
    ),
    'task encoding at the full rate': tried(
        {'optim_wrapper.paramwise_cfg.custom_keys.task_encoding.lr_mult': 1.0},
    ),
    'w(q) of rank 4': tried({HEAD + 'classifier.type': 'LowRankAdapter'}),
    'w(q) added to a free layer': tried(
        {HEAD + 'classifier.type': 'ResidualAdapter'}
    ),
    'strong view: elastic too': tried(
        {STRONG_VIEW: [AFFINE, ELASTIC, BRIGHTNESS, ERASING]},
    ),
    'strong view: wider affine': tried(
        {STRONG_VIEW: [WIDER, BRIGHTNESS, ERASING]},
    ),
}


@MODELS.register_module()
class TriedLoss(PartialBCEPseudoConsistLoss):
    """The loss with other pseudo-labels for unannotated entries.

    Args:
        align (bool): Whether the logits of a class are shifted by as much as
            the mean of its latest unannotated answers is from its annotated
            prevalence, in logits; the mean then comes close to it.
        prevalence_tau (bool): Whether tau of a class is the answer above which
            as many of its latest unannotated answers lie as are annotated
            positive.
        memory (int): How many images the latest are.
        **kwargs: As in ``PartialBCEPseudoConsistLoss``.
    """

    def __init__(
        self,
        align: bool = False,
        prevalence_tau: bool = False,
        memory: int = 256,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.align = align
        self.prevalence_tau = prevalence_tau
        self.memory = memory
        self.teacher: Tensor | None = None  # logits, (N, C)
        self._latest: Tensor | None = None  # (memory, C), NaN: annotated
        self._positive: Tensor | float = 0.0  # (C,), since the start
        self._annotated: Tensor | float = 0.0

    def losses(
        self, cls_score: Tensor, target: Tensor | PixelTarget
    ) -> dict[str, Tensor]:
        """Count the annotated labels, then return the terms of the loss."""
        assert isinstance(target, Tensor)
        self._positive = self._positive + target.nan_to_num().sum(0)
        self._annotated = self._annotated + (~target.isnan()).sum(0)
        return super().losses(cls_score, target)

    @torch.no_grad()
    def pseudo_label(
        self, weak: Tensor, label: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return labels from the latest answers, or from a teacher."""
        answer = (weak if self.teacher is None else self.teacher).sigmoid()
        rows = answer.masked_fill(known, float('nan'))
        if self._latest is not None:
            rows = torch.cat([self._latest, rows])
        self._latest = rows = rows[-self.memory :]
        prevalence = self._positive / torch.as_tensor(
            self._annotated
        ).clamp_min(1)
        if self.align:
            mean = rows.nanmean(0).nan_to_num(0.5).clamp(1e-3, 1 - 1e-3)
            shift = prevalence.clamp(1e-2, 1 - 1e-2).logit() - mean.logit()
            answer = (answer.clamp(1e-5, 1 - 1e-5).logit() + shift).sigmoid()
        if not self.prevalence_tau:
            pseudo = sharpen(answer, self.tau, self.temperature)
            return pseudo, ~known
        tau = rows.nanquantile(1 - prevalence, dim=0).diagonal()
        hard = (answer > tau.nan_to_num(self.tau)).to(answer.dtype)
        return torch.lerp(answer, hard, 1 / self.temperature), ~known


@MODELS.register_module()
class TeacherClassifier(DualViewImageClassifier):
    """Pseudo-labels from an average of the weights (mean teacher)."""

    _averaged: tuple[ExponentialMovingAverage, ...] = ()

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Ask the averaged weights about the weak view first."""
        student = nn.ModuleList([self.backbone, self.neck, self.head])
        if not self._averaged:
            # In a tuple, so that it is no part of the model.
            self._averaged = (
                # It normalises by the batch, as the student does.
                ExponentialMovingAverage(student, 0.03),
            )
        self._averaged[0].update_parameters(student)
        backbone, neck, head = self._averaged[0].module
        with torch.no_grad(), frozen_running_stats(backbone):
            logits = head(neck(backbone(inputs[: len(data_samples)])))
        self.head.loss_module.teacher = logits
        return super().loss(inputs, data_samples)


@MODELS.register_module()
class LowRankAdapter(DynamicAdapter):
    """w of rank 4: the classes share four directions of the feature."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.kernel
        self.directions = nn.Parameter(torch.empty(self.in_channels, 4))
        self.mix = nn.Parameter(torch.empty(4, self.num_classes))
        nn.init.orthogonal_(self.directions)
        nn.init.uniform_(self.mix, -0.5, 0.5)  # the scale of a linear layer

    def class_weights(self) -> Tensor:
        """Return w(q), (n, m), of rank 4."""
        return self.task_encoding @ (self.directions @ self.mix).T


@MODELS.register_module()
class ResidualAdapter(DynamicAdapter):
    """w(q) added to a free linear layer, which starts at 0."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.free = nn.Parameter(
            torch.zeros(self.num_classes, self.in_channels)
        )

    def class_weights(self) -> Tensor:
        """Return w(q) and the free weights, (n, m)."""
        return super().class_weights() + self.free


def validate(name: str, seed: int, data_root: str | None) -> float:
    """Train with an option.

    Args:
        name (str): One of ``OPTIONS``.
        seed (int): Of the training and its images.
        data_root (str, optional): In place of ``data/``.

    Returns:
        float: Mean AUC on validation digits, in %.
    """
    torch.set_num_threads(1)
    cfg = plain_config(load_recipe(OPTIONS[name]))
    move_data(cfg, data_root)
    set_seed(cfg, seed)
    cfg.val_dataloader.dataset.num_samples = NUM_VALIDATION
    cfg.experiment_name = f'{name}_{seed}'
    cfg.launcher, cfg.log_level = 'none', 'ERROR'
    cfg.default_hooks.checkpoint = None
    for name in ('run_summary', 'run_report', 'label_report'):
        del cfg.default_hooks[name]
    with tempfile.TemporaryDirectory() as folder:
        cfg.work_dir = folder
        runner = build_runner(cfg)
        runner.train()
    return runner.message_hub.get_scalar('val/auc/mean').current()


def main() -> None:
    """Print a Markdown table of all options."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--seeds', type=int, default=5)
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--data-root', help='holds mnist/ (default: data/)')
    args = parser.parse_args()
    seeds = range(FIRST_SEED, FIRST_SEED + args.seeds)
    spawn = multiprocessing.get_context('spawn')
    print(markdown_row(['option', 'AUC', 'gain', 'paired 95 %', 'paired p']))
    print(markdown_row(['---'] + ['---:'] * 4))
    with ProcessPoolExecutor(args.jobs, spawn) as pool:
        futures = {
            name: [
                pool.submit(validate, name, seed, args.data_root)
                for seed in seeds
            ]
            for name in OPTIONS
        }
        recipe = [future.result() for future in futures['recipe']]
        for name, waiting in futures.items():
            found = [future.result() for future in waiting]
            print(table_row(name, found, recipe), flush=True)


def table_row(
    name: str, found: Sequence[float], recipe: Sequence[float]
) -> str:
    """Compare an option with the recipe.

    Args:
        name (str): Name of the option.
        found (Sequence[float]): Its values, by seed.
        recipe (Sequence[float]): Those of the recipe.

    Returns:
        str: A row of the Markdown table. The p-value is not corrected for the
        number of options.
    """
    gain = np.mean(found) - np.mean(recipe)
    test = paired_seed_test(recipe, found)
    spread = np.std(found, ddof=1) if len(found) > 1 else 0.0
    cells = [f'{np.mean(found):.2f} ± {spread:.2f}', f'{gain:+.2f}']
    return markdown_row([name, *cells, interval_text(test, 2), p_text(test)])


if __name__ == '__main__':
    main()
