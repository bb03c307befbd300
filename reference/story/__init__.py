"""The story, replayed in a real browser against running programs: as it was in 2017, and with atesaki.

Promise:    Every figure and picture of `docs/story/` comes from the run that wrote it.
Never:      Calls a view or reads a database in place of what a person would see; sends anything off this machine.
On failure: The programs are ended, their logs are named, and `docs/story/` stays as it was.
Read first: `play`, then `report`.
"""
