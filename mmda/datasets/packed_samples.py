"""The data samples that a pipeline packs, and the labels in them."""

from __future__ import annotations

from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from mmpretrain.structures import DataSample

from mmda.structures import (
    UNKNOWN_PIXEL,
    OverlappingLabelMap,
    PartialLabelMap,
    PartialScore,
    as_partial,
)


class PartialLabelDataSample(DataSample):
    """A ``DataSample`` whose labels keep their check between processes.

    mmpretrain sends the tensors of its ``DataSample`` from a worker as arrays,
    which have no type to keep. Pickled to a file, this is a ``DataSample``.
    """

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle a stock sample, which a program without mmda can read."""
        return DataSample, (), self.__dict__


def protect_labels(results: Any) -> None:
    """Let the labels of packed samples check the loss that they reach.

    Args:
        results (Any): What a pipeline gives, with one or several data samples
            as ``data_samples``. Changed in place: ``gt_score`` becomes a
            ``PartialScore`` if an entry is unannotated, and ``gt_sem_seg`` a
            ``PartialLabelMap`` if a pixel carries none of the annotated
            classes, or an ``OverlappingLabelMap``.
    """
    if not packed_samples(results):
        return
    given = results['data_samples']
    if isinstance(given, (list, tuple)):
        results['data_samples'] = [_protect(sample) for sample in given]
    else:
        results['data_samples'] = _protect(given)


def packed_samples(results: Any) -> list[BaseDataElement]:
    """Return the data samples that a pipeline has packed.

    Args:
        results (Any): What the pipeline gives. Test-time augmentation packs
            several samples.

    Returns:
        list[BaseDataElement]: Possibly empty.
    """
    samples = results.get('data_samples') if isinstance(results, dict) else []
    if not isinstance(samples, (list, tuple)):
        samples = [samples]
    return [one for one in samples if isinstance(one, BaseDataElement)]


def _protect(sample: Any) -> Any:
    if not isinstance(sample, BaseDataElement):
        return sample
    if 'gt_score' in sample:
        score = as_partial(sample.gt_score)
        sample.set_field(score, 'gt_score')
        if type(sample) is DataSample and isinstance(score, PartialScore):
            return _like(PartialLabelDataSample, sample)
    annotated = sample.metainfo.get('annotated_classes')
    if annotated is not None and 'gt_sem_seg' in sample:
        label = sample.gt_sem_seg.data
        of_no_class = (label >= len(annotated)) & (label != UNKNOWN_PIXEL)
        may_overlap = not sample.metainfo.get('exclusive', True)
        if may_overlap and not all(annotated):
            sample.gt_sem_seg.data = label.as_subclass(OverlappingLabelMap)
        elif of_no_class.any():
            sample.gt_sem_seg.data = label.as_subclass(PartialLabelMap)
    return sample


def _like(kind: type[DataSample], sample: DataSample) -> DataSample:
    """Return a sample of another class with the same fields."""
    new = kind()
    new.__dict__ = sample.__dict__
    return new


def _reduce(sample: PartialLabelDataSample) -> tuple:
    # As mmpretrain does: an open file for each tensor would be too many.
    fields = dict(sample.__dict__)
    tensors = [k for k, v in fields.items() if isinstance(v, torch.Tensor)]
    fields.update({key: fields[key].numpy() for key in tensors})
    return _rebuild, (fields, tensors)


def _rebuild(fields: dict, tensors: list[str]) -> PartialLabelDataSample:
    sample = PartialLabelDataSample()
    for key in tensors:
        fields[key] = torch.from_numpy(fields[key])
    fields['gt_score'] = as_partial(fields['gt_score'])
    sample.__dict__ = fields
    return sample


ForkingPickler.register(PartialLabelDataSample, _reduce)
