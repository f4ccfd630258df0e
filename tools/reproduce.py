"""Run a table of the paper over seeds; ``--help`` shows the options."""

if __name__ == '__main__':
    from reproduction.command import main

    main()
