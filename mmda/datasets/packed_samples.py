"""The data samples that a pipeline packs, and the labels in them."""

from __future__ import annotations

from typing import Any

from mmengine.structures import BaseDataElement

from mmda.structures import UNKNOWN_PIXEL, PartialLabelMap, as_partial


def protect_labels(results: Any) -> None:
    """Let the labels of packed samples check the loss that they reach.

    Args:
        results (Any): What a pipeline gives, with one or several data samples
            as ``data_samples``. Changed in place: ``gt_score`` becomes a
            :class:`PartialScore` if an entry is unannotated, and
            ``gt_sem_seg`` a :class:`PartialLabelMap` if a pixel carries none
            of the annotated classes.
    """
    for sample in packed_samples(results):
        if 'gt_score' in sample:
            sample.set_field(as_partial(sample.gt_score), 'gt_score')
        annotated = sample.metainfo.get('annotated_classes')
        if annotated is not None and 'gt_sem_seg' in sample:
            label = sample.gt_sem_seg.data
            of_no_class = (label >= len(annotated)) & (label != UNKNOWN_PIXEL)
            if of_no_class.any():
                checked = label.as_subclass(PartialLabelMap)
                sample.gt_sem_seg.data = checked


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
