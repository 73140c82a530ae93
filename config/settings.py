"""Every setting, from the environment (docs/operations.md lists the variables). A wrong value stops the start."""

from __future__ import annotations

import gc
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from config import database, environment
from config.security import STRICT

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = environment.folder("WAYMARK_VAR", BASE_DIR / "var")

# --- The process -----------------------------------------------------------------------------------------------------
DEBUG = environment.flag("DEBUG")
PORT = environment.integer("PORT", 8000, least=1, most=65_535)
ROLE = environment.choice("WAYMARK_ROLE", "command", database.ROLES)
if ROLE == "worker":
    # A batch is many small objects without cycles: looking for some after every 700 takes a fifth of a worker's time,
    # after every 50,000 (of which a batch of 500 shipments has several) still a tenth.
    gc.set_threshold(200_000, 20, 100)
SECRET_KEY = environment.secret("SECRET_KEY", VAR / "secret_key")
SECRET_KEY_FALLBACKS = environment.listed("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = environment.listed("WAYMARK_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = environment.listed("WAYMARK_ORIGINS", [])
# The address in links that leave the house (mails, share links).
WAYMARK_URL = environment.text("WAYMARK_URL", f"http://127.0.0.1:{PORT}")
# Bytes: the largest message that is stored, and the largest that a worker parses.
WAYMARK_MESSAGE_LIMIT = environment.integer("WAYMARK_MESSAGE_LIMIT", 64 << 20, least=1 << 10, most=1 << 30)
WAYMARK_PARSE_LIMIT = environment.integer("WAYMARK_PARSE_LIMIT", 20 << 20, least=1 << 10, most=1 << 30)
# Address space of the process that reads one large or packed message.
WAYMARK_PARSE_MEMORY = environment.integer("WAYMARK_PARSE_MEMORY", 512 << 20, least=128 << 20, most=8 << 30)
# The largest document of a shipment.
WAYMARK_DOCUMENT_BYTES = environment.integer("WAYMARK_DOCUMENT_BYTES", 10 << 20, least=1 << 10, most=256 << 20)
DATA_UPLOAD_MAX_MEMORY_SIZE = WAYMARK_MESSAGE_LIMIT
# A grid of dates has 200 rows and 20 columns, a field each.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
# Requests of one caller of the API in a minute.
WAYMARK_RATE_LIMIT = environment.integer("WAYMARK_RATE_LIMIT", 1200, least=1, most=1_000_000)
# Hosts of connections that may lie inside the house, and be asked without TLS: their exact names or addresses.
WAYMARK_INTERNAL_HOSTS = environment.listed("WAYMARK_INTERNAL_HOSTS", [])
# Where the folders that a connection watches may lie, and nowhere else.
WAYMARK_FOLDERS = [Path(folder) for folder in environment.listed("WAYMARK_FOLDERS", [str(VAR / "drop")])]
# Seconds after which a file that a worker claimed, and did not finish, is anybody's again.
WAYMARK_CLAIM_SECONDS = environment.integer("WAYMARK_CLAIM_SECONDS", 300, least=1, most=86_400)
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

INSTALLED_APPS = [
    "partners",
    "shipments",
    "milestones",
    "billing",
    "portal",
    "config.apps.Wiring",
    "unfold.apps.BasicAppConfig",
    "portal.console.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "guardian",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.security.PolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- The database ----------------------------------------------------------------------------------------------------
DATABASES = {"default": database.settings_for(ROLE, VAR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People and keys -------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "partners.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/portal/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/portal/login/"
# Guardian would create a user for visitors without a login, and methods on User that go round partners/access.py.
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "portal.pages.account.lockout_name"
AXES_LOCKOUT_CALLABLE = "portal.pages.account.locked"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- Browsers --------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {"DIRECTIVES": STRICT}
# On the loopback address there is no TLS; a server sets WAYMARK_HTTPS=1, also when a proxy ends TLS before it.
HTTPS = environment.flag("WAYMARK_HTTPS")
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# Health is asked for by machines inside, which speak plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if environment.flag("WAYMARK_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

STATIC_URL = "/static/"
STATIC_ROOT = environment.folder("WAYMARK_STATIC", VAR / "static")
MEDIA_ROOT = VAR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static_files.HashedFiles"},
}

# --- Languages and time ----------------------------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("zh-hans", _("Simplified Chinese")),
    ("de", _("German")),
    ("es", _("Spanish")),
    ("ar", _("Arabic")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- The API ---------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    # Who may come in is stated by portal/api/base.py; a view that is not built on it knows and serves nobody.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.closed.Closed"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.parsing.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "portal.api.schema.DoorSchema",
    "EXCEPTION_HANDLER": "portal.api.errors.problem_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Waymark",
    "DESCRIPTION": "Shipments, milestones, exceptions and billing for partners and integrators.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # Vocabularies whose field names would not tell them apart.
    "ENUM_NAME_OVERRIDES": {
        "MessageState": "shipments.enums.MessageState",
        "ReferenceType": "shipments.enums.ReferenceType",
        "ShipmentType": "shipments.enums.ShipmentType",
        "ShipmentService": "shipments.enums.Service",
        "DocumentType": "shipments.enums.DocumentType",
        "DocumentAudience": "shipments.enums.DocumentAudience",
        "PartyRole": "shipments.enums.PartyRole",
        "UnitKind": "shipments.enums.UnitKind",
        "EventState": "portal.api.events.STATES",
        "CaseState": "milestones.enums.CaseState",
        "EtaKind": "milestones.enums.EtaKind",
        "ExceptionKind": "milestones.enums.ExceptionKind",
        "MilestoneState": "milestones.enums.MilestoneState",
        "TaskState": "milestones.enums.TaskState",
        "TemplateState": "milestones.enums.TemplateState",
        "WorkRole": "milestones.enums.WorkRole",
        "ChargeState": "billing.enums.ChargeState",
        "DocumentKind": "billing.enums.DocumentKind",
        "InvoiceState": "billing.enums.InvoiceState",
    },
}

# --- The console: what it shows stands in portal/console, Unfold imports it when it is first asked for ---------------
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Waymark",
    "SITE_HEADER": "Waymark",
    "SITE_SUBHEADER": _("Console"),
    "SITE_SYMBOL": "route",
    "SITE_URL": "/portal/",
    "SHOW_LANGUAGES": True,
    "STYLES": ["portal.console.nav.shapes", "portal.console.nav.stylesheet"],
    "SCRIPTS": ["portal.console.nav.script"],
    "COLORS": {"primary": "portal.console.nav.primary_colours"},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": "portal.console.nav.sidebar"},
}

# --- Mail ------------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = environment.text("WAYMARK_MAIL_FROM", "waymark@localhost")
globals().update(environment.mail("EMAIL_URL", VAR / "outbox"))

# --- Work behind the scenes ------------------------------------------------------------------------------------------
# The only things the queue can run, by the name that stands in its rows.
WAYMARK_TASKS = {
    "advance": "config.tasks.advance",
    "sweep_waiting": "config.tasks.sweep_waiting",
    "beat": "config.tasks.beat",
    "work_jobs": "config.tasks.work_jobs",
    "collect_due": "config.tasks.collect_due",
    "watch_sources": "config.tasks.watch_sources",
    "refresh_foresight": "config.tasks.refresh_foresight",
}
# Long work that people ask for: its kind → the step that does a piece of it (partners.services.jobs).
WAYMARK_JOBS: dict[str, str] = {
    "place_events": "shipments.services.placing.work_place_events",
    "match_again": "shipments.services.giving_way.work_match_again",
    "check_upload": "shipments.services.checking.check_step",
    "undo_upload": "shipments.services.undoing.undo_step",
    "reprocess_preview": "shipments.services.reprocessing.preview",
    "reprocess_apply": "shipments.services.reprocessing.apply",
    "wake_for_rule": "milestones.services.rule_waking.work_wake_for_rule",
    "backtest_rule": "milestones.services.backtesting.work_backtest_rule",
    "preview_upgrade": "milestones.services.upgrade_sets.preview_step",
    "apply_upgrade": "milestones.services.upgrades.apply_step",
    "undo_upgrade": "milestones.services.upgrades.undo_step",
    "weigh_again": "milestones.services.policies.weigh_again",
}
# The name of the workers that one supervisor keeps alive: one a host, and one a port where several run on one.
WAYMARK_CLUSTER = environment.text("WAYMARK_CLUSTER", f"{socket.gethostname()}:{PORT}")
_TASK_SECONDS = 60
_WORKERS = environment.integer("WAYMARK_WORKERS", 2, least=1, most=64)
_PREFETCHED = 2
# How many connections are looked into at once: a host that does not answer holds a worker, and one is to stay free.
WAYMARK_COLLECTORS = environment.integer("WAYMARK_COLLECTORS", max(1, _WORKERS - 1), least=1, most=64)
Q_CLUSTER: dict[str, Any] = {
    "name": "waymark",
    # The same database as the rows: what is enqueued commits and rolls back with them.
    "orm": "default",
    "broker_class": "core.broker.SkipLockedBroker",
    "workers": _WORKERS,
    "queue_limit": _PREFETCHED,
    "bulk": 1,
    "timeout": _TASK_SECONDS,
    # A row is handed out again after this: later than the longest wait in memory plus the longest run, because the
    # count begins when the row is taken, not when the task starts.
    "retry": _TASK_SECONDS * (1 + -(-(_PREFETCHED + 1) // _WORKERS)) + 30,
    # Attempts are counted in the rows the task works on; the queue itself never repeats a failure.
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "poll": 0.2,
    "guard_cycle": 1,
    # A worker that leaves by itself looks like one that was killed, and the supervisor restarts all of them.
    "recycle": 1_000_000,
    "log_level": "WARNING",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "config.log_lines.JsonLines"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": environment.choice("WAYMARK_LOG", "plain", ["plain", "json"]),
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "waymark": {"level": "INFO"},
        "django-q": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
    },
}
