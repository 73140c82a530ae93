"""The product's settings on a throw-away server, with a fast password hasher and files served as they lie."""

import os
from pathlib import Path

from config.postgres import FORGETFUL, Server

if not os.environ.get("DATABASE_URL"):
    _server = Server(
        Path(__file__).resolve().parent.parent / "var" / "postgres-test", (*FORGETFUL, "max_connections=300")
    )
    _server.hold()
    os.environ["DATABASE_URL"] = _server.url()

from config.settings import *  # noqa: F403 the server has to be there first
from config.settings import DATABASES, STORAGES

DATABASES["default"]["TEST"] = {"NAME": "_".join(filter(None, ["test_waymark", os.environ.get("WAYMARK_TEST_SUFFIX")]))}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Counts failed logins by request; tests log in without one. The tests of the lockout switch it on.
AXES_ENABLED = False
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
