"""Hide labels of a fully labelled data set."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any
from zipfile import BadZipFile

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmda.files import replacing
from mmda.structures import (
    UNANNOTATED,
    class_indices,
    positive_label,
    score_of,
)

from .dataset_wrapper import DatasetWrapper, scores_of

SCHEMES = ('classes', 'random', 'single_positive')


@DATASETS.register_module()
class MissingLabels(DatasetWrapper):
    """Hide labels of a data set, to measure what the missing labels cost.

    The schemes:

    - ``'classes'``: only ``labeled_classes`` stay annotated, in every image;
    - ``'random'``: each entry (image and class) is hidden with the
      probability ``fraction``, independently of all other entries;
    - ``'single_positive'``: each image keeps one of its positive labels, drawn
      at random, and nothing else [0]. An image without a positive label keeps
      no label.

    An entry that the source does not annotate stays not annotated. The
    wrapper works inside of ``PartialLabelDataset`` and around it.

    [0] Cole et al., Multi-Label Learning from Single Positive Labels, CVPR
    2021.

    Args:
        dataset (dict | BaseDataset): The source, with image labels.
        scheme (str): One of the schemes above.
        labeled_classes (Sequence[str], optional): For ``'classes'``.
        fraction (float, optional): For ``'random'``, in [0, 1].
        seed (int): Seed of the draw. Defaults to 0.
        mask_file (str, optional): ``.npz`` file of the mask. It is written if
            it does not exist, and read if it exists. So a run can be repeated
            elsewhere with the same labels. Defaults to None, no file.
        **kwargs: Other arguments of :class:`DatasetWrapper`.

    Raises:
        ValueError: If the arguments do not fit the scheme, if a class is
            unknown, if the source has pixel labels, or if ``mask_file`` was
            made with other arguments or for other labels.

    Examples:
        >>> dataset = MissingLabels(
        ...     dict(type='Digits'), 'random', fraction=0.5)
        >>> dataset.get_data_info(0)['gt_score'][:5].tolist()
        [1.0, nan, nan, nan, 0.0]
    """

    def __init__(
        self,
        dataset: dict | BaseDataset,
        scheme: str,
        labeled_classes: Sequence[str] | None = None,
        fraction: float | None = None,
        seed: int = 0,
        mask_file: str | None = None,
        **kwargs: Any,
    ) -> None:
        _check_arguments(scheme, labeled_classes, fraction)
        self.scheme = scheme
        self.labeled_classes = labeled_classes
        self.fraction = fraction
        self.seed = seed
        self.mask_file = mask_file
        super().__init__(dataset, **kwargs)

    def choose(self, total: int, classes: tuple[str, ...]) -> np.ndarray:
        """Draw the mask, or read it from its file. All images stay.

        Args:
            total (int): Number of images of the source.
            classes (tuple[str, ...]): Classes of the source.

        Returns:
            ndarray: int64 (N,), 0 to N - 1.
        """
        if getattr(self.dataset, 'has_pixel_labels', False):
            raise ValueError(
                f'{self.name}: the source has pixel labels, expected image '
                'labels'
            )
        scores = scores_of(self.dataset, len(classes))
        #: bool (N, C), True where the label stays. Rows are source images.
        self.kept: np.ndarray
        if self.mask_file is None:
            self.kept = self._draw(scores, classes)
            return np.arange(total)
        made_from = self._made_from(scores, classes)
        if os.path.exists(self.mask_file):
            self.kept = _read_mask(self.mask_file, made_from)
        else:
            self.kept = self._draw(scores, classes)
            _write_mask(self.mask_file, self.kept, made_from)
        return np.arange(total)

    def _draw(
        self, scores: np.ndarray, classes: tuple[str, ...]
    ) -> np.ndarray:
        annotated = ~np.isnan(scores)
        if self.scheme == 'classes':
            stays = np.zeros(len(classes), dtype=bool)
            stays[
                class_indices(
                    self.labeled_classes or (),
                    classes,
                    f'labeled_classes of {self.name}',
                )
            ] = True
            return annotated & stays
        generator = np.random.default_rng(self.seed)
        # One draw per entry, annotated or not. So one more class in the
        # source does not change what is hidden in the rest of the row.
        draws = generator.random(scores.shape)
        if self.fraction is not None:
            return annotated & (draws >= self.fraction)
        # Keep the positive entry with the greatest draw of its image.
        draws[~(scores > 0.5)] = -1.0
        chosen = draws.argmax(axis=1)[:, None] == np.arange(len(classes))
        return chosen & (draws >= 0)

    def _made_from(
        self, scores: np.ndarray, classes: tuple[str, ...]
    ) -> dict[str, Any]:
        """Return what the mask depends on."""
        settings: dict[str, Any] = dict(scheme=self.scheme)
        if self.labeled_classes is not None:
            settings['labeled_classes'] = list(self.labeled_classes)
        else:
            settings['seed'] = self.seed
        if self.fraction is not None:
            settings['fraction'] = self.fraction
        # A hash tells label tables apart without storing the labels.
        data = np.ascontiguousarray(scores, dtype=np.float32)
        digest = hashlib.blake2b(data.tobytes(), digest_size=8).hexdigest()
        labels = f'{data.shape} {digest}'
        return dict(settings=settings, classes=list(classes), labels=labels)

    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of one image without the hidden labels.

        Args:
            idx (int): Index of the image. Negative ones count from the end.

        Returns:
            dict: ``gt_score`` (float32, (C,), NaN where hidden or not
            annotated), and ``gt_label``, the positive classes that are left.
        """
        info = super().get_data_info(idx)
        kept = self.kept[self.source_index(idx)]
        score = score_of(info, len(kept))
        info['gt_score'] = np.where(kept, score, np.float32(UNANNOTATED))
        info['gt_label'] = positive_label(info['gt_score'])
        return info


def _write_mask(
    path: str, kept: np.ndarray, made_from: dict[str, Any]
) -> None:
    settings = json.dumps(made_from['settings'])
    # Several processes may write the file. NumPy adds a suffix to a name.
    with replacing(path) as part, open(part, 'wb') as file:
        np.savez_compressed(
            file, kept=kept, **{**made_from, 'settings': settings}
        )


def _read_mask(path: str, made_from: dict[str, Any]) -> np.ndarray:
    """Read a mask, bool (N, C), and check what it was made from."""
    try:
        with np.load(path, allow_pickle=False) as file:
            kept = file['kept']
            found = {name: file[name].tolist() for name in made_from}
        found['settings'] = json.loads(str(found['settings']))
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise ValueError(f'{path} is no mask of labels: {error!r}') from error
    for what, expected in made_from.items():
        if found[what] != expected:
            raise ValueError(
                f'the mask {path} was made for other {what}: found '
                f'{found[what]}, expected {expected}. Name another file, '
                'or remove this one'
            )
    return kept


def _check_arguments(
    scheme: str,
    labeled_classes: Sequence[str] | None,
    fraction: float | None,
) -> None:
    if scheme not in SCHEMES:
        raise ValueError(
            f'scheme of MissingLabels: found {scheme!r}, expected one of '
            f'{SCHEMES}'
        )
    if (scheme == 'classes') != (labeled_classes is not None) or isinstance(
        labeled_classes, str
    ):
        raise ValueError(
            f'MissingLabels: found labeled_classes={labeled_classes!r} with '
            f"scheme={scheme!r}; expected a list with scheme='classes', and "
            'None with another scheme'
        )
    if (scheme == 'random') != (fraction is not None) or not (
        fraction is None or 0 <= fraction <= 1
    ):
        raise ValueError(
            f'MissingLabels: found fraction={fraction!r} with '
            f'scheme={scheme!r}; expected a number in [0, 1] with '
            "scheme='random', and None with another scheme"
        )
