"""Report the labels before the training starts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import DATASETS, HOOKS
from mmengine.runner import Runner

from ..label_report import label_report, positives_per_source
from ..label_report_files import report_text, write_label_report
from ..leaks import equal_files
from ..source_labels import sources_of_datasets


@HOOKS.register_module()
class LabelReportHook(Hook):
    """Log the label report, and write it to ``work_dir/label_report``.

    The report covers the training, validation and test data, so it finds
    images and patients that are in two of them. If the test data cannot be
    read, a warning says so, and the report leaves them out. Every checkpoint
    holds the number of positives of each class and source, for the
    inferencer.

    Args:
        figure (bool): Whether to draw which source annotates which class.
            Defaults to True.
        hash_seconds (float): Time limit for comparing image files by content.
            The command ``label_report.py --hash`` compares all files.
            Defaults to 3.
        max_maps (int): Number of label maps to read of each source. Defaults
            to 200.
    """

    # Before the first iteration, but after the checks that stop a run.
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
        self.report: dict | None = None

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Log and write the report.

        Args:
            runner (Runner): The runner.
        """
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
            # Data without labels may still train: do not stop the run.
            print_log(f'no label report: {error}', 'current', logging.WARNING)
            return
        self.report = report
        runner.logger.info(f'labels\n{report_text(report)}')
        folder = Path(runner.work_dir) / 'label_report'
        write_label_report(report, folder, self.figure)
        runner.message_hub.update_info(
            'positives_per_source', positives_per_source(report)
        )


def _test_dataset(runner: Runner) -> Any:
    """Build the test data of the config; None if there are none."""
    node = (runner.cfg.get('test_dataloader') or {}).get('dataset')
    if node is None:
        return None
    try:
        dataset = DATASETS.build(node)
        dataset.full_init()  # the config may ask for lazy_init
        return dataset
    except Exception as error:
        # A training needs no test data, and hosts raise errors of any type.
        print_log(
            f'the label report leaves out the test data: {error}',
            'current',
            logging.WARNING,
        )
        return None
