"""What stands behind the command line tools."""

from .partial_label_inferencer import Answer, PartialLabelInferencer

__all__ = ['Answer', 'PartialLabelInferencer']
