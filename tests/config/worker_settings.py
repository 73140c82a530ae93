"""The product's settings with tasks whose effect and length a test decides."""

from config.settings import *  # noqa: F403
from config.settings import WAYMARK_TASKS

WAYMARK_TASKS |= {"mark": "tests.config.worker_tasks.mark", "sleep": "tests.config.worker_tasks.sleep"}
