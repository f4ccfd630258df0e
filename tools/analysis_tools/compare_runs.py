"""Compare two models on the same images; ``--help`` shows the options."""

from mmda_cli import main

if __name__ == '__main__':
    main('compare_runs')
