"""Count the labels of a config's sources; ``--help`` shows the options."""

from mmda_cli import main

if __name__ == '__main__':
    main('label_report')
