"""The main job for real: `python -m tests.demo`, which `make demo` calls.

    stage      a private Asterisk, two phones, announcements with a company's name in them, the daemon as a process
    plays      what the people do: six calls side by side, and a text each way
    hearing    what each of them heard, measured by its sound
    accounts   what became of each call by `callguard calls`, compared with what was promised
    texts      who wrote to whom, and the search for what was written
    sweeping   seven months later
    telling    all of it on the terminal, or in a file or a pipe
    keeping    with --keep: how to call in with a softphone

Nothing is staged on paper: every figure is measured in this very run, and the verdict names each promise that was not kept.
"""
