"""The command line: one short function a command, one module a noun.

    app         the commands and the options before them (`--config`, `--version`)
    failing     errors → stderr and an exit status
    streams     what a command is handed: its arguments, and the three standard streams
    output      JSON documents and tables → stdout
    writing     times, periods and counts as they are typed
    meant       whom a number on the command line means
    report      what is said of each of many while a command goes through them, and at its end
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

import signal


def main() -> int:
    """Run the command that the arguments name; the exit status. Ctrl-C ends it without a word while its modules are still loading."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # somebody else's, or ignored behind `nohup`
        return _run()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    import callguard.cli.app  # noqa: F401 - what takes the time

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return _run()


def _run() -> int:
    from callguard.cli.app import run_named

    return run_named()
