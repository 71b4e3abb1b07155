"""The command line: one short function a command, one module a noun.

    app         the commands and the options before them (`--config`, `--version`)
    failing     errors → stderr and an exit status
    output      JSON documents and tables → stdout
    writing     times and periods as they are typed
    progress    a bar on a terminal
    undertaking what is done to many recordings, one line each
    session     settings and database of a command
    run, check, status, calls, show, recordings, keys, seal, sweep, retag, retention, hold, importing, announcements, ledger

What a command says goes to stdout, and it is either text or, with `--json`, one JSON document; everything else goes to stderr. Exit
statuses: 0 done, 1 error, 2 usage or configuration, 3 done in part (which, is printed), 4 refused by a guard.

A command is often one of many in a script, so what it does not need is not loaded: modules here import at their top only what is light,
and the command functions import the rest when they run. That is the one reason for the imports inside functions in this package.

Numbers are shown in full: whoever may run the commands may read the database.
"""

from callguard.cli.app import main

__all__ = ["main"]
