"""Test-time augmentation that averages answers of independent questions."""

from __future__ import annotations

import torch
from mmengine.registry import MODELS
from mmengine.structures import PixelData
from mmseg.models import SegTTAModel
from mmseg.structures import SegDataSample


@MODELS.register_module()
class PartialLabelSegTTAModel(SegTTAModel):
    """``SegTTAModel`` for answers that are independent probabilities.

    The stock class averages the softmax over classes, and leaves the logits
    of one augmentation in ``seg_logits``. This class averages the sigmoids,
    and ``seg_logits`` holds the logit of the average. So a threshold on the
    answers means the same with and without augmentation.

    Takes the same arguments as ``SegTTAModel``.
    """

    def merge_preds(
        self, data_samples_list: list[list[SegDataSample]]
    ) -> list[SegDataSample]:
        """Merge the predictions of all augmentations of each image.

        Args:
            data_samples_list (list[list[SegDataSample]]): A list per image,
                with ``seg_logits`` of the size of the original image.

        Returns:
            list[SegDataSample]: One per image: the sample of the first
            augmentation, with merged ``seg_logits`` (C, H, W) and
            ``pred_sem_seg`` (1, H, W).
        """
        merged = []
        for samples in data_samples_list:
            # In half precision, the answers to large logits are equal.
            answer = torch.stack(
                [s.seg_logits.data.float().sigmoid() for s in samples]
            ).mean(dim=0)
            best = answer.argmax(dim=0, keepdim=True)
            sample = samples[0]
            sample.seg_logits = PixelData(data=torch.logit(answer, eps=1e-7))
            sample.pred_sem_seg = PixelData(data=best)
            merged.append(sample)
        return merged
