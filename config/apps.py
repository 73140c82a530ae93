from django.apps import AppConfig


class Wiring(AppConfig):
    name = "config"
    default_auto_field = "django.db.models.BigAutoField"
