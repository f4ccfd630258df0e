"""Report the labels beside the first iterations of a training."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import DATASETS, HOOKS
from mmengine.runner import Runner

from mmda.engine.hooks.keep_old_classes_hook import KeepOldClassesHook

from ..label_report import (
    label_report,
    positives_per_source,
    sampled_sources,
)
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

    A thread makes the report beside the first iterations. No warning in it
    stops the training: what must stop one is checked where the data are read,
    or by :class:`~mmda.engine.CheckLabelSpaceHook`. The hook waits for the
    report before the last batch of the data, and before each validation, epoch
    and checkpoint. An interrupted program waits for it too. An error, such as
    of a full disk, ends the training.

    Args:
        figure (bool): Whether to draw which source annotates which class.
            Defaults to True.
        hash_seconds (float): Time limit for comparing image files by content.
            The command ``label_report.py --hash`` compares all files.
            Defaults to 3.
        max_maps (int): Number of label maps to read of each source. Defaults
            to 200.
    """

    # Before the hooks that save a checkpoint and show the report.
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
        self._datasets: dict[str, Any] = {}  # of a report that has not begun
        self._work: Future | None = None

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Collect the datasets, which may draw random numbers."""
        self._datasets = {'train': runner.train_dataloader.dataset}
        if runner.val_loop is not None:
            self._datasets['val'] = runner.val_dataloader.dataset
        test = _test_dataset(runner)
        if test is not None:
            self._datasets['test'] = test

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Begin the report, and take note when it has ended.

        Args:
            runner (Runner): The runner.
            batch_idx (int): The number of the iteration, from 0.
            data_batch (Any): Not used.
        """
        # The workers of the training data have started by now. A worker that
        # starts while another thread works may find a lock closed for ever.
        if self._datasets:
            self._begin(runner)
        if self._work is None:
            return
        # A loop of iterations starts new workers after the last batch.
        is_last = (batch_idx + 1) % len(runner.train_dataloader) == 0
        if is_last or self._work.done():
            self._finish(runner)

    def before_train_epoch(self, runner: Runner) -> None:
        """Wait for the report, since new workers may start."""
        self._finish(runner)

    before_val_epoch = before_train_epoch

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put the number of positives into the first checkpoint."""
        if self._work is not None:
            self._finish(runner)
            if self.report is not None:
                saved = checkpoint['message_hub']
                for key, value in _facts(self.report, runner).items():
                    saved['resumed_keys'][key] = True
                    saved['runtime_info'][key] = value

    def after_train(self, runner: Runner) -> None:
        """Wait for the report; make it if there was no iteration."""
        if self._datasets:
            self._begin(runner)
        self._finish(runner)

    def _begin(self, runner: Runner) -> None:
        # The interpreter waits for such a thread before it ends.
        pool = ThreadPoolExecutor(1, 'label_report')
        self._work = pool.submit(self._write, runner, self._datasets)
        self._datasets = {}
        pool.shutdown(wait=False)

    def _finish(self, runner: Runner) -> None:
        """Wait for a report that has begun, and take it over."""
        if self._work is None:
            return
        work, self._work = self._work, None
        self.report = work.result()
        if self.report is not None:
            for key, value in _facts(self.report, runner).items():
                runner.message_hub.update_info(key, value)

    def _write(self, runner: Runner, datasets: dict[str, Any]) -> dict | None:
        """Make, log and write the report."""
        try:
            sources = sources_of_datasets(datasets, self.max_maps)
            content = equal_files(sources, self.hash_seconds)
            report = label_report(sources, content)
        except ValueError as error:
            # Data without labels may still train: do not stop the run.
            print_log(f'no label report: {error}', 'current', logging.WARNING)
            return None
        folder = Path(runner.work_dir) / 'label_report'
        text = report_text(report)
        runner.logger.info(f'labels\n{text}')
        write_label_report(report, text, folder, self.figure)
        return report


def earlier_labels(runner: Runner) -> tuple[dict[str, dict[str, int]], list]:
    """Return what trained the classes of an old model, if there is one.

    Args:
        runner (Runner): The runner.

    Returns:
        tuple[dict, list]: Class -> source -> positives, and the sources of
        which only some label maps were counted.
    """
    for hook in runner.hooks:
        if isinstance(hook, KeepOldClassesHook):
            return hook.positives, hook.sampled
    return {}, []


def _facts(report: dict, runner: Runner) -> dict[str, Any]:
    """Return what a checkpoint holds of the report."""
    positives, sampled = earlier_labels(runner)
    return dict(
        positives_per_source=positives_per_source(report, positives),
        sampled_sources=[*sampled, *sampled_sources(report)],
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
