"""Write one page about a training or a test, and a model card."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmda.engine.hooks.check_label_space_hook import inner_model
from mmda.engine.resumable_fsdp_strategy import is_sharded

from ..checkpoint_record import images_tested
from ..collect_facts import (
    Evaluation,
    add_relations,
    collect_facts,
    weights_of,
)
from ..image_answers import ImageAnswer, ImageAnswers
from ..label_report import label_report, positives_per_source
from ..run_facts import RunFacts, read_labels
from ..source_labels import sources_of_datasets
from .label_report_hook import LabelReportHook, earlier_labels

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


@HOOKS.register_module()
class RunReportHook(Hook):
    """Write ``report.html`` and ``model_card.md`` into the work directory.

    Both are written at the end of a training, and again at the end of a test.
    After a training they show the validation of the best checkpoint
    (``save_best``), if it was kept, otherwise the last one. The page needs no
    other file and no network.

    Args:
        monitor (str): The main metric, which stands at the top. Defaults to
            'auc/mean'.
        num_classes (int): Number of classes, the worst first, whose most
            wrong images are shown. Defaults to 5.
        num_images (int): Number of images of each of these classes. Defaults
            to 3.
        seconds (float): Time for activation maps. Defaults to 20.
        max_maps (int): Number of label maps to read of each source if the
            run has no ``LabelReportHook``. Defaults to 20.
    """

    # After the hooks that save checkpoints and show the table.
    priority = 'LOWEST'

    def __init__(
        self,
        monitor: str = 'auc/mean',
        num_classes: int = 5,
        num_images: int = 3,
        seconds: float = 20.0,
        max_maps: int = 20,
    ) -> None:
        self.monitor = monitor
        self.num_classes = num_classes
        self.num_images = num_images
        self.seconds = seconds
        self.max_maps = max_maps
        self._answers: ImageAnswers | None = None
        self._best: Evaluation | None = None
        self._last: Evaluation | None = None
        self._best_ckpt: str | None = None
        self._loaded: Mapping[str, Any] = {}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the history of the training for the page of a test."""
        self._loaded = checkpoint.get('message_hub') or {}

    def before_train(self, runner: Runner) -> None:
        """Start with the best checkpoint before a resume, if there is one."""
        self._best_ckpt = runner.message_hub.get_info('best_ckpt')
        self._loaded = {}  # a test after this training shows this training

    def before_val_epoch(self, runner: Runner) -> None:
        """Start to collect the answers about validation images."""
        self._answers = _start(runner.val_dataloader.dataset)

    def before_test_epoch(self, runner: Runner) -> None:
        """Start to collect the answers about test images."""
        self._answers = _start(runner.test_dataloader.dataset)

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Keep the answers of a batch."""
        if self._answers is not None:
            with _no_harm(runner):
                self._answers.add(outputs or ())
                return
            self._answers = None  # part of the answers would mislead

    after_test_iter = after_val_iter

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Keep the validation of the best checkpoint, and the last one.

        Args:
            runner (Runner): The runner.
            metrics (dict[str, float], optional): Metrics of the validation.
        """
        # A loop over iterations does not count epochs.
        epoch, iteration = runner.epoch, runner.iter
        done = f'epoch {epoch}' if epoch else f'iteration {iteration}'
        self._last = self._evaluation(
            f'validation, {done}', metrics, runner.val_loop
        )
        best = runner.message_hub.get_info('best_ckpt')
        if best != self._best_ckpt:
            self._best, self._best_ckpt = self._last, best

    def after_train(self, runner: Runner) -> None:
        """Write page and card of a training."""
        hub = runner.message_hub
        best = hub.get_info('best_ckpt')
        if best is None or not Path(best).is_file():
            best = None
        evaluation = self._last if best is None else self._best or self._last
        rows = [] if evaluation is None else _rows(runner, evaluation)
        if not is_main_process():
            return
        with _no_harm(runner):
            facts = collect_facts(
                runner,
                'training',
                self.monitor,
                _history(runner),
                best or hub.get_info('last_ckpt'),
                evaluation,
                rows,
            )
            if best is not None and evaluation is self._last is not self._best:
                facts.notes.append(
                    'This is the last validation. The best one came before '
                    'the training was resumed'
                )
            self._count_labels(runner, facts)
            self._write(runner, facts, evaluation, rows, best)

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Write page and card of a test.

        Args:
            runner (Runner): The runner.
            metrics (dict[str, float], optional): Metrics of the test.
        """
        evaluation = self._evaluation(
            images_tested(runner.cfg), metrics, runner.test_loop
        )
        rows = _rows(runner, evaluation)
        if not is_main_process():
            return
        with _no_harm(runner):
            path = str(runner._load_from) if runner._load_from else None
            facts = collect_facts(
                runner,
                'test',
                self.monitor,
                self._loaded or _history(runner),
                path,
                evaluation,
                rows,
            )
            folders = [Path(path).parent] if path else []
            read_labels(facts, [*folders, Path(runner.work_dir)])
            self._write(runner, facts, evaluation, rows, None)

    def _evaluation(
        self, when: str, metrics: dict[str, float] | None, loop: Any
    ) -> Evaluation:
        loader, dataset = loop.dataloader, loop.dataloader.dataset
        meta = loop.evaluator.dataset_meta or getattr(dataset, 'metainfo', {})
        answers = self._answers or ImageAnswers(0)
        return Evaluation(
            when,
            dict(metrics or {}),
            answers,
            dataset,
            # The sampler of a validation gives the same order again.
            list(islice(loader.sampler, len(answers.rows))),
            meta or {},
        )

    def _count_labels(self, runner: Runner, facts: RunFacts) -> None:
        """Take the label report of this run, or count a sample."""
        for hook in runner.hooks:
            if isinstance(hook, LabelReportHook) and hook.report is not None:
                facts.labels = hook.report
                return
        datasets = {'train': runner.train_dataloader.dataset}
        if runner.val_loop is not None:
            datasets['val'] = runner.val_dataloader.dataset
        try:
            sources = sources_of_datasets(datasets, self.max_maps)
            facts.labels = label_report(sources)
            positives, sampled = earlier_labels(runner)
            facts.positives = positives_per_source(facts.labels, positives)
            facts.sampled = tuple(sampled)
        except Exception as error:
            # Data without labels may still train, and raise any kind.
            facts.notes.append(f'no label report: {error}')

    def _write(
        self,
        runner: Runner,
        facts: RunFacts,
        evaluation: Evaluation | None,
        rows: Sequence[ImageAnswer],
        weights: str | None,
    ) -> None:
        from ..run_page import write_page
        from ..run_summary import split_metrics
        from ..wrong_images import draw_wrong_images, most_wrong

        model = inner_model(runner.model)
        values, _ = split_metrics(facts.metrics, facts.prefix)
        trained = {
            name: value
            for name, value in values.items()
            if name not in facts.never_trained
        }
        chosen = most_wrong(
            rows, facts.classes, trained, self.num_classes, self.num_images
        )
        if is_sharded(runner.model):
            facts.notes.append(
                'Each process holds a part of the weights, so this page shows '
                'no images and no similarity of the classes. `mmda test` '
                'writes a page with both'
            )
        else:
            with weights_of(model, weights):
                add_relations(facts, model)
                if evaluation is not None:
                    facts.wrong, notes = draw_wrong_images(
                        chosen,
                        facts.classes,
                        evaluation.dataset,
                        model,
                        self.seconds,
                    )
                    facts.notes += notes
        page, card = write_page(facts, runner.work_dir)
        runner.logger.info(f'report: {page}, model card: {card}')


def _history(runner: Runner) -> dict[str, Any]:
    hub = runner.message_hub
    return dict(log_scalars=hub.log_scalars, runtime_info=hub.runtime_info)


def _rows(runner: Runner, evaluation: Evaluation) -> list[ImageAnswer]:
    with _no_harm(runner):
        return evaluation.rows()
    return []


def _start(dataset: Any) -> ImageAnswers:
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes') or ()
    return ImageAnswers(len(classes))


@contextmanager
def _no_harm(runner: Runner) -> Iterator[None]:
    """Log an error of a report: the run itself has gone well.

    A disk that cannot be written stays an error.
    """
    try:
        yield
    except Exception as error:
        # Data, pipeline and model are the user's, and raise any kind.
        if isinstance(error, OSError) and error.errno in _DISK:
            raise
        runner.logger.warning(f'no report: {error}', exc_info=True)
