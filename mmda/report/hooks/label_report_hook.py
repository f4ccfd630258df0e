"""Say which labels there are before the training starts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import DATASETS, HOOKS
from mmengine.runner import Runner

from mmda.report.label_report import (
    label_report,
    positives_per_source,
)
from mmda.report.label_report_files import report_text, write_label_report
from mmda.report.leaks import equal_files
from mmda.report.source_labels import sources_of_datasets


@HOOKS.register_module()
class LabelReportHook(Hook):
    """Log the label report and write it to ``work_dir/label_report``.

    It covers the training, the validation and the test data, so that an image
    or a patient in two of them is seen before the training; test data that
    cannot be read are left out with a warning. How many positives each source
    has for a class is saved with every checkpoint, for the inferencer.

    Args:
        figure (bool): Whether to draw the label availability. Defaults to
            True.
        hash_seconds (float): How long image files are compared by content;
            ``label_report.py --hash`` compares all. Defaults to 3.
        max_maps (int): Label maps of each source that are read. Defaults to
            200.
    """

    # Before the first iteration, after the checks that stop a run.
    priority = 'LOW'

    def __init__(
        self,
        figure: bool = True,
        hash_seconds: float = 3.0,
        max_maps: int = 200,
    ) -> None:
        self.figure = figure
        self.hash_seconds = hash_seconds
        self.max_maps = max_maps

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Write the report."""
        datasets = {'train': runner.train_dataloader.dataset}
        if runner.val_loop is not None:
            datasets['val'] = runner.val_dataloader.dataset
        test = _test_dataset(runner)
        if test is not None:
            datasets['test'] = test
        try:
            sources = sources_of_datasets(datasets, self.max_maps)
            content = equal_files(sources, self.hash_seconds, show=True)
            report = label_report(sources, content)
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


def _test_dataset(runner: Runner) -> Any:
    """Build the test data of the config, where there are any."""
    node = (runner.cfg.get('test_dataloader') or {}).get('dataset')
    if node is None:
        return None
    try:
        dataset = DATASETS.build(node)
        dataset.full_init()  # it may be lazy
        return dataset
    except Exception as error:
        # Training does not need them; the hosts raise all kinds of errors.
        print_log(
            f'the label report leaves out the test data: {error}',
            'current',
            logging.WARNING,
        )
        return None
