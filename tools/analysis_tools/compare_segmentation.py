"""Draw two segmentors side by side; ``--help`` shows the options."""

from mmda_cli import main

if __name__ == '__main__':
    main('compare_segmentation')
