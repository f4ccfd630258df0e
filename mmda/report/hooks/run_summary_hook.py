"""A table of the result and where everything lies, at the end of a run."""

from __future__ import annotations

import math
from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmda.report import draw_auc, draw_training, metrics_table


@HOOKS.register_module()
class RunSummaryHook(Hook):
    """Show the per-class metric of the best epoch, or of a test.

    After training: a table of the best validation and the places of
    checkpoint, log and figures. After a test: the table of the test.

    Args:
        monitor (str): Metric by which the best epoch is chosen (greater is
            better). Its prefix selects the table's metrics. Defaults to
            'auc/mean'.
        figures (bool): Whether to draw figures. Defaults to True.
    """

    # After CheckpointHook, which knows the best checkpoint.
    priority = 'LOWEST'

    def __init__(
        self, monitor: str = 'auc/mean', figures: bool = True
    ) -> None:
        self.monitor = monitor
        self.prefix = monitor.rsplit('/', 1)[0]
        self.figures = figures

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Keep the metrics of the best epoch (saved with the checkpoint)."""
        score = (metrics or {}).get(self.monitor)
        if metrics is None or score is None:
            return
        best = runner.message_hub.get_info('best_metrics')
        best_score = math.nan if best is None else best[self.monitor]
        if best is None or math.isnan(best_score) or score > best_score:
            info = dict(metrics, epoch=runner.epoch)
            runner.message_hub.update_info('best_metrics', info)

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Show the table of the best epoch and the places."""
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
            draw_training(hub, self.monitor, folder / 'training.png')
            if best:
                name = f'{self.prefix}_per_class.png'
                draw_auc(best, self.prefix, folder / name)
            places['figures'] = str(folder)
        if best:
            # A loop over iterations counts no epochs.
            when = f'validation, epoch {epoch}' if epoch else 'best validation'
            self._show(runner, best, when)
        lines = [f'{key:>12}: {place}' for key, place in places.items()]
        runner.logger.info('The run lies in\n' + '\n'.join(lines))

    @master_only
    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Show the table of the test."""
        if metrics and not math.isnan(metrics.get(self.monitor, math.nan)):
            self._show(runner, metrics, 'test')

    def _show(self, runner: Runner, metrics: dict, title: str) -> None:
        table = metrics_table(metrics, self.prefix)
        runner.logger.info(f'{self.prefix} in % ({title})\n{table}')
