"""From the last sample of a recording to its deletion.

    FileRecording ─► filing (thread) ─► closed? wav ─► size, SHA-256, fault ─► tag ─► RecordingFiled
                                             │
    schedule ─► sweep: due rows, page by page ─► files.inspect ─► rules.judge ─► verdict ─► files.delete ─► row

`rules` decides and imports nothing but the standard library; `files` is the only module of callguard that removes a file; every path
below the recordings root is walked by `paths`, which follows no symbolic link.
"""
