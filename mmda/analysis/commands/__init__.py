"""What stands behind the tools in ``tools/analysis_tools``."""
