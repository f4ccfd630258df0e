"""Say which labels there are before the training starts."""

from __future__ import annotations

import logging
from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmda.analysis.label_report import (
    label_report,
    positives_per_source,
    report_text,
)
from mmda.analysis.label_report_files import write_label_report
from mmda.analysis.source_labels import sources_of_datasets


@HOOKS.register_module()
class LabelReportHook(Hook):
    """Log the label report and write it to ``work_dir/label_report``.

    It covers the training and the validation data, which are read anyway;
    ``tools/analysis_tools/label_report.py`` covers the test data too. How many
    positives each source has for a class is saved with every checkpoint, for
    the inferencer.

    Args:
        figure (bool): Whether to draw the label availability. Defaults to
            True.
    """

    # Before the first iteration, after the checks that stop a run.
    priority = 'LOW'

    def __init__(self, figure: bool = True) -> None:
        self.figure = figure

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Write the report."""
        datasets = {'train': runner.train_dataloader.dataset}
        if runner.val_loop is not None:
            datasets['val'] = runner.val_dataloader.dataset
        try:
            report = label_report(sources_of_datasets(datasets))
        except ValueError as error:
            # Data of another kind: the report is an extra, not a condition.
            print_log(f'no label report: {error}', 'current', logging.WARNING)
            return
        runner.logger.info(f'labels\n{report_text(report)}')
        folder = Path(runner.work_dir) / 'label_report'
        write_label_report(report, folder, self.figure)
        runner.message_hub.update_info(
            'positives_per_source', positives_per_source(report)
        )
