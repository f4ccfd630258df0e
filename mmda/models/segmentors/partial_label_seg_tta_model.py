"""Test-time augmentation that averages answers of independent questions."""

from __future__ import annotations

import torch
from mmengine.registry import MODELS
from mmengine.structures import PixelData
from mmseg.models import SegTTAModel
from mmseg.structures import SegDataSample


@MODELS.register_module()
class PartialLabelSegTTAModel(SegTTAModel):
    """``SegTTAModel`` for answers that are probabilities of their own.

    The stock class averages the softmax over classes, and leaves the logits
    of one augmentation in ``seg_logits``. Here the sigmoids are averaged, and
    ``seg_logits`` holds their logit, so that a threshold on the answers means
    the same with and without augmentation.

    The arguments are those of ``SegTTAModel``.
    """

    def merge_preds(
        self, data_samples_list: list[list[SegDataSample]]
    ) -> list[SegDataSample]:
        """Merge the predictions of all augmentations of each image.

        Args:
            data_samples_list (list[list[SegDataSample]]): A list per image,
                with ``seg_logits`` of the original image's size.

        Returns:
            list[SegDataSample]: One per image: the first augmentation's, with
            ``seg_logits`` (C, H, W) and ``pred_sem_seg`` (1, H, W) merged.
        """
        merged = []
        for samples in data_samples_list:
            answer = torch.stack(
                [sample.seg_logits.data.sigmoid() for sample in samples]
            ).mean(dim=0)
            best = answer.argmax(dim=0, keepdim=True)
            logits = torch.logit(answer, eps=1e-7)
            sample = samples[0]
            sample.set_data(
                dict(
                    seg_logits=PixelData(data=logits),
                    pred_sem_seg=PixelData(data=best),
                )
            )
            merged.append(sample)
        return merged
