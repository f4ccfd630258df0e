"""Show the result of a run, and where its files are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from mmengine.dist import all_gather_object, is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmda.datasets import walk_datasets

from ..checkpoint_record import images_tested
from ..figure import save_figure
from ..run_figures import class_figure, training_figure
from ..run_summary import metrics_table


@HOOKS.register_module()
class RunSummaryHook(Hook):
    """Show the metric of each class after a training or a test.

    After a training, the log shows the best validation as a table, and the
    paths of the checkpoint, the log, the config and the figures. After a
    test, the log shows the test as a table.

    Args:
        monitor (str): Metric that selects the best epoch; greater is better.
            The table shows the metrics with the same prefix. Defaults to
            'auc/mean'.
        figures (bool): Whether to draw figures. Defaults to True.
    """

    # Before CheckpointHook saves the best checkpoint, which has the metrics
    # of its own validation.
    priority = 'LOW'

    def __init__(
        self, monitor: str = 'auc/mean', figures: bool = True
    ) -> None:
        self.monitor = monitor
        self.prefix = monitor.rsplit('/', 1)[0]
        self.figures = figures

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Keep the metrics of the best epoch; checkpoints save them.

        Args:
            runner (Runner): The runner.
            metrics (dict[str, float], optional): Metrics of the validation.
        """
        if not metrics or self.monitor not in metrics:
            return
        hub = runner.message_hub
        best = (hub.get_info('best_metrics') or {}).get(self.monitor, math.nan)
        if math.isnan(best) or metrics[self.monitor] > best:
            info = dict(metrics, epoch=runner.epoch)
            hub.update_info('best_metrics', info)

    def after_train(self, runner: Runner) -> None:
        """Show the table of the best epoch, the paths, and broken images."""
        broken: set[str] = set()
        for dataset in walk_datasets(runner.train_dataloader.dataset):
            if hasattr(dataset, 'broken_images'):
                broken.update(dataset.broken_images())
        broken = set().union(*all_gather_object(broken))
        if is_main_process():
            self._show_run(runner)
            if broken:
                lines = '\n  '.join(sorted(broken))
                runner.logger.warning(
                    f'{len(broken)} training images cannot be decoded; '
                    f'others took their place:\n  {lines}'
                )

    def _show_run(self, runner: Runner) -> None:
        hub = runner.message_hub
        best = dict(hub.get_info('best_metrics') or {})
        epoch = best.pop('epoch', None)
        places = {
            'checkpoint': hub.get_info('best_ckpt')
            or hub.get_info('last_ckpt'),
            'log': str(Path(runner.log_dir) / f'{runner.timestamp}.log'),
            'config': str(
                Path(runner.work_dir) / Path(runner.cfg.filename or '-').name
            ),
        }
        if self.figures:
            folder = Path(runner.work_dir) / 'figures'
            scalars = {k: v.data[0] for k, v in hub.log_scalars.items()}
            curves = training_figure(scalars, self.monitor)
            if curves is not None:
                save_figure(curves, folder / 'training.png')
            if best:
                figure = class_figure(best, self.prefix)
                save_figure(figure, folder / f'{self.prefix}_per_class.png')
            places['figures'] = str(folder)
        if best:
            # A loop over iterations does not count epochs.
            when = f'validation, epoch {epoch}' if epoch else 'best validation'
            self._show(runner, best, when)
        lines = [f'{key:>12}: {place}' for key, place in places.items()]
        runner.logger.info('Files of this run\n' + '\n'.join(lines))

    @master_only
    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Show the table of the test.

        Args:
            runner (Runner): The runner.
            metrics (dict[str, float], optional): Metrics of the test.
        """
        if metrics and not math.isnan(metrics.get(self.monitor, math.nan)):
            meta = runner.test_evaluator.dataset_meta or {}
            untrained = meta.get('untrained_classes', ())
            self._show(runner, metrics, images_tested(runner.cfg), untrained)

    def _show(
        self,
        runner: Runner,
        metrics: dict,
        title: str,
        untrained: Sequence[str] = (),
    ) -> None:
        table = metrics_table(metrics, self.prefix, untrained)
        runner.logger.info(f'{self.prefix} in % ({title})\n{table}')
