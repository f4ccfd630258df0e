"""Write resized copies of images; ``--help`` shows the options."""

from mmda_cli import main

if __name__ == '__main__':
    main('resize')
