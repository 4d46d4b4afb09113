"""Taking rows and files out of an installation and into another: one business, or everything.

`container` is the file (a zip of JSON lines, with a manifest and checksums), `rows` how a row is written and read on
either database, `businesses` and `instances` what travels.
"""
