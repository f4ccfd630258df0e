"""Find planted label errors: the ranking of ``mmda audit`` and others.

Some annotated entries of real images are flipped. Logistic regression on
random patches, out of fold, stands in for a network: it takes seconds. Its
answers go through the function that ``mmda audit`` calls. Half of the images
annotate the first six tenths of the classes, half the last six tenths.

Columns: precision of the first 50, of the first 100, and of as many as were
flipped (there it is the recall, too); recall of the whole list; its length.

Example: ``python benchmarks/label_errors.py cifar10 data/cifar10``, or
``python benchmarks/label_errors.py nih64 data/nih64``.
"""

from __future__ import annotations

import argparse

import mmcv
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.fileio import get
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from mmda.datasets import ChestXray14, LocalCIFAR10
from mmda.evaluation.functional import label_errors, label_quality


def read(name: str, root: str, num: int) -> tuple[np.ndarray, ...]:
    """Return pixels (N, channels, H, W), labels (N, C) and patients (N,).

    Args:
        name (str): 'cifar10' or 'nih64'.
        root (str): Folder of the data.
        num (int): Number of images at most.

    Returns:
        tuple[ndarray, ...]: float32, float32 and str.
    """
    if name == 'cifar10':
        dataset = LocalCIFAR10(root, split='train')
    else:
        dataset = ChestXray14(data_root=root, split='all')
    infos = [dataset.get_data_info(i) for i in range(min(num, len(dataset)))]
    images = [
        info['img']
        if 'img' in info
        else mmcv.imfrombytes(get(info['img_path']), 'grayscale')[..., None]
        for info in infos
    ]
    pixels = np.stack(images).transpose(0, 3, 1, 2).astype(np.float32)
    patients = [
        info.get('patient_id') or str(i) for i, info in enumerate(infos)
    ]
    labels = np.stack([info['gt_score'] for info in infos])
    return pixels / 127.5 - 1, labels, np.array(patients, dtype=str)


@torch.no_grad()
def features(pixels: np.ndarray, num: int = 256, size: int = 6) -> np.ndarray:
    """Correlate images with some of their patches, and pool by quadrant.

    Args:
        pixels (ndarray): float32 (N, channels, H, W).
        num (int): Number of patches.
        size (int): Their side.

    Returns:
        ndarray: (N, 200), principal components; the first has variance 1.
    """
    generator = np.random.default_rng(0)
    patches = []
    for image in pixels[generator.integers(0, len(pixels), num)]:
        top, left = generator.integers(0, image.shape[-1] - size, 2)
        patches.append(image[:, top : top + size, left : left + size])
    kernel = torch.tensor(np.stack(patches))
    kernel = kernel - kernel.mean((1, 2, 3), keepdim=True)
    kernel /= kernel.flatten(1).norm(dim=1)[:, None, None, None] + 1e-3
    found = []
    for block in torch.tensor(pixels).split(100):
        maps = F.conv2d(block, kernel, stride=2)
        maps = torch.cat([maps, -maps], 1).sub(0.3).relu()
        found.append(F.adaptive_avg_pool2d(maps, 2).flatten(1))
    stacked = torch.cat(found).sqrt().numpy()
    found = PCA(200, random_state=0).fit_transform(stacked)
    return found / found[:, 0].std()


def out_of_fold(
    inputs: np.ndarray, target: np.ndarray, patients: np.ndarray, folds: int
) -> np.ndarray:
    """Answer each image by a model that has not seen its patient.

    Args:
        inputs (ndarray): (N, D).
        target (ndarray): (N, C), NaN where not annotated.
        patients (ndarray): (N,).
        folds (int): Number of models per class.

    Returns:
        ndarray: float32 (N, C), probabilities.
    """
    score = np.full(target.shape, np.nan, dtype=np.float32)
    for train, test in GroupKFold(folds).split(inputs, groups=patients):
        for index in range(target.shape[1]):
            rows = train[~np.isnan(target[train, index])]
            model = LogisticRegression(C=10, max_iter=200)
            model.fit(inputs[rows], target[rows, index] > 0.5)
            score[test, index] = model.predict_proba(inputs[test])[:, 1]
    return score


def rankings(score: np.ndarray, target: np.ndarray) -> dict[str, np.ndarray]:
    """Rank the entries, the most suspicious first.

    Args:
        score (ndarray): (N, C), probabilities.
        target (ndarray): (N, C), NaN where not annotated.

    Returns:
        dict[str, ndarray]: Name -> flat positions.
    """
    classes = range(target.shape[1])
    audit = np.full(target.shape, np.inf)
    for c in classes:
        errors = label_errors(score[:, c], target[:, c])
        audit[errors.rows, c] = errors.quality
    rates = np.broadcast_to(np.nanmean(target, axis=0), target.shape)
    frequency = label_quality(rates.copy(), target)
    plain = label_quality(score, target)
    is_yes = target > 0.5
    high, low = (
        np.nanmean(np.where(side, plain, np.nan), axis=0)
        for side in (is_yes, target < 0.5)
    )
    own = plain - np.where(is_yes, high, low)
    other = 1 - plain - np.where(is_yes, low, high)
    is_joint = (other >= 0) & ((own < 0) | (plain < 0.5))
    return {
        'label frequency, no image': _order(frequency),
        'self-confidence': _order(plain),
        'confident joint, by self-confidence': _order(
            np.where(is_joint, plain, np.inf)
        ),
        'confident joint, by adjusted margin': _order(
            np.where(is_joint, own - other, np.inf)
        ),
        'mmda audit': _order(audit),
    }


def _order(quality: np.ndarray) -> np.ndarray:
    flat = np.where(np.isfinite(quality), quality, np.inf).ravel()
    return np.argsort(flat, kind='stable')[: np.isfinite(flat).sum()]


def main() -> None:
    """Print precision and recall of each ranking."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('data', choices=('cifar10', 'nih64'))
    parser.add_argument('root')
    parser.add_argument('--images', type=int, default=5000)
    parser.add_argument('--flipped', type=float, default=0.05)
    parser.add_argument('--folds', type=int, default=5)
    parser.add_argument('--seeds', type=int, default=5)
    args = parser.parse_args()
    pixels, labels, patients = read(args.data, args.root, args.images)
    num, total = labels.shape
    width = -(-6 * total // 10)
    labels[: num // 2, width:] = np.nan
    labels[num // 2 :, : total - width] = np.nan
    known = np.flatnonzero(~np.isnan(labels))
    num_planted = round(args.flipped * len(known))
    inputs = features(pixels)
    found: dict[str, list] = {}
    for seed in range(args.seeds):
        generator = np.random.default_rng(seed)
        planted = generator.choice(known, num_planted, replace=False)
        target = labels.copy()
        target.flat[planted] = 1 - target.flat[planted]
        score = out_of_fold(inputs, target, patients, args.folds)
        for name, order in rankings(score, target).items():
            hits = np.isin(order, planted)
            found.setdefault(name, []).append(
                [
                    *(hits[:k].mean() for k in (50, 100, num_planted)),
                    hits.sum() / num_planted,
                    len(hits),
                ]
            )
    print(
        f'{args.data}: {num:,} images, {len(known):,} labels, {num_planted:,} '
        f'flipped (chance: {args.flipped:.3f}), {args.seeds} seeds'
    )
    for name, rows in found.items():
        means, spreads = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
        cells = zip(means[:-1], spreads[:-1], strict=True)
        print(f'{name:36}', *(f'{m:.3f} +- {s:.3f}' for m, s in cells), end='')
        print(f' {means[-1]:8.0f} listed')


if __name__ == '__main__':
    main()
