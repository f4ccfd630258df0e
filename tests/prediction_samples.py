"""Write predictions as `mmda test --out` does."""

from mmda.report.prediction_files import DumpPredictions


def write_samples(path, samples, run=None, **metainfo):
    """Write samples with a run and with metainfo, and return the path."""
    metric = DumpPredictions(str(path), run or {})
    metric.dataset_meta = metainfo
    metric.process({}, samples)
    metric.evaluate(len(samples))
    return str(path)
