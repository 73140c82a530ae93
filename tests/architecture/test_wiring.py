from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string

from config.schedules import MINUTES
from partners.access import Access, ScopedQuerySet
from tests.architecture.sources import PACKAGES, ROOT

OURS = [model for label in PACKAGES if label != "core" for model in apps.get_app_config(label).get_models()]
# Rows of guardian's own shape, which partners/access.py alone reads.
WITHOUT_SCOPE = {"PartnerUserGrant", "PartnerGroupGrant"}


@pytest.mark.parametrize("path", settings.WAYMARK_TASKS.values())
def test_what_the_queue_may_call_exists(path: str) -> None:
    assert inspect.isfunction(import_string(path))


def test_only_registered_tasks_are_scheduled() -> None:
    assert set(MINUTES) - set(settings.WAYMARK_TASKS) == set()


@pytest.mark.parametrize(
    "model", [model for model in OURS if model.__name__ not in WITHOUT_SCOPE], ids=lambda m: m.__name__
)
def test_every_model_states_who_may_see_it(model: type) -> None:
    assert isinstance(getattr(model, "access", None), Access)
    assert isinstance(model._default_manager.all(), ScopedQuerySet)  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", OURS, ids=lambda m: m.__name__)
def test_every_path_to_a_partner_leads_to_one(model: type) -> None:
    for path in getattr(model, "access", Access()).paths:
        end = model
        # "self" is the partner's own row.
        for name in path.split("__") if path != "self" else ():
            end = end._meta.get_field(name).related_model  # type: ignore[attr-defined]
        assert end.__name__ == "Partner"


def test_no_committed_file_names_a_package_index() -> None:
    index = "pypi" + ".org"
    files = [ROOT / "Makefile", ROOT / "pyproject.toml", *sorted((ROOT / "requirements").iterdir())]
    assert [str(Path(file).name) for file in files if index in file.read_text()] == []
