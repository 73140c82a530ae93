"""One of several processes that work on the same stream at once. Arguments: its number, and how many there are."""

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()

from tests.flows import stream_world  # noqa: E402 Django has to be there first

number, of = int(sys.argv[1]), int(sys.argv[2])
references = list(stream_world.SHIPMENTS)
total = len(stream_world.EVENTS)
sys.stdin.readline()
for step in range(total):
    if step % 3 == 0 and step // 3 < len(references) and (step // 3) % of == number:
        stream_world.book(references[step // 3])
    first = (step * 5 + number * 7) % total
    stream_world.report([first, (first + number + 1) % total])
    stream_world.drain()
