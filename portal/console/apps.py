from importlib import import_module

from django.contrib.admin.apps import SimpleAdminConfig


class ConsoleConfig(SimpleAdminConfig):
    """The admin with our own site and without autodiscovery: what has a room stands in `register.py`, nothing else."""

    default = False
    default_site = "portal.console.site.ConsoleSite"

    def ready(self) -> None:
        super().ready()
        import_module("portal.console.register")
