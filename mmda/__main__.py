"""Start a command: ``python -m mmda COMMAND``."""

from mmda_cli import main

if __name__ == '__main__':
    main()
