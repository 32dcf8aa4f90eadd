"""Everything that the OpenAPI describes, asked in thousands of ways that were made from it, right ones and wrong ones.

Whatever is asked: no 5xx, a status that is documented, with the content type and the shape that are; what breaks the
schema is refused, what keeps to it is taken; every route that wants a token refuses callers without; methods that a
route does not have are answered with those that it has.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.config import (
    FuzzingPhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.main import create_app
from tests.core.small_app import plain_settings
from tests.hostile.customers import Customer
from tests.hostile.service import Service
from tests.media.photos import jpeg

# The service runs in a thread of this process and uses ``random`` there, which Hypothesis takes for the strategies'.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies"),
    pytest.mark.long(40),
]

FUZZED = 50
"""Requests a route beside those that the schema's limits ask for, which are some thirty more."""
# Where the rules go beyond what a schema can say: mail addresses, names with something to see in them, one of two
# fields, templates that exist. There a request that keeps to the schema may still be refused.
BEYOND_THE_SCHEMA = {
    "POST /api/v1/auth/email/code",
    "POST /api/v1/auth/email/verify",
    "PUT /api/v1/user/profile",
    "POST /api/v1/utils/test-email",
    "POST /api/v1/emoji/detect",
    "POST /api/v1/emoji/create",
}
# Otherwise "a valid file" would be random bytes.
schemathesis.openapi.format("binary", st.sampled_from([jpeg(), jpeg("no-face")]))
schema = schemathesis.openapi.from_dict(
    create_app(plain_settings()).openapi(),
    config=SchemathesisConfig(
        seed=20261124,
        projects=ProjectsConfig(
            default=ProjectConfig(
                base_url="http://127.0.0.1:1",
                # A stream of events ends with its task, and the tasks here are done within a second.
                request_timeout=10,
                generation=GenerationConfig(with_security_parameters=False),
                phases=PhasesConfig(fuzzing=FuzzingPhaseConfig(generation=GenerationConfig(max_examples=FUZZED))),
            )
        ),
    ),
)


@pytest.fixture(scope="module")
def resident(service: Service) -> Iterator[Customer]:
    """Somebody with points, a photo and a finished sticker."""
    with Customer(service, "device-of-the-resident", balance=1_000_000) as customer:
        yield customer.settle()


@pytest.fixture(scope="module")
def asked() -> itertools.count[int]:
    return itertools.count(1)


@pytest.fixture(autouse=True)
def told(asked: itertools.count[int], record_property: Callable[[str, object], None]) -> Iterator[None]:
    """How many requests a route got stands in the report."""
    before = next(asked)
    yield
    record_property("requests", next(asked) - before - 1)


@schema.parametrize()
def test_whatever_is_asked(
    case: schemathesis.Case[Any], service: Service, resident: Customer, asked: itertools.count[int]
) -> None:
    number = next(asked)
    if number % 2 and case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE:
        with_what_is_there(case, resident)
    headers = resident.headers
    if case.operation.label == "DELETE /api/v1/user":
        headers = service.sign_in(f"device-that-goes-{number:05}").headers
    response = case.call(base_url=service.url, headers=headers)
    unfit: list[CheckFunction] = [positive_data_acceptance] if case.operation.label in BEYOND_THE_SCHEMA else []
    case.validate_response(
        response, headers=headers, excluded_checks=unfit, transport_kwargs={"base_url": service.url, "headers": headers}
    )


def with_what_is_there(case: schemathesis.Case[Any], customer: Customer) -> None:
    """Replace made-up ids by real ones, as everything else ends at a 404."""
    if "task_id" in case.path_parameters:
        deletes = case.method.upper() == "DELETE" and case.operation.path.endswith("{task_id}")
        case.path_parameters["task_id"] = customer.order() if deletes else customer.task_id
    if case.operation.path.endswith("/media/{key}"):
        key, _, query = customer.image_url.partition("/api/v1/media/")[2].partition("?")
        case.path_parameters["key"] = key
        case.query.update(dict(part.split("=") for part in query.split("&")))
    if not isinstance(case.body, dict):
        return
    if {"photo_id", "image_url"} & case.body.keys():
        case.body.pop("image_url", None)
        case.body["photo_id"] = customer.photo_id
    if "driven_id" in case.body:
        case.body |= {"driven_id": "wink", "photo_id": customer.photo_id, "engine": None}
