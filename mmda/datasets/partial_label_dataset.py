"""Put any source dataset into the joint label space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmda.structures import (
    UNKNOWN_PIXEL,
    LabelRules,
    LabelSpace,
    positive_label,
    read_rules,
    rename_classes,
    resolve_classes,
)

from .class_matching import annotated_columns
from .image_labels import ImageLabels
from .parts import Part, draw_samples, is_split
from .pixel_labels import PixelLabels, joint_palette, pixel_rules
from .wrappers.dataset_wrapper import (
    DatasetWrapper,
    images_of,
    known_patients,
    patients_of,
)


@DATASETS.register_module()
class PartialLabelDataset(DatasetWrapper):
    """Put one source dataset into the joint label space.

    The wrapper keeps the images of the source and rewrites the labels. The
    contract is in :mod:`mmda.structures.partial_label`:

    - image labels become ``gt_score``, float32 of shape (C,), NaN where the
      source does not annotate the class. The stock tools read ``gt_label``,
      so it lists the annotated, positive classes;
    - pixel labels become a label map in joint indices, with the list of
      annotated classes in the metainfo.

    Wrap each source like this. All sources then have equal ``metainfo``, so
    the stock ``ConcatDataset`` joins them.

    Args:
        dataset (dict | BaseDataset): The source, any dataset of mmpretrain or
            mmseg.
        classes (Sequence[str] | str): The joint label space, equal for all
            sources. Or the file of ``mmda label_space``, such as
            'space.json': then its aliases and its rules are used, too.
        labeled_classes (Sequence[str], optional): Classes whose labels are
            used, in the spelling of the source or of the label space.
            Defaults to every class of the source that the label space has.
        aliases (Mapping[str, str], optional): Spelling of the source -> name
            in the label space.
        keep_apart (Sequence[str]): Classes whose meaning differs from source
            to source. In the label space they are called
            ``'<class> (<name>)'``.
        name (str, optional): Name of the source. Every sample carries it as
            ``source``. Defaults to the class name of ``dataset``.
        num_samples (int, optional): How many images to draw, without
            replacement. Defaults to None, all images.
        seed (int, optional): Seed of ``num_samples`` and ``part``. Defaults
            to 0.
        part (tuple, optional): (k, n): use the k-th of n disjoint random
            parts of the images. Counting starts at 0. The sizes of the parts
            differ by at most one image. k may be a list: use these parts
            together. ``num_samples`` draws from this part. Or (name, file):
            a part of the file that ``mmda split`` wrote, such as
            ``('train', 'splits.csv')`` or ``([1, 2, 3], 'splits.csv')``.
        part_of (str): What ``part`` divides: 'images', or 'patients', so that
            no patient is in two parts. Defaults to 'images'. A file of
            ``mmda split`` has decided this. With 'patients', it is then an
            error if a patient is in two parts.
        exclusive (bool, optional): For label maps: whether a pixel has at
            most one class, so that an annotated class excludes all other
            classes. Defaults to True. It is short for
            ``rules=dict(at_most_one=[classes])``. If False, and if
            a class is not annotated, the model needs a ``DynamicAdapterHead``
            with a loss of mmda. The targets of other heads do not say which
            classes an image annotates.
        background_classes (Sequence[str]): For label maps: classes of the
            source that are not in the label space, but that an evaluation
            counts separately. A loss treats all of them as "none of the
            annotated classes".
        contradictions (str): What to do with an image that the source has
            twice, positive in a class in one row and negative in another.
            'ignore': these labels count as not annotated, and a warning names
            the images. 'error': the images are an error. Images are compared
            by path, in the whole source. The same holds for labels of an
            image that break the ``rules``. Defaults to 'ignore'.
        rules (LabelRules | Mapping | str, optional): Rules between the
            classes of the label space, such as
            ``dict(implies={'Pneumonia': ['Lung Opacity']})``, a JSON file, or
            'chest_xray', see :func:`~mmda.structures.read_rules`. They fill
            the entries that the labels of an image determine. For label maps:
            ``at_most_one`` or ``exactly_one`` of all classes.
        **kwargs: Other arguments of :class:`DatasetWrapper`: ``pipeline``,
            ``test_mode``, ``indices`` (applied after ``num_samples``),
            ``lazy_init`` and ``max_refetch``.

    Raises:
        ValueError: If the source is empty, if a class is unknown or given
            twice, if ``num_samples`` exceeds the source, if an option has
            another value, or if ``part_of`` is 'patients' and an image has no
            patient. With ``contradictions='error'``, also if the labels of an
            image differ.

    Examples:
        >>> dataset = PartialLabelDataset(
        ...     dict(type='Digits', digits=range(1, 8)),
        ...     classes=[str(d) for d in range(1, 8)],
        ...     labeled_classes=['1', '2', '3'])
        >>> dataset.get_data_info(0)['gt_score'].round(0).tolist()[3:]
        [nan, nan, nan, nan]
    """

    def __init__(
        self,
        dataset: dict | BaseDataset,
        classes: Sequence[str] | str,
        labeled_classes: Sequence[str] | None = None,
        aliases: Mapping[str, str] | None = None,
        keep_apart: Sequence[str] = (),
        name: str | None = None,
        num_samples: int | None = None,
        seed: int | None = None,
        part: Part | None = None,
        part_of: str = 'images',
        exclusive: bool | None = None,
        background_classes: Sequence[str] = (),
        contradictions: str = 'ignore',
        rules: LabelRules | Mapping[str, Any] | str | None = None,
        lazy_init: bool = False,
        **kwargs: Any,
    ) -> None:
        classes, aliases, rules = resolve_classes(classes, aliases, rules)
        _check_options(
            classes=classes,
            labeled_classes=labeled_classes,
            keep_apart=keep_apart,
            background_classes=background_classes,
            aliases=aliases,
            num_samples=num_samples,
            seed=seed,
        )
        # Reading the source needs the attributes that follow.
        super().__init__(dataset, lazy_init=True, **kwargs)
        self.label_space = LabelSpace(tuple(classes or ()))
        self.labeled_classes = labeled_classes
        self.aliases = dict(aliases or {})
        self.keep_apart = tuple(keep_apart)
        self.name = name or type(self.dataset).__name__
        self.num_samples = num_samples
        self.seed = 0 if seed is None else seed
        self.part = part
        self._check_choice('part_of', part_of, 'images', 'patients')
        self.part_of = part_of
        self.exclusive = exclusive
        self.background_classes = tuple(background_classes)
        self._check_choice('contradictions', contradictions, 'ignore', 'error')
        self.contradictions = contradictions
        self.rules = read_rules(rules, self.label_space.classes)
        #: What the labels of images become. None for label maps.
        self.image_labels: ImageLabels | None = None
        self._pixel_labels: PixelLabels | None = None
        # A stock tool of mmseg reads it in place of `metainfo`.
        self.METAINFO = self.metainfo
        if not lazy_init:
            self.full_init()

    @property
    def has_pixel_labels(self) -> bool:
        """bool: Whether the source is a segmentation dataset."""
        return 'label_map' in (getattr(self.dataset, 'metainfo', None) or {})

    # Some stock tools read these. In a joint label map, 255 is unknown.
    ignore_index = UNKNOWN_PIXEL
    reduce_zero_label = False

    @property
    def CLASSES(self) -> tuple[str, ...]:  # noqa: N802
        """tuple[str, ...]: The joint label space."""
        return self.label_space.classes

    @property
    def metainfo(self) -> dict:
        """dict: ``classes``, and ``palette`` for label maps.

        It is equal for all sources of a label space.
        """
        metainfo: dict[str, Any] = dict(classes=self.label_space.classes)
        if self.has_pixel_labels:
            metainfo['palette'] = joint_palette(len(self.label_space))
            if self.background_classes:
                metainfo['background_classes'] = self.background_classes
        return metainfo

    def choose(self, total: int, classes: tuple[str, ...]) -> np.ndarray:
        """Match the classes with the label space, and draw the images.

        Args:
            total (int): Number of images of the source.
            classes (tuple[str, ...]): Classes of the source.

        Returns:
            ndarray: int64 (N,), ascending indices in the source.
        """
        joint_names = rename_classes(
            classes, self.aliases, self.keep_apart, self.name
        )
        own, joint = self._columns = annotated_columns(
            classes,
            joint_names,
            self.label_space,
            self.labeled_classes,
            self.name,
        )
        if self.has_pixel_labels:
            self.exclusive, exactly_one = pixel_rules(
                self.rules, self.exclusive, self.name
            )
            self._pixel_labels = PixelLabels(
                self.dataset.metainfo['label_map'],
                joint_names,
                own,
                joint,
                self.label_space,
                self.background_classes,
                getattr(self.dataset, 'ignore_index', UNKNOWN_PIXEL),
                self.name,
                exactly_one,
            )
        else:
            self.image_labels = ImageLabels(
                self.dataset,
                classes,
                own,
                joint,
                len(self.label_space),
                self.rules,
                self.contradictions,
                self.name,
            )
        by_patient = self.part is not None and self.part_of == 'patients'
        return draw_samples(
            total,
            self.part,
            self.num_samples,
            self.seed,
            self.name,
            patients_of(self.dataset, self.name) if by_patient else None,
            images_of(self.dataset) if is_split(self.part) else None,
            known_patients(self.dataset) if is_split(self.part) else None,
        )

    def _check_choice(
        self, option: str, value: str, first: str, second: str
    ) -> None:
        if value not in (first, second):
            raise ValueError(
                f'{option} of {self.name}: found {value!r}, expected '
                f'{first!r} or {second!r}'
            )

    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of one image in the joint label space.

        Args:
            idx (int): Index of the image. Negative ones count from the end.

        Returns:
            dict: The fields of the source, and ``source``, ``patient_id`` and
            ``sample_idx``. With image labels also ``gt_score`` (float32,
            (C,), NaN where not annotated) and ``gt_label``: the indices of
            the annotated, positive classes, or the index if it is one. With
            pixel labels also ``label_map``, ``annotated_classes`` (bool,
            (C,)) and ``exclusive``.
        """
        info = super().get_data_info(idx)
        pixels = self._pixel_labels
        if pixels is None:
            self._move_image_labels(info)
        else:
            info['label_map'] = pixels.label_map
            info['annotated_classes'] = pixels.annotated
            info['exclusive'] = self.exclusive
        info['source'] = self.name
        info.setdefault('patient_id', None)
        return info

    def _move_image_labels(self, info: dict) -> None:
        """Move the labels of an image to their columns in the label space."""
        assert self.image_labels is not None
        idx = info['sample_idx']
        try:
            score = self.image_labels.score(info, self.source_index(idx))
        except ValueError as error:
            image = info.get('img_path', idx)
            raise ValueError(
                f'image {image} of {self.name}: {error}'
            ) from error
        info['gt_score'] = score
        info['gt_label'] = positive_label(score)

    def apply_pipeline(self, info: dict) -> Any:
        """Run the pipeline, and check a label map when it is loaded."""
        if self._pixel_labels is None:
            return self.pipeline(info)
        return self._pixel_labels.run(self.pipeline, info)

    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the joint indices of the annotated, positive classes.

        Args:
            idx (int): Index of the image.

        Returns:
            list[int]: Possibly empty. ``ClassBalancedDataset`` asks for it,
            around one source: ``ConcatDataset`` has no such method.

        Raises:
            TypeError: If the source has pixel labels. Its label maps are
                first read in training.
        """
        if self.has_pixel_labels:
            raise TypeError(
                f'{self.name} has pixel labels: the classes of an image are '
                'not known before its label map is read, so a sampler by '
                'class cannot be used'
            )
        return super().get_cat_ids(idx)

    @property
    def selected(self) -> np.ndarray:
        """ndarray: int64 (N,), indices of the images used in ``dataset``."""
        self.full_init()
        return self.data_list

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """tuple[ndarray, ndarray]: Annotated classes, as indices.

        First the indices in the source, then those in the label space.
        """
        self.full_init()
        return self._columns

    @property
    def annotated_classes(self) -> tuple[str, ...]:
        """tuple[str, ...]: Joint names of the annotated classes."""
        return tuple(self.label_space.classes[i] for i in self.columns[1])


def _check_options(**options: Any) -> None:
    """Refuse values of a wrong type, which would fail later or mislead."""
    for option, value in options.items():
        if value is None:
            continue
        if option in ('num_samples', 'seed'):
            is_valid = isinstance(value, (int, np.integer))
            is_valid = is_valid and not isinstance(value, bool)
            expected = 'a whole number'
        elif option == 'aliases':
            is_valid = isinstance(value, Mapping)
            expected = 'names by spelling, such as {"Effusions": "Effusion"}'
        else:
            # A string is a sequence of letters.
            is_valid = isinstance(value, (list, tuple))
            is_valid = is_valid and all(isinstance(n, str) for n in value)
            expected = 'a list of class names'
        if not is_valid:
            raise ValueError(
                f'{option} of PartialLabelDataset: found {value!r}, expected '
                f'{expected}'
            )
